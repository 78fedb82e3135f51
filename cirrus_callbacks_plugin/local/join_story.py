"""Joins as a timeline tells them: each once, how far it is at its quarters, its answer."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping  # noqa: TC003 - a field's type
from dataclasses import dataclass, field
from typing import Any

from cirrus_callbacks_plugin.joins.closing import members_text
from cirrus_callbacks_plugin.joins.members import unpack
from cirrus_callbacks_plugin.joins.rows import DEFINITION, MEMBER, Join, MemberRow
from cirrus_callbacks_plugin.local.happenings import EventKind
from cirrus_callbacks_plugin.local.join_progress import JoinProgress, condition
from cirrus_callbacks_plugin.naming import is_join_id, short
from cirrus_callbacks_plugin.protocol.error_names import answer_name_of
from cirrus_callbacks_plugin.waits.row import STALE, Key

STEPS = 4
"""How often at most the progress of a join is told, whatever the number of its members."""


@dataclass(slots=True)
class _Shown:
    """A join's rows as the stream last told them, and what was said of it."""

    join: Join
    rows: dict[int, MemberRow] = field(default_factory=dict)
    ended: int = 0
    step: int = 0
    errors: set[str] = field(default_factory=set)

    @property
    def progress(self) -> JoinProgress:
        """How far the join is by these rows."""
        return JoinProgress(self.join, tuple(self.rows.values()))


@dataclass(slots=True)
class JoinStory:
    """Tells joins from the records of their rows.

    Attributes:
        tell: called with the kind of what happened, its text, and whether it is bad.
    """

    tell: Callable[[EventKind, str, bool], None]
    _lists: dict[str, str] = field(default_factory=dict)
    _joins: dict[str, _Shown] = field(default_factory=dict)

    @property
    def joins(self) -> dict[str, JoinProgress]:
        """Every join by its id, as the stream last told it."""
        return {each: shown.progress for each, shown in self._joins.items()}

    def record(self, key: Key, image: Mapping[str, Any]) -> Join | None:
        """Take note of a row's new image.

        Returns:
            The join, where the row is its own wait.
        """
        if key.is_join:
            return self._join(Join.from_item(image, key))
        if not is_join_id(key.payload_id):
            return None
        if key.task_token == DEFINITION:
            self._lists[key.payload_id] = _listed(image)
        if key.task_token.startswith(MEMBER) and key.payload_id in self._joins:
            self._member(self._joins[key.payload_id], MemberRow.from_item(image))
        return None

    def _join(self, join: Join) -> Join:
        shown = self._joins.get(join.join_id)
        before = None if shown is None else shown.join
        if shown is None:
            shown = self._joins[join.join_id] = _Shown(join)
            self._tell(EventKind.WAIT, f"{self._waits(join)}, token {join.wait.key.name}")
        shown.join = join
        if not join.is_closed:
            self._progress(shown)
        if join.wait.is_settled and not (before is not None and before.wait.is_settled):
            self._settled(shown)
        if join.wait.is_answered and not (before is not None and before.wait.is_answered):
            self._answered(shown)
        return join

    def _waits(self, join: Join) -> str:
        """Who waits for what; the list is told before, and read by the sender later."""
        who = join.wait.waiter_name
        what = self._lists.get(join.join_id)
        if what is None:
            return f"{who} asks for a join that breaks a rule"
        total = int(what.split()[0]) if what[0].isdigit() else None
        return f"{who} waits for {what}, {condition(join.succeed_on, total)}"

    def _member(self, shown: _Shown, row: MemberRow) -> None:
        before = shown.rows.get(row.member.index)
        shown.rows[row.member.index] = row
        if row.answer is None or (before is not None and before.answer is not None):
            return
        shown.ended += 1
        # Runs are told by themselves; what never had one, once an error of a join.
        if row.has_failed and row.execution_arn is None and row.answer_error not in shown.errors:
            shown.errors.add(str(row.answer_error))
            who = f", {short(row.member_payload_id)}," if row.member_payload_id else ""
            why = f": {row.error}" if row.error else ""
            text = f"member {row.member.index}{who} is {row.answer_error}{why}"
            self._tell(EventKind.SETTLE, text, is_bad=True)

    def _progress(self, shown: _Shown) -> None:
        total = shown.join.total or 0
        step = shown.ended * STEPS // total if total else 0
        if step > shown.step and shown.ended < total:
            shown.step = step
            self._tell(EventKind.SETTLE, f"{shown.join.wait.waiter_name}: {shown.progress.counts}")

    def _settled(self, shown: _Shown) -> None:
        wait = shown.join.wait
        is_bad = wait.answer_error is not None
        why = wait.error or shown.progress.counts
        what = wait.answer_error or wait.workflow_state
        self._tell(EventKind.SETTLE, f"the join of {wait.waiter_name} is {what}: {why}", is_bad)

    def _answered(self, shown: _Shown) -> None:
        wait, total = shown.join.wait, shown.join.total
        waited = wait.waited_seconds
        after = "" if waited is None else f" after {waited:.1f} s"
        whom = "its join" if total is None else members_text(total)
        if wait.answer == STALE:
            text = f"the answer about {whom} finds {wait.waiter_name} gone{after}"
        else:
            text = f"{wait.waiter_name} is told {answer_name_of(wait)} about {whom}{after}"
        self._tell(EventKind.ANSWER, text, wait.answer != "success")

    def _tell(self, kind: EventKind, text: str, is_bad: bool = False) -> None:
        self.tell(kind, text, is_bad)


def _listed(image: Mapping[str, Any]) -> str:
    """What a definition's row lists: so many members, or where the list is."""
    if "members" in image:
        try:
            return members_text(len(unpack(base64.b64decode(image["members"]["B"]))))
        except (binascii.Error, OSError, TypeError, ValueError):
            return "members that cannot be read"
    return f"the members listed in {image.get('members_url', {}).get('S')}"
