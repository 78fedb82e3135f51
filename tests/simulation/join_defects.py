"""Planted defects of joins: each leaves out one of the guards that docs/protocol.md names."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from unittest import mock

from cirrus_callbacks_plugin.hooks import registration
from cirrus_callbacks_plugin.joins import telling
from cirrus_callbacks_plugin.joins.closing import close_if_certain
from cirrus_callbacks_plugin.joins.opening import Opening
from cirrus_callbacks_plugin.joins.overdue import Overdue
from cirrus_callbacks_plugin.joins.rows import MemberRow, member_key
from cirrus_callbacks_plugin.joins.table import JoinsTable
from cirrus_callbacks_plugin.joins.telling import Teller
from cirrus_callbacks_plugin.waits.row import STALE, serialize
from cirrus_callbacks_plugin.waits.table import Mark, WaitsTable

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager


def join_before_its_list() -> AbstractContextManager[Any]:
    """The row with the token is put first, and then the list of members."""
    put = Opening.put

    def hasty(self: Opening, table: JoinsTable, call: Any) -> bool:
        is_new = bool(call(lambda: table.open(self.join)))
        put(self, table, call)
        return is_new

    return mock.patch.object(Opening, "put", hasty)


def member_before_its_wait() -> AbstractContextManager[Any]:
    """A member is noted as arrived, and then its wait is put."""

    def hasty(self: Any, row: Any) -> Any:
        if row.member is not None:
            self._join_registrar.arrive(row.member, row.payload_id)
        return self.own_time.call(lambda: self.services.waits.register(row))

    return mock.patch.object(registration.Registrar, "_put", hasty)


def member_put_again() -> AbstractContextManager[Any]:
    """A member is noted as arrived, whatever its row says already."""

    def careless(self: JoinsTable, member: Any, payload_id: str) -> None:
        item = {name: serialize(value) for name, value in self._noted(payload_id).items()}
        self._put({**item, **member_key(member).to_item()})

    return mock.patch.object(JoinsTable, "arrive", careless)


@dataclass(frozen=True, slots=True)
class _Telling:
    """A batch of members' settled waits that are told in another order than they should be."""

    teller: Teller
    rows: Any
    joins: Any

    @property
    def waited_for(self) -> list[tuple[Any, Any]]:
        return [pair for pair in self.rows if telling._is_waited_for(pair[0], self.joins)]

    def tell(self) -> dict[str, dict[Any, MemberRow]]:
        """Write what became of members; returns that by their joins."""
        now = self.teller.table.waits.now()
        told: dict[str, dict[Any, MemberRow]] = {}
        for member, row in self.waited_for:
            outcome = MemberRow.of_wait(member, row, now)
            told.setdefault(member.join_id, {})[member] = self.teller.table.tell(outcome)
        return told

    def mark(self, told: Any) -> list[str | Exception]:
        marks: dict[int, Mark] = {}
        for position, (member, row) in enumerate(self.rows):
            stands = told.get(member.join_id, {}).get(member)
            marks[position] = Mark(row.key, STALE if stands is None else stands.answer or STALE)
        results = self.teller._mark(self.rows, marks)
        return [results[position] for position in marks]


def hints_read_before_they_are_added_to() -> AbstractContextManager[Any]:
    """A teller decides by the hints that it read with its rows, and what it adds itself."""

    def hasty(self: Teller, rows: Any, joins: Any) -> list[str | Exception]:
        batch = _Telling(self, rows, joins)
        told = batch.tell()
        for join_id, members in told.items():
            succeeded = sum(each.has_succeeded for each in members.values())
            failed = sum(each.has_failed for each in members.values())
            before = joins[join_id]
            self.table.count(join_id, succeeded, failed)
            hints = {"succeeded": before.succeeded + succeeded, "failed": before.failed + failed}
            close_if_certain(self.table, replace(before, **hints))
        return batch.mark(told)

    return mock.patch.object(Teller, "tell_waits", hasty)


def marking_before_deciding() -> AbstractContextManager[Any]:
    """Members' waits are marked once they are told, and then the join is decided."""

    def hasty(self: Teller, rows: Any, joins: Any) -> list[str | Exception]:
        batch = _Telling(self, rows, joins)
        told = batch.tell()
        results = batch.mark(told)
        for join_id, members in told.items():
            self._decide(join_id, members)
        return results

    return mock.patch.object(Teller, "tell_waits", hasty)


def no_rule_for_missing_members() -> AbstractContextManager[Any]:
    """Members of which no message comes any more are waited for."""
    return mock.patch.object(Overdue, "_missing", return_value=[])


def no_rule_to_expand_again() -> AbstractContextManager[Any]:
    """Nobody sends what an expansion that was lost was to send."""
    return mock.patch.object(Overdue, "_expand", return_value=[])


def no_expansion_put_again_in_time() -> AbstractContextManager[Any]:
    """A sender without time left forgets the members that it has not sent."""
    return mock.patch.object(WaitsTable, "postpone", return_value=False)


JOIN_DEFECTS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    each.__name__: each
    for each in (
        join_before_its_list,
        member_before_its_wait,
        member_put_again,
        hints_read_before_they_are_added_to,
        marking_before_deciding,
        no_rule_for_missing_members,
        no_rule_to_expand_again,
        no_expansion_put_again_in_time,
    )
}
