"""One batch of stream records: what is answered, what comes again, what goes on."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.aws.side_by_side import run_side_by_side
from cirrus_callbacks_plugin.cirrus.state_table import Record
from cirrus_callbacks_plugin.joins.rows import Expansion
from cirrus_callbacks_plugin.joins.service import Batch
from cirrus_callbacks_plugin.protocol.answer import Answer, Answerer, answer_of, refusal_of
from cirrus_callbacks_plugin.sender.batch import Sender
from cirrus_callbacks_plugin.sender.stream import StreamRecord
from cirrus_callbacks_plugin.waits.continuation import Continuation
from cirrus_callbacks_plugin.waits.malformed import Malformed
from cirrus_callbacks_plugin.waits.outcome import Outcome
from cirrus_callbacks_plugin.waits.row import Key, Wait
from support.aws_calls import aws_error
from support.each_alone import SettlesEach
from support.logged_steps import lines

if TYPE_CHECKING:
    from collections.abc import Iterable

PAYLOAD = "c/workflow-w/i"


class Waits(SettlesEach):
    """The tracking table."""

    def __init__(self, *rows: Wait | Continuation, pages: list[list[Wait]] | None = None) -> None:
        self.rows = {row.key: row for row in rows}
        self.pages = pages or []
        self.settled: list[tuple[Key, Outcome]] = []
        self.ended: list[tuple[str, Continuation]] = []

    def read_rows(self, keys: Iterable[Key]) -> dict[Key, Wait | Continuation]:
        """Rows by key, as they are now."""
        return {key: self.rows[key] for key in keys if key in self.rows}

    def open_rows(self, payload_id: str) -> Iterable[list[Wait]]:
        """The open rows of a payload."""
        assert payload_id == PAYLOAD
        return self.pages

    def settle(self, key: Key, outcome: Outcome) -> bool:
        """One conditional update."""
        self.settled.append((key, outcome))
        return True

    def finish(self, row: Continuation) -> None:
        """Nothing is left."""
        self.ended.append(("finished", row))

    def postpone(self, row: Continuation) -> None:
        """The next invocation goes on."""
        self.ended.append(("postponed", row))


class Answers:
    """In the place of the answerer: what it was asked to send, and what it met."""

    def __init__(self, waits: Waits, errors: dict[str, Exception] | None = None) -> None:
        self.waits = waits
        self.errors = errors or {}
        self.sent: list[tuple[str, Answer]] = []
        self.told: list[tuple[Wait, str | None]] = []

    def answer(self, row: Wait, answer: Answer) -> None:
        """Send and mark."""
        if row.task_token in self.errors:
            raise self.errors[row.task_token]
        self.sent.append((row.task_token, answer))

    def answer_settled(self, row: Wait) -> None:
        """The same, with what follows from the row."""
        self.answer(row, answer_of(row))

    def tell(self, row: Wait, sent: str | None) -> None:
        """Count."""
        self.told.append((row, sent))


class NoJoins:
    """In the place of joins: rows are read and answered, and nobody joins."""

    def __init__(self, answerer: Any, states: States | None = None) -> None:
        self.answerer = answerer
        self.states = states

    def read(self, keys: Iterable[Key]) -> Batch:
        """Rows by key."""
        rows: Any = self.answerer.waits.read_rows(keys)
        return Batch(rows, {})

    def answer(self, row: Wait, answer: Answer | None = None) -> None:
        """Send and mark."""
        self.answerer.answer(row, answer or answer_of(row))

    def answer_all(self, rows: list[tuple[Wait, Answer | None]]) -> list[Exception | None]:
        """The same with many."""
        return run_side_by_side(lambda each: self.answer(*each), rows)

    def tell(self, rows: list[Wait], joins: Any) -> list[str]:
        """Nobody is told."""
        assert not rows
        assert not joins
        return []


class States:
    """The state table: the run that ended is the last listed one, unless more are."""

    def __init__(self, *later: str) -> None:
        self._runs = ("arn", *later)

    def get(self, _: object) -> Record:
        """The payload's record."""
        return Record("SUCCEEDED", "SUCCEEDED_2024", self._runs)


def sender(
    answers: Answers,
    enabled: tuple[str, ...] = ("w",),
    *,
    has_time_left: bool = True,
    later: tuple[str, ...] = (),
) -> Sender:
    joins: Any = NoJoins(answers, States(*later))
    flag: Any = enabled
    return Sender(joins, flag, lambda: has_time_left)


def settled(token: str, **more: Any) -> Wait:
    given = {"workflow": "w", "workflow_state": "SUCCEEDED", "settled_at": "2024", **more}
    return Wait(PAYLOAD, token, **given)


def record(number: int, row: Wait | Continuation, *, is_new: bool = False) -> StreamRecord:
    return StreamRecord(str(number), row.key, row if is_new and isinstance(row, Wait) else None)


CONTINUATION = Continuation(
    PAYLOAD,
    "w",
    Outcome("SUCCEEDED", execution_arn="arn", error="E", output_payload_url="s3://b/k"),
    settled_at="2024",
)


def test_a_settled_row_is_answered_with_its_outcome() -> None:
    """Open ones and answered ones are passed over; nothing is reported."""
    rows = [settled("a"), settled("done", answered_at="2024"), Wait(PAYLOAD, "open", workflow="w")]
    answers = Answers(Waits(*rows))
    assert sender(answers).send([record(n, row) for n, row in enumerate(rows)]) == []
    assert answers.sent == [("a", answer_of(rows[0]))]


@pytest.mark.parametrize("row", [settled("a"), Wait(PAYLOAD, "a", workflow="w")])
def test_the_flag_is_judged_on_the_record_of_the_new_row(row: Wait) -> None:
    """Settled or not; a later record of the same row is not judged, nor a first one lost."""
    off = sender(answers := Answers(Waits(row)), enabled=("other",))
    off.send([record(1, row, is_new=True), record(2, row)])
    assert answers.sent == [("a", refusal_of(row))]
    off = sender(answers := Answers(Waits(row)), enabled=("other",))
    off.send([record(2, row)])
    assert answers.sent == ([("a", answer_of(row))] if row.is_settled else [])


def test_a_row_registered_with_an_error_says_more_than_the_flag() -> None:
    """It is sent, enabled or not."""
    row = settled("a", answer_error="CirrusCallback.InvalidPayload")
    answers = Answers(Waits(row))
    sender(answers, enabled=()).send([record(1, row, is_new=True)])
    assert answers.sent == [("a", answer_of(row))]


def test_what_passes_comes_again_from_its_first_record(caplog: pytest.LogCaptureFixture) -> None:
    """The row's first record in the batch is reported; the others are answered."""
    bad, good = settled("bad"), settled("good")
    answers = Answers(Waits(bad, good), {"bad": aws_error("ThrottlingException")})
    assert sender(answers).send([record(1, bad), record(2, good), record(3, bad)]) == ["1"]
    assert [token for token, _ in answers.sent] == ["good"]
    ((level, line),) = lines(caplog)
    assert (level, line["callback"], line["payload_id"]) == ("WARNING", "delivered again", PAYLOAD)
    assert (line["wait"], line["why"]) == (bad.key.name, "ThrottlingException")
    assert answers.told == []


def test_what_is_refused_blocks_no_shard(caplog: pytest.LogCaptureFixture) -> None:
    """Logged as an error and counted; the reconciler has the row."""
    row = settled("bad")
    answers = Answers(Waits(row), {"bad": aws_error("AccessDeniedException")})
    assert sender(answers).send([record(1, row)]) == []
    ((level, line),) = lines(caplog)
    assert (level, line["callback"]) == ("ERROR", "not answered")
    assert (line["payload_id"], line["wait"]) == (PAYLOAD, row.key.name)
    assert "AccessDeniedException" in line["why"]
    assert answers.told == [(row, None)]
    quiet: Any = Answerer(None, Waits(row), 60)  # type: ignore[arg-type]
    joins: Any = NoJoins(quiet)
    assert not Sender(joins, *[None] * 2)._comes_again(row, aws_error("AccessDeniedException"))  # type: ignore[arg-type]


def test_what_nobody_expected_comes_again() -> None:
    """An error of our own may be mended by the next version."""
    row = settled("bad")
    answers = Answers(Waits(row), {"bad": RuntimeError("secret")})
    assert sender(answers).send([record(7, row)]) == ["7"]


@pytest.mark.parametrize(
    ("has_time_left", "end", "count"), [(True, "finished", 1), (False, "postponed", 0)]
)
def test_a_continuation_is_worked_off_as_far_as_time_allows(
    has_time_left: bool,
    end: str,
    count: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With all that it carries; after the answers; put again where time ran out."""
    caplog.set_level(logging.INFO, logger="cirrus_callbacks_plugin.sender.batch")
    waits = Waits(CONTINUATION, settled("a"), pages=[[Wait(PAYLOAD, "open", workflow="w")]])
    answers = Answers(waits)
    rows = [CONTINUATION, settled("a")]
    batch = [record(n, row) for n, row in enumerate(rows)]
    assert sender(answers, has_time_left=has_time_left).send(batch) == []
    assert [token for token, _ in answers.sent] == ["a"]
    outcome = Outcome("SUCCEEDED", "arn", "E", "s3://b/k")
    assert [each for _, each in waits.settled] == [outcome] * count
    assert waits.ended == [(end, CONTINUATION)]
    (line,) = caplog.records
    assert (line.levelname, line.args) == ("INFO", (PAYLOAD, count))
    assert line.name == "cirrus_callbacks_plugin.sender.batch"


def test_a_continuation_that_meets_an_error_comes_again(caplog: pytest.LogCaptureFixture) -> None:
    """Its rows would wait for nobody else but the reconciler."""
    waits = Waits(CONTINUATION)
    waits.finish = _refuse  # type: ignore[method-assign]
    assert sender(Answers(waits)).send([record(5, CONTINUATION)]) == ["5"]
    ((_, line),) = lines(caplog)
    assert line == {
        "callback": "delivered again",
        "payload_id": PAYLOAD,
        "wait": CONTINUATION.key.name,
        "why": "AccessDeniedException",
    }


def test_an_expansion_that_meets_what_passes_comes_again(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line is found by the join's id."""
    expansion = Expansion("join:" + "0" * 32, "2024-06-01T00:00:00.000000+00:00", 1)
    monkeypatch.setattr(Sender, "_go_on", lambda *_: _throttle())
    sent: Any = sender(Answers(Waits(expansion)))
    assert sent.send([record(5, expansion)]) == ["5"]
    ((level, line),) = lines(caplog)
    assert (level, line["callback"]) == ("WARNING", "delivered again")
    assert (line["payload_id"], line["why"]) == (expansion.join_id, "ThrottlingException")


def _throttle() -> None:
    raise aws_error("ThrottlingException")


def _refuse(_: Wait) -> None:
    raise aws_error("AccessDeniedException")


def test_a_continuation_is_of_the_run_that_it_names() -> None:
    """A later one began meanwhile: the rows wait for it, and nothing is left to do."""
    waits = Waits(CONTINUATION, pages=[[Wait(PAYLOAD, "open", workflow="w")]])
    sender(Answers(waits), later=("arn:later",)).send([record(1, CONTINUATION)])
    assert waits.settled == []
    assert waits.ended == [("finished", CONTINUATION)]


def test_a_row_that_cannot_be_read_stops_no_other_and_is_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Named by its digest; its record does not come again: nothing would be different then."""
    good = Wait(PAYLOAD, "good", workflow_state="FAILED", settled_at="2024")
    bad = Key(PAYLOAD, "a-secret-token")
    waits = Waits(good)
    waits.rows[bad] = Malformed(bad, "settled_at is not a time")  # type: ignore[assignment]
    answers = Answers(waits)
    records = [
        StreamRecord(str(number), key, None) for number, key in enumerate((bad, good.key), start=1)
    ]
    assert sender(answers).send(records) == []
    assert [token for token, _ in answers.sent] == ["good"]
    assert answers.told == [(waits.rows[bad], None)]
    ((level, line),) = lines(caplog)
    assert (level, line["callback"]) == ("ERROR", "not answered")
    assert line["wait"] == bad.name
    assert line["why"] == "the row cannot be read: settled_at is not a time"
    assert "a-secret-token" not in caplog.text


def test_a_first_image_that_cannot_be_read_leaves_its_record() -> None:
    """The row is read again, and named if it is still malformed; only the flag is not judged."""
    item = {**Wait(PAYLOAD, "t").to_item(), "seen_state": {"N": "1"}}
    event = {
        "eventID": "1",
        "eventName": "INSERT",
        "dynamodb": {
            "SequenceNumber": "7",
            "Keys": Key(PAYLOAD, "t").to_item(),
            "NewImage": item,
        },
    }
    assert StreamRecord.from_batch([event]) == [StreamRecord("7", Key(PAYLOAD, "t"), None)]
