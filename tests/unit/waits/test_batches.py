"""Many rows written at once: what each comes to, whatever becomes of its batch."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from cirrus_callbacks_plugin.waits.outcome import Outcome
from cirrus_callbacks_plugin.waits.row import Key, Wait
from cirrus_callbacks_plugin.waits.table import Mark, Settlement, WaitsTable
from support.table_in_memory import NAME, TableInMemory

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = 60
OUTCOME = Outcome("SUCCEEDED", "arn:run")


@dataclass
class Batched(TableInMemory):
    """A table that says of statements what a test wishes.

    Attributes:
        tells: by sort key, the code of its statement's error instead of executing it.
        whole: what the n-th batch meets as a whole, once it was executed.
    """

    tells: dict[str, str] = field(default_factory=dict)
    whole: Callable[[int], Exception | None] = lambda _: None

    def batch_execute_statement(self, **request: Any) -> dict[str, Any]:
        """BatchExecuteStatement."""
        told = request["Statements"]
        codes = [self.tells.get(_token(each)) for each in told]
        kept = [each for each, code in zip(told, codes, strict=True) if code is None]
        done: list[Any] = []
        if kept:
            done = super().batch_execute_statement(Statements=kept)["Responses"]
        met = self.whole(self.count("BatchExecuteStatement"))
        if met is not None:
            raise met
        answers = iter(done)
        return {
            "Responses": [
                next(answers) if code is None else {"Error": {"Code": code, "Message": "no"}}
                for code in codes
            ]
        }

    def count(self, operation: str) -> int:
        """So many calls of an operation."""
        return sum(made == operation for made, _ in self.calls)


def _token(statement: Any) -> str:
    values = [each["S"] for each in statement["Parameters"] if "S" in each]
    return next(value for value in values if value.startswith("t-"))


def key(number: int) -> Key:
    return Key("p", f"t-{number}")


def filled(client: Batched, count: int = ROWS) -> WaitsTable:
    """A tracking table with open rows."""
    for number in range(count):
        client.put(Wait("p", f"t-{number}", workflow="w", registered_at="now").to_item())
    return WaitsTable(client, NAME)  # type: ignore[arg-type]


def settle(table: WaitsTable, count: int = ROWS, **more: Any) -> list[bool | Exception]:
    return table.settle_all([Settlement(key(each), OUTCOME) for each in range(count)], **more)


def settled(client: Batched) -> int:
    return sum("settled_at" in item for item in client.table.items.values())


def error(code: str, status: int = 400) -> ClientError:
    told: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(told, "BatchExecuteStatement")


@pytest.mark.parametrize(
    ("count", "alone", "batches"), [(1, 1, 0), (25, 25, 0), (26, 0, 2), (60, 0, 3)]
)
def test_more_than_25_rows_are_written_25_a_call(count: int, alone: int, batches: int) -> None:
    """A few rows each by a call of its own, as ever."""
    client = Batched()
    assert settle(filled(client, count), count) == [True] * count
    assert client.count("UpdateItem") == alone
    assert client.count("BatchExecuteStatement") == batches
    assert settled(client) == count


def test_a_batch_writes_what_single_updates_write() -> None:
    """Attribute by attribute: settled with and without a run that was noted, then marked."""
    found = []
    for above in (1000, 1):
        client = Batched()
        table = filled(client, 4)
        table.batching.above = above
        table.note_run(key(0), "arn:noted")
        table.note_run(key(1), "arn:noted")
        table.settle_all(
            [
                Settlement(key(0), Outcome(None, answer_error="NeverStarted"), "arn:noted"),
                Settlement(key(1), OUTCOME, "arn:noted"),
                Settlement(key(2), Outcome("FAILED", error="it broke")),
            ]
        )
        marks = [Mark(key(0), "failure", "E"), Mark(key(1), "success"), Mark(key(3), "stale")]
        assert table.mark_all(marks, retention_days=1) == [True] * 3
        again = [Mark(key(0), "stale"), Mark(key(1), "failure", "E"), Mark(key(3), "success")]
        assert table.mark_all(again, retention_days=1) == [False, False, True]
        rows = [client.row("p", f"t-{number}") or {} for number in range(4)]
        for row in rows:
            for name in ("settled_at", "answered_at", "expiration_time"):
                row.update({name: "then"} if name in row else {})
        found.append(rows)
    assert found[0] == found[1]
    assert found[0][0]["answer"] == "failure"
    assert "execution_arn" not in found[0][0]
    assert "waiting" not in found[0][3]
    assert found[0][3]["answer"] == "success"


def test_a_row_that_somebody_was_first_at_concerns_no_other() -> None:
    """Settled before, or gone: False for that row, and no second call for it."""
    client = Batched()
    table = filled(client)
    table.settle(key(3), Outcome("FAILED"))
    del client.table.items["p", "t-5"]
    results = settle(table)
    assert [number for number in range(ROWS) if results[number] is False] == [3, 5]
    assert (client.row("p", "t-3") or {})["workflow_state"] == "FAILED"
    assert client.row("p", "t-5") is None
    assert client.count("UpdateItem") == 1


@pytest.mark.parametrize(
    "code", ["ProvisionedThroughputExceeded", "ThrottlingError", "InternalServerError", "Strange"]
)
def test_a_statement_with_another_error_is_made_by_itself(code: str) -> None:
    """It was throttled, say: the single update is tried again by the client as ever."""
    client = Batched(tells={"t-7": code, "t-33": code})
    assert settle(filled(client)) == [True] * ROWS
    assert client.count("UpdateItem") == 2
    assert client.count("BatchExecuteStatement") == 3


def test_what_a_single_update_then_meets_is_its_rows_result() -> None:
    """Throttled again, for one row: its neighbours are settled."""
    client = Batched(tells={"t-7": "ThrottlingError"})
    client.refuses = lambda made, _: "ThrottlingException" if made == "UpdateItem" else None
    results = settle(filled(client))
    (met,) = [each for each in results if each is not True]
    assert results[7] is met
    assert isinstance(met, ClientError)
    assert met.response["Error"]["Code"] == "ThrottlingException"


@pytest.mark.parametrize("whole", [True, False], ids=["the call", "each statement"])
def test_a_role_without_the_permission_falls_back_and_says_so_once(
    caplog: pytest.LogCaptureFixture, *, whole: bool
) -> None:
    """An older Terraform module: rows are written one by one, nothing is tried again with them."""
    caplog.set_level(logging.WARNING)
    client = Batched()
    if whole:
        client.refuses = lambda made, _: (
            "AccessDeniedException" if made == "BatchExecuteStatement" else None
        )
    else:
        client.tells = {f"t-{number}": "AccessDenied" for number in range(300)}
    table = filled(client, 300)
    assert settle(table, 300) == [True] * 300
    assert client.count("BatchExecuteStatement") <= 4  # those that were under way
    (line,) = caplog.messages
    assert "dynamodb:PartiQLUpdate" in line
    assert "AccessDeniedException" in line
    client.calls.clear()
    table.mark_all([Mark(key(each), "stale") for each in range(30)], retention_days=1)
    assert client.count("BatchExecuteStatement") == 0
    assert client.count("UpdateItem") == 30
    assert len(caplog.messages) == 1


@pytest.mark.parametrize("refused", ["the call", "each statement", "some statements"])
def test_what_aws_does_not_take_is_named_once_and_each_row_is_written_alone(
    caplog: pytest.LogCaptureFixture, refused: str
) -> None:
    """Not the permission is missing: nobody is told to allow one, or shown a value.

    Where a call as a whole is refused, or every statement of one, nothing is tried again.
    """
    caplog.set_level(logging.WARNING)
    client = Batched()
    if refused == "the call":
        client.refuses = lambda made, _: (
            "ValidationException" if made == "BatchExecuteStatement" else None
        )
    else:
        every = 1 if refused == "each statement" else 30
        client.tells = {f"t-{number}": "ValidationError" for number in range(0, 300, every)}
    table = filled(client, 300)
    assert settle(table, 300) == [True] * 300
    assert settled(client) == 300
    if refused == "some statements":
        assert client.count("BatchExecuteStatement") == 12
        assert client.count("UpdateItem") == 10
    else:
        assert client.count("BatchExecuteStatement") <= 4  # those that were under way
    (line,) = caplog.messages
    assert "ValidationException" in line
    assert line.endswith('AND "settled_at" IS MISSING AND "answered_at" IS MISSING')
    assert "Allow" not in line
    assert "PartiQLUpdate" not in line
    assert "arn:run" not in line
    settle(table, 300)
    assert len(caplog.messages) == 1


def test_a_batch_that_was_not_answered_is_its_rows_error() -> None:
    """It may have been executed: the next writer meets the same conditions, and no row twice."""
    client = Batched()
    client.whole = lambda number: ReadTimeoutError(endpoint_url="x") if number == 2 else None
    table = filled(client)
    table.batching.size = 20
    results = settle(table)
    assert sum(isinstance(each, ReadTimeoutError) for each in results) == 20
    assert settled(client) == ROWS
    before = dict(client.table.items)
    client.whole = lambda _: None
    assert settle(table) == [False] * ROWS
    assert client.table.items == before


def test_a_batch_that_is_throttled_as_a_whole_is_its_rows_error() -> None:
    """The client has repeated it by then; its rows come again, as single ones do."""
    client = Batched()
    client.whole = lambda number: error("ThrottlingException") if number == 1 else None
    results = settle(filled(client))
    assert sum(isinstance(each, ClientError) for each in results) == 25
    assert client.count("UpdateItem") == 0


def test_no_call_is_made_that_may_not_be_made() -> None:
    """Neither a batch nor the single updates of what it left."""
    client = Batched(tells={f"t-{number}": "ThrottlingError" for number in range(ROWS)})
    made: list[int] = []

    def call(work: Callable[[], Any]) -> Any:
        made.append(1)
        if len(made) > 1:
            raise RuntimeError
        return work()

    table = filled(client)
    results = settle(table, call=call)
    assert all(isinstance(each, RuntimeError) for each in results)
    assert client.count("UpdateItem") == 0


def test_no_row_is_twice_in_batches() -> None:
    """AWS refuses such a batch: what repeats a row is written by itself."""
    client = Batched()
    table = filled(client)
    marks = [Mark(key(each % 30), "stale") for each in range(ROWS)]
    results = table.mark_all(marks, retention_days=1)
    assert results == [True] * 30 + [False] * 30
    assert client.count("UpdateItem") == 30


def test_no_statement_is_longer_than_aws_takes() -> None:
    """8,192 characters; values are parameters, so the longest names decide."""
    table = WaitsTable(TableInMemory(), "t" * 255)  # type: ignore[arg-type]
    whole = Outcome("FAILED", "arn", "e" * 20_000, "s3://b/k", "Error")
    change = table._settlement(Settlement(key(0), whole, "arn:noted"))
    assert len(change.statement(table.name).text) < 1000
