"""A join as people read it: who waits, what was asked for, and which members are missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.cli.wait_outcome import show_outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cirrus_callbacks_plugin.cli.screen import Screen
    from cirrus_callbacks_plugin.joins.rows import MemberRow
    from cirrus_callbacks_plugin.operations.joins import JoinReport
    from cirrus_callbacks_plugin.reconcile.judge import Run

SHOWN = 20
"""Members of one kind that are listed, unless all are wanted."""


def show(screen: Screen, report: JoinReport, waiter: Run | None, *, with_all: bool) -> None:
    """Print a join: its wait, its counts, and its members, those that need a look first.

    Args:
        screen: where.
        report: the join.
        waiter: the run that waits, where it is known.
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
    show_outcome(screen, wait, 2)
    most = None if with_all else SHOWN
    _members(screen, "Failed", report.failed, most)
    _members(screen, "Not ended", report.pending, most)
    _members(screen, "Succeeded", report.succeeded, most if with_all else 0)


def _members(screen: Screen, title: str, members: Sequence[MemberRow], most: int | None) -> None:
    if not members:
        return
    screen.line()
    listed = members[:most]
    screen.line(f"{title} ({len(members)}):")
    for member in listed:
        payload_id = member.member_payload_id or "an unknown payload"
        screen.line(f"  {member.member.index:>5}  {payload_id}")
        if member.answer_error:
            cause = f": {member.error}" if member.error else ""
            screen.indented(f"{member.answer_error}{cause}", 9)
    if len(listed) < len(members):
        screen.line(f"  {len(members) - len(listed)} more: --members, or --json")
