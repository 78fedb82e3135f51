"""A join as people read it: who waits, what was asked for, and which members are missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.cli.wait_outcome import show_outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cirrus_callbacks_plugin.cli.screen import Screen
    from cirrus_callbacks_plugin.joins.rows import MemberRow
    from cirrus_callbacks_plugin.operations.joins import JoinReport
    from cirrus_callbacks_plugin.operations.missing_members import MissingMember
    from cirrus_callbacks_plugin.operations.overdue_joins import OverdueJoin
    from cirrus_callbacks_plugin.reconcile.judge import Run

SHOWN = 20
"""Members of one kind that are listed, unless all are wanted."""


def show(
    screen: Screen,
    report: JoinReport,
    waiter: Run | None,
    due: OverdueJoin | None,
    *,
    with_all: bool,
) -> None:
    """Print a join: its wait, its counts, and its members, those that need a look first.

    Args:
        screen: where.
        report: the join.
        waiter: the run that waits, where it is known.
        due: what the join calls for now.
        with_all: list every member.
    """
    from cirrus_callbacks_plugin.cli.run_lines import show_run
    from cirrus_callbacks_plugin.cli.screen import at

    status = report.status
    wait = status.join.wait
    name = f"  {status.join.name}" if status.join.name else ""
    screen.line(f"{status.join.join_id}{name}")
    screen.indented(f"waited for by {wait.waiter_name}, since {at(wait.registered_at)}")
    if waiter is not None:
        show_run(screen, waiter, 2)
    elif wait.waiter_execution_arn:
        screen.line(f"  {wait.waiter_execution_arn}")
    screen.indented("; ".join(part for part in (status.text, status.rule) if part))
    if due is not None and due.is_old:
        screen.indented(f"{due.why}; repair: settle")
    show_outcome(screen, wait, 2, with_error=not status.is_refused)
    most = None if with_all else SHOWN
    missing = [
        _Line(each.index, each.name, _why_missing(each, is_closed=status.join.is_closed))
        for each in status.missing or ()
    ]
    not_ended = sorted([*map(_line, report.pending), *missing], key=lambda line: line.index)
    _members(screen, "Failed", list(map(_line, report.failed)), most)
    _members(screen, "Not ended", not_ended, most)
    succeeded = list(map(_line, report.succeeded))
    _members(screen, "Succeeded", succeeded, most if with_all else 0)


@dataclass(frozen=True, slots=True)
class _Line:
    """A member as it is shown: its index, its name where that is known, and what to say of it."""

    index: int
    name: str | None
    note: str | None = None


def _line(member: MemberRow) -> _Line:
    note = member.answer_error
    if note is not None and member.error:
        note = f"{note}: {member.error}"
    return _Line(member.member.index, member.member_payload_id, note)


def _why_missing(member: MissingMember, *, is_closed: bool) -> str:
    if member.is_sent:
        return "not arrived: process has not seen its message"
    return "not sent: the join was answered first" if is_closed else "not sent yet"


def _members(screen: Screen, title: str, members: Sequence[_Line], most: int | None) -> None:
    if not members:
        return
    screen.line()
    listed = members[:most]
    screen.line(f"{title} ({len(members)}):")
    for member in listed:
        screen.line(f"  {member.index:>5}  {member.name or 'an unknown payload'}")
        if member.note:
            screen.indented(member.note, 9)
    if len(listed) < len(members):
        screen.line(f"  {len(members) - len(listed)} more: --members, or --json")
