"""What is sent: outputs and causes as JSON within Step Functions' limits."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ReadTimeoutError

from cirrus_callbacks_plugin.answer import (
    MAX_CAUSE_BYTES,
    Answer,
    Answerer,
    answer_of,
    cause,
    refusal_of,
)
from cirrus_callbacks_plugin.rules import cut
from cirrus_callbacks_plugin.waits.row import Wait
from support.aws_calls import aws_error

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
    assert json.loads(answer.body) == {"payload_id": "p", "workflow_state": state, "error": "E"}


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


def test_a_long_id_is_cut_last() -> None:
    """The error gives way first, then the id."""
    body = cause({**BASE, "payload_id": "p" * 40_000, "error": "E" * 10})
    assert len(body.encode()) <= MAX_CAUSE_BYTES
    assert json.loads(body)["payload_id"].startswith("ppp")


@pytest.mark.parametrize("text", ["", "x", "é", "\x00", "\ud800", "x" * 30_000], ids=ascii_name)
def test_a_cause_that_fits_is_whole(text: str) -> None:
    """Lone surrogates are no UTF-8: they are escaped in JSON, and nothing is lost."""
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
    """Step Functions that says one thing."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def send_task_success(self, **_: object) -> None:
        """Accept the answer, or say why not."""
        if self.error:
            raise self.error

    send_task_failure = send_task_success


class Table:
    """A tracking table that remembers the marks."""

    def __init__(self) -> None:
        self.marks: list[str] = []

    def mark_answered(self, _: object, answer: str, **__: object) -> bool:
        """Remember the mark."""
        self.marks.append(answer)
        return True


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
