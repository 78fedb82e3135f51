"""Many members told at once: what stands in each row, as if each were told alone."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from cirrus_callbacks_plugin.joins.rows import MemberRow, member_key
from cirrus_callbacks_plugin.joins.table import JoinsTable
from cirrus_callbacks_plugin.naming import MemberToken
from cirrus_callbacks_plugin.waits.table import WaitsTable
from support.table_in_memory import NAME, TableInMemory

JOIN = "join:" + "a" * 32
NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)


def told(index: int, payload_id: str | None = "c/workflow-w/i") -> MemberRow:
    """A member that has succeeded."""
    return MemberRow(
        MemberToken(JOIN, index),
        member_payload_id=payload_id,
        workflow_state="SUCCEEDED",
        answer="success",
        told_at="now",
    )


def after(above: int) -> tuple[TableInMemory, list[MemberRow | Exception]]:
    """Five members told, in batches or alone.

    Registered, told before, not there, without an id; and one whose row lacks what a
    registration writes.
    """
    client: Any = TableInMemory()
    table = JoinsTable(WaitsTable(client, NAME, lambda: NOW))
    table.waits.batching.above = above
    for index in (0, 1):
        table.arrive(MemberToken(JOIN, index), "c/workflow-w/registered")
    table.tell(MemberRow(MemberToken(JOIN, 1), answer="failure", answer_error="E", told_at="then"))
    client.put(member_key(MemberToken(JOIN, 4)).to_item())
    client.calls.clear()
    return client, table.tell_all([told(0), told(1), told(2), told(3, None), told(4)])


def test_a_batch_tells_what_single_updates_tell() -> None:
    """What was told before stands; a row that is not there is made; a registration's id stays."""
    alone, standing = after(above=1000)
    batched, in_batches = after(above=1)
    assert in_batches == standing
    assert batched.table.items == alone.table.items
    row = batched.row(JOIN, "#member:00000") or {}
    assert (row["answer"], row["member_payload_id"]) == ("success", "c/workflow-w/registered")
    before = standing[1]
    assert isinstance(before, MemberRow)
    assert before.answer == "failure"
    assert standing[4] == told(4)
    assert (batched.row(JOIN, "#member:00004") or {})["expiration_time"] > 0


def test_only_what_a_batch_cannot_tell_is_told_alone() -> None:
    """One batch; a call each for the members without a whole row, and for the one without an id.

    Of the last nothing is asked in the batch: no message of it has arrived.
    """
    client, _ = after(above=1)
    made = [operation for operation, _ in client.calls]
    assert made.count("BatchExecuteStatement") == 1
    assert made.count("UpdateItem") == 3
    (batch,) = [given for operation, given in client.calls if operation == "BatchExecuteStatement"]
    assert len(batch["Statements"]) == 4
