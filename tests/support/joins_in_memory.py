"""Joins' rows in memory, for unit tests: an open join, members that were told, their waits."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.joins.rows import Join, MemberRow
from cirrus_callbacks_plugin.joins.table import JoinsTable
from cirrus_callbacks_plugin.naming import MemberToken
from cirrus_callbacks_plugin.waits.row import Wait
from cirrus_callbacks_plugin.waits.table import WaitsTable
from support.table_in_memory import NAME, TableInMemory

if TYPE_CHECKING:
    from collections.abc import Mapping

JOIN_ID = "join:" + "0123456789abcdef" * 2
NOON = datetime(2024, 6, 1, 12, tzinfo=timezone.utc)
AT_NOON = "2024-06-01T12:00:00.000000+00:00"


def index_of(message: Mapping[str, Any]) -> int:
    """The member whose message is sent: an entry of a batch, or one by itself."""
    member = MemberToken.of(message["MessageAttributes"]["cirrus-task-token"]["StringValue"])
    assert member is not None
    return member.index


@dataclass(slots=True)
class JoinsInMemory:
    """A table whose clock says noon.

    Attributes:
        client: what is called.
        table: the joins' rows.
    """

    client: TableInMemory = field(default_factory=TableInMemory)
    table: JoinsTable = field(init=False)

    def __post_init__(self) -> None:
        self.table = JoinsTable(WaitsTable(self.client, NAME, lambda: NOON))  # type: ignore[arg-type]

    def open(self, *, is_settled: bool = False, is_answered: bool = False, **facts: Any) -> Join:
        """Have an open join there, with these attributes; or one that is open no more."""
        wait = Wait(JOIN_ID, "the parent's token", workflow="#join", registered_at=AT_NOON)
        if is_settled:
            wait = replace(wait, settled_at=AT_NOON)
        if is_answered:
            wait = replace(wait, answered_at=AT_NOON, answer="stale")
        join = Join(wait, **facts)
        self.client.put(join.to_item())
        return join

    def told(self, index: int, answer: str, **facts: Any) -> MemberRow:
        """Have a member's row there, told already."""
        row = MemberRow(MemberToken(JOIN_ID, index), answer=answer, **facts)
        item = {name: {"S": value} for name, value in row.attributes().items()}
        self.client.put({**item, **row.key.to_item()})
        return row

    def wait(self, index: int, state: str = "SUCCEEDED", **facts: Any) -> tuple[MemberToken, Wait]:
        """Have a member's own wait there, settled."""
        member = MemberToken(JOIN_ID, index)
        wait = Wait(
            f"scenes/workflow-child/{index}",
            member.text,
            workflow_state=state,
            registered_at=AT_NOON,
            settled_at=AT_NOON,
            **facts,
        )
        self.client.put(wait.to_item())
        return member, wait

    def join_row(self) -> dict[str, Any]:
        """The join's own row."""
        row = self.client.row(JOIN_ID, "#join")
        assert row is not None
        return row

    def member_row(self, index: int) -> dict[str, Any] | None:
        """A member's row."""
        return self.client.row(JOIN_ID, f"#member:{index:05d}")

    def wait_row(self, index: int) -> dict[str, Any]:
        """A member's own wait."""
        token = MemberToken(JOIN_ID, index).text
        row = self.client.row(f"scenes/workflow-child/{index}", token)
        assert row is not None
        return row
