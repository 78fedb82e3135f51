"""What is sent: outputs and causes as JSON within Step Functions' limits."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from cirrus_callbacks_plugin.protocol.answer import (
    MAX_CAUSE_BYTES,
    Answer,
    Answerer,
    answer_of,
    cause,
    refusal_of,
)
from cirrus_callbacks_plugin.protocol.rules import cut
from cirrus_callbacks_plugin.waits.row import Wait
from support.aws_calls import aws_error
from support.logged_steps import lines

BASE = {"payload_id": "c/workflow-w/i", "workflow_state": "FAILED", "execution_arn": "arn"}


def ascii_name(text: str) -> str:
    """A test's name: what the text is made of, and how much of it."""
    return f"{text[:4]!a}-{len(text)}"


@pytest.mark.parametrize("state", ["SUCCEEDED", "COMPLETED"])
def test_a_success_leaves_unknown_keys_out(state: str) -> None:
    """Both spellings of success; what is not known has no key."""
    answer = answer_of(Wait("p", "t", workflow_state=state))
    assert answer == Answer(None, f'{{"payload_id":"p","workflow_state":"{state}"}}')


@pytest.mark.parametrize(
    ("state", "answer_error", "name"),
    [
        ("FAILED", None, "CirrusCallback.Failed"),
        ("ABORTED", None, "CirrusCallback.Aborted"),
        ("INVALID", None, "CirrusCallback.Invalid"),
        ("INVALID", "CirrusCallback.InvalidPayload", "CirrusCallback.InvalidPayload"),
        ("PROCESSING", "CirrusCallback.NeverStarted", "CirrusCallback.NeverStarted"),
        ("SUCCEEDED", "CirrusCallback.Cancelled", "CirrusCallback.Cancelled"),
        ("STRANGE", None, "CirrusCallback.Failed"),
    ],
)
def test_a_failure_is_named_by_state_or_by_its_own_error(
    state: str,
    answer_error: str | None,
    name: str,
) -> None:
    """The row's own error outranks the one that follows from its state."""
    answer = answer_of(Wait("p", "t", workflow_state=state, answer_error=answer_error, error="E"))
    assert answer.error == name
    told = {"payload_id": "p", "workflow_state": state, "error": "E", "errorMessage": "E"}
    assert json.loads(answer.body) == told


@pytest.mark.parametrize(
    ("state", "answer_error", "says"),
    [
        ("FAILED", None, "the run failed"),
        ("ABORTED", None, "the run was aborted"),
        ("INVALID", None, "refused its input"),
        ("INVALID", "CirrusCallback.InvalidPayload", "cannot accept"),
        ("PROCESSING", "CirrusCallback.NeverStarted", "no run"),
        ("PROCESSING", "CirrusCallback.Cancelled", "cancelled"),
        ("PROCESSING", "CirrusCallback.OfTomorrow", "nothing tells why"),
    ],
)
@pytest.mark.parametrize("error", [None, ""])
def test_a_cause_always_says_something(
    state: str,
    answer_error: str | None,
    says: str,
    error: str | None,
) -> None:
    """A bare Fail, or an abortion, leaves no text: the same two keys are there all the same."""
    row = Wait("p", "t", workflow_state=state, answer_error=answer_error, error=error)
    told = json.loads(answer_of(row).body)
    assert says in told["error"]
    assert told["errorMessage"] == told["error"]


def test_a_success_tells_what_is_known() -> None:
    """The contract's four keys; no error, whatever the row holds."""
    row = Wait(
        "p",
        "t",
        workflow_state="SUCCEEDED",
        execution_arn="arn",
        output_payload_url="s3://b/k",
        error="E",
    )
    answer = answer_of(row)
    assert answer.error is None
    assert json.loads(answer.body) == {
        "payload_id": "p",
        "workflow_state": "SUCCEEDED",
        "execution_arn": "arn",
        "output_payload_url": "s3://b/k",
    }


def test_a_failure_tells_which_run_failed_and_why() -> None:
    """The contract's five keys; a failure has no output."""
    row = Wait(
        "p",
        "t",
        workflow_state="FAILED",
        execution_arn="arn",
        output_payload_url="s3://b/k",
        error="E",
    )
    assert json.loads(answer_of(row).body) == {
        "payload_id": "p",
        "workflow_state": "FAILED",
        "execution_arn": "arn",
        "error": "E",
        "errorMessage": "E",
    }


def test_an_errors_name_is_as_long_as_step_functions_takes_it() -> None:
    """256 characters: a longer one would be refused each time."""
    answer = answer_of(Wait("p", "t", workflow_state="PROCESSING", answer_error="x" * 257))
    assert answer.error == "x" * 256


def test_a_refusal_tells_what_is_known_of_the_payload() -> None:
    """Its state and run, where the row was settled when it was registered."""
    row = Wait("p", "t", workflow="w", workflow_state="SUCCEEDED", execution_arn="arn")
    body = json.loads(refusal_of(row).body)
    assert body["error"] == body.pop("errorMessage")
    assert body.pop("error").startswith("callbacks are not enabled for the workflow 'w'")
    assert body == {"payload_id": "p", "workflow_state": "SUCCEEDED", "execution_arn": "arn"}


def test_a_refusal_names_the_workflow() -> None:
    """NotEnabled tells which workflow is off, so that somebody can switch it on."""
    answer = refusal_of(Wait("p", "t", workflow="mosaic"))
    assert answer.error == "CirrusCallback.NotEnabled"
    assert "'mosaic'" in json.loads(answer.body)["error"]


@pytest.mark.parametrize(
    "text",
    [
        "x" * 40_000,
        "é" * 40_000,
        "\U0001f6f0" * 20_000,
        "\x00" * 40_000,
        '"' * 40_000,
        "\\" * 40_000,
        "\ud800" * 40_000,
        "a\ud800é\x01" * 20_000,
    ],
    ids=ascii_name,
)
def test_a_cause_is_valid_json_of_at_most_32_768_bytes(text: str) -> None:
    """Cut between characters, escapes counted; as much is kept as fits, within an eighth."""
    body = cause({**BASE, "error": text})
    size = len(body.encode())
    assert size <= MAX_CAUSE_BYTES
    assert size > MAX_CAUSE_BYTES * 3 // 4
    read = json.loads(body)
    assert {name: read[name] for name in BASE} == BASE
    assert read["error"].endswith("…")
    assert read["errorMessage"] == read["error"]


def test_a_long_id_is_cut_last() -> None:
    """The error gives way first, then the id."""
    body = cause({**BASE, "payload_id": "p" * 40_000, "error": "E" * 10})
    assert len(body.encode()) <= MAX_CAUSE_BYTES
    assert json.loads(body)["payload_id"].startswith("ppp")


@pytest.mark.parametrize("text", ["", "x", "é", "\x00", "\ud800", "x" * 16_000], ids=ascii_name)
def test_a_cause_that_fits_is_whole(text: str) -> None:
    """Lone surrogates are not UTF-8: they are escaped in JSON, and nothing is lost."""
    assert json.loads(cause({**BASE, "error": text}))["error"] == text


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        (None, 3, None),
        ("abc", 3, "abc"),
        ("abcd", 3, "…"),
        ("abcdef", 5, "ab…"),
        ("abcdef", 2, "ab"),
        ("éé", 0, ""),
        ("éé", 4, "éé"),
        ("ééé", 5, "é…"),
        ("a\ud800", 9, "a?"),
    ],
)
def test_cut_counts_bytes_and_splits_no_character(
    text: str | None,
    limit: int,
    expected: str | None,
) -> None:
    """Error texts in rows are cut like this, too."""
    assert cut(text, limit) == expected


class Client:
    """Step Functions that says one thing, and remembers what it was asked."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.asked: list[dict[str, object]] = []

    def send_task_success(self, **request: object) -> None:
        """Accept the answer, or say why not."""
        self.asked.append(request)
        if self.error:
            raise self.error

    send_task_failure = send_task_success


class Table:
    """A tracking table that remembers the marks."""

    def __init__(self, *, takes: bool = True) -> None:
        self.marks: list[str] = []
        self.requests: list[tuple[object, dict[str, object]]] = []
        self.takes = takes

    def mark_answered(self, key: object, answer: str, **request: object) -> bool:
        """Remember the mark."""
        self.marks.append(answer)
        self.requests.append((key, request))
        return self.takes


@pytest.mark.parametrize(
    ("error", "answered", "marks"),
    [
        (None, "success", ["success"]),
        (aws_error("TaskTimedOut"), "stale", ["stale"]),
        (aws_error("TaskDoesNotExist"), "stale", ["stale"]),
        (aws_error("InvalidToken"), "stale", ["stale"]),
        (aws_error("AccessDeniedException"), None, []),
        (aws_error("InvalidOutput"), None, []),
    ],
)
def test_what_step_functions_says_is_what_is_marked(
    error: Exception | None,
    answered: str | None,
    marks: list[str],
) -> None:
    """Accepted, closed, or refused: only the first two are marks."""
    table, told = Table(), []
    answerer = Answerer(
        Client(error),  # type: ignore[arg-type]
        table,  # type: ignore[arg-type]
        60,
        lambda row, said: told.append(said),
    )
    assert answerer.answer(Wait("p", "t"), Answer(None, "{}")) == answered
    assert table.marks == marks
    assert told == [answered]


@pytest.mark.parametrize(
    "error",
    [
        aws_error("ThrottlingException"),
        aws_error("Whatever", status=503),
        ReadTimeoutError(endpoint_url="https://states"),
    ],
)
def test_what_passes_is_raised_and_not_marked(error: Exception) -> None:
    """Throttled, a server error, no answer: the record is delivered again."""
    table = Table()
    answerer = Answerer(Client(error), table, 60)  # type: ignore[arg-type]
    with pytest.raises(type(error)):
        answerer.answer(Wait("p", "t"), Answer("E", "{}"))
    assert table.marks == []


ROW = Wait("c/workflow-w/i", "secret-token", workflow_state="SUCCEEDED")


def _answered(**told: str) -> dict[str, Any]:
    """The line of an answered wait."""
    about = {"callback": "answered", "payload_id": ROW.payload_id, "wait": ROW.key.name}
    return {**about, "workflow_state": "SUCCEEDED", **told}


def test_a_success_is_sent_and_marked_and_told(caplog: pytest.LogCaptureFixture) -> None:
    """With the row's token and key, no error, the retention; the line names wait and state."""
    caplog.set_level(logging.INFO, logger="cirrus_callbacks_plugin")
    client, table = Client(), Table()
    answerer = Answerer(client, table, 60)  # type: ignore[arg-type]
    assert answerer.answer(ROW, Answer(None, "{}")) == "success"
    assert client.asked == [{"taskToken": "secret-token", "output": "{}"}]
    assert table.requests == [(ROW.key, {"answer_error": None, "retention_days": 60})]
    assert lines(caplog) == [("INFO", _answered(answer="success"))]


def test_a_failure_is_sent_and_marked_and_told(caplog: pytest.LogCaptureFixture) -> None:
    """With the error's name, which the row keeps and the line tells."""
    caplog.set_level(logging.INFO, logger="cirrus_callbacks_plugin")
    client, table = Client(), Table()
    answerer = Answerer(client, table, 30)  # type: ignore[arg-type]
    assert answerer.answer(ROW, Answer("E", "{}")) == "failure"
    assert client.asked == [{"taskToken": "secret-token", "error": "E", "cause": "{}"}]
    assert table.requests == [(ROW.key, {"answer_error": "E", "retention_days": 30})]
    assert lines(caplog) == [("INFO", _answered(answer="failure", answer_error="E"))]


@pytest.mark.parametrize("takes", [True, False])
def test_whether_the_row_took_the_mark_is_said(takes: bool) -> None:
    """An accepted answer outranks ``stale``: the caller must not count it then."""
    told: list[object] = []
    answerer = Answerer(
        Client(),  # type: ignore[arg-type]
        Table(takes=takes),  # type: ignore[arg-type]
        60,
        lambda row, sent: told.append((row, sent)),
    )
    assert answerer.mark(ROW, "stale", None) is takes
    assert told == [(ROW, "stale")]


def test_a_refused_call_is_told_with_its_code(caplog: pytest.LogCaptureFixture) -> None:
    """An error, since somebody has to act: which wait of which payload, and what AWS said."""
    told: list[object] = []
    answerer = Answerer(
        Client(aws_error("AccessDeniedException")),  # type: ignore[arg-type]
        Table(),  # type: ignore[arg-type]
        60,
        lambda row, sent: told.append((row, sent)),
    )
    answerer.answer(ROW, Answer(None, "{}"))
    ((level, line),) = lines(caplog)
    assert (level, line["callback"]) == ("ERROR", "not answered")
    assert (line["payload_id"], line["wait"]) == (ROW.payload_id, ROW.key.name)
    assert "AccessDeniedException" in line["why"]
    assert told == [(ROW, None)]


@pytest.mark.parametrize("name", ["payload_id", "execution_arn"])
def test_every_text_gives_way_as_far_as_it_must(name: str) -> None:
    """Whichever is too long: as much of it is kept as fits, to the byte or nearly."""
    body = cause({**BASE, name: "p" * 40_000, "error": "E"})
    assert MAX_CAUSE_BYTES - 4 <= len(body.encode()) <= MAX_CAUSE_BYTES
    assert json.loads(body)[name].endswith("p…")


def test_a_cause_of_just_the_limit_is_whole() -> None:
    """32,768 bytes fit; the error's text counts twice, and one character more does not fit."""
    rest = len(cause({**BASE, "error": ""}))
    fits = "x" * ((MAX_CAUSE_BYTES - rest) // 2)
    assert json.loads(cause({**BASE, "error": fits}))["error"] == fits
    assert json.loads(cause({**BASE, "error": fits + "x"}))["error"] == fits[:-3] + "…"


def test_characters_stand_as_they_are_unless_they_are_none() -> None:
    """Compact JSON in UTF-8; only a lone surrogate makes it ASCII."""
    assert cause({"error": "é"}) == '{"error":"é","errorMessage":"é"}'
    escaped = '"\\u00e9\\ud800"'
    assert cause({"error": "é\ud800"}) == f'{{"error":{escaped},"errorMessage":{escaped}}}'


def test_what_is_cut_to_nothing_is_empty() -> None:
    """An id that fills a cause by itself leaves no byte for the error, and is cut itself."""
    for facts in (
        {"error": "Boom", "payload_id": "\x00" * 10_000},
        {"error": None, "payload_id": "\x00" * 10_000},
        {"payload_id": "\x00" * 10_000, "execution_arn": "arn"},
    ):
        text = cause(facts)
        assert MAX_CAUSE_BYTES - 12 < len(text.encode()) <= MAX_CAUSE_BYTES
        told = json.loads(text)
        assert told.get("error", "") == ""
        assert told["payload_id"].endswith("\x00…")


@pytest.mark.parametrize("name", ["error", "payload_id", "execution_arn"])
def test_a_cut_cause_is_as_long_as_a_cause_may_be(name: str) -> None:
    """Not a byte more is cut than must be, wherever the cut falls; the error stands there twice."""
    for length in range(1, 30):
        text = cause({name: "E" * 40_000, "workflow_state": "s" * length})
        assert len(text.encode()) in ((32_767, 32_768) if name == "error" else (32_768,))
