"""Whether everybody was told, and the truth: what a soak comes to.

What is true is the simulation's definition (``simulation/invariants.py``), applied to what
was noted while the soak ran.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bench.soak.plan import NOT_ENABLED
from cirrus_callbacks_plugin.protocol.error_names import INVALID_PAYLOAD, answer_error_of
from cirrus_callbacks_plugin.protocol.error_names import NOT_ENABLED as NOT_ENABLED_ERROR
from cirrus_callbacks_plugin.waits.row import STALE, SUCCESS, Key, Wait
from simulation.invariants import untruths

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bench.soak.notes import Notes, Told, Waiter
    from bench.soak.plan import Plan

    Rows = Mapping[str, Mapping[str, Any]]

RECONCILER = "reconciler"


@dataclass(slots=True)
class Judgement:
    """What a soak came to.

    Attributes:
        expected: how many waited.
        answered: how many were told something.
        lost: who was not told, in words; only of a soak that was not interrupted.
        wrong: which promise was broken for whom, in words.
        extra_calls: SendTask* calls for tokens whose answer had been accepted.
        told_but_stale: waits that were told and whose row says ``stale``: the mark, or the
            answer to the call, was lost.
        answers: how many by what they were told.
        seconds: from a child's end to its waiter's answer, by way.
        open: who had not been told when the soak was interrupted.
        real: how many of those answered are executions.
        is_interrupted: it was ended by hand.
    """

    expected: int
    answered: int = 0
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    extra_calls: int = 0
    told_but_stale: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, list[float]] = field(default_factory=lambda: {"usual": [], RECONCILER: []})
    open: int = 0
    real: int = 0
    is_interrupted: bool = False


def judge(
    notes: Notes,
    plan: Plan,
    rows: Rows,
    parents: Mapping[int, Mapping[str, Any]],
    *,
    interrupted: bool,
) -> Judgement:
    """Judge a soak by its notes.

    Args:
        notes: what happened.
        plan: what was sent.
        rows: the tracking table at the end, by sort key.
        parents: what each item of a real parent was told, by its message's number.
        interrupted: not everything was sent, or could come to its end.
    """
    waiting = [message for message in plan.messages if message.waits]
    judgement = Judgement(len(waiting), is_interrupted=interrupted)
    known = {waiter.message.number: waiter for waiter in notes.waiters.values()}
    for message in waiting:
        waiter = known.get(message.number)
        who = f"{message.number} ({message.payload.kind}, {message.payload.item})"
        if waiter is None or waiter.told is None:
            judgement.open += 1
            if not interrupted:
                judgement.lost.append(f"{who}: {_why_lost(waiter, rows)}")
            continue
        _count(judgement, notes, waiter, waiter.told)
        told = parents.get(message.number)
        found = _wrong(notes, waiter, waiter.told, rows, told, interrupted=interrupted)
        judgement.wrong += [f"{who}: {what}" for what in found]
        row = rows.get(Key.of("", waiter.token).task_token)
        judgement.told_but_stale += row is not None and row.get("answer", {}).get("S") == STALE
    judgement.wrong += [f"a token is in a request of {leak}" for leak in notes.leaks]
    for payload_id, ghost in notes.ghosts.items():
        judgement.wrong += [f"{payload_id}: {problem[:120]}" for problem in ghost.problems]
    return judgement


def _why_lost(waiter: Waiter | None, rows: Rows) -> str:
    if waiter is None or waiter.registered is None:
        return "was never registered"
    row = rows.get(Key.of("", waiter.token).task_token)
    if row is None:
        return "its row is gone"
    if "answer" in row:
        return f"is marked {row['answer']['S']}, and was told nothing"
    return "is settled, and was not told" if "settled_at" in row else "was never settled"


def _count(judgement: Judgement, notes: Notes, waiter: Waiter, told: Told) -> None:
    judgement.answered += 1
    judgement.extra_calls += waiter.extra
    judgement.real += waiter.message.by_parent
    judgement.answers[told.error or SUCCESS] += 1
    ended = notes.ended.get(str(told.content.get("execution_arn")))
    if ended is None or waiter.registered is None:
        return  # no run's end is what it was told of
    way = RECONCILER if RECONCILER in (told.by, waiter.settled_by) else "usual"
    judgement.seconds[way].append(told.at - max(ended, waiter.registered))


def _wrong(
    notes: Notes,
    waiter: Waiter,
    told: Told,
    rows: Rows,
    parent: Mapping[str, Any] | None,
    *,
    interrupted: bool,
) -> Iterator[str]:
    """Everything that is wrong with what one waiter was told."""
    key = Key.of("", waiter.token).task_token
    item = rows.get(key)
    if item is None or waiter.payload_id is None:
        yield "was told, and has no row"
        return
    row = Wait.from_item(item)
    is_marked = row.is_answered
    if not is_marked and not interrupted:
        yield "was told, and its row does not say so"
    if is_marked and row.answer != STALE:
        yield from _differs(row, told)
    yield from _of_another(waiter, told)
    yield from _of_the_payload(waiter, told)
    if waiter.message.by_parent and not interrupted:
        yield from _parent_differs(told, parent)
    ghost = notes.ghosts[waiter.payload_id]
    facts = ghost.rows[key]
    if is_marked and told.error not in (INVALID_PAYLOAD, NOT_ENABLED_ERROR):
        number, replace = waiter.message.number, waiter.message.replace
        yield from untruths(ghost, str(number), dict(item), facts, number, replace=replace)
    for before, after in zip(facts.images, facts.images[1:], strict=False):
        if not (before["answer"]["S"] == STALE != after["answer"]["S"]):
            yield "3. its row was changed after it had been answered"


def _differs(row: Wait, told: Told) -> Iterator[str]:
    """The row says what Step Functions took."""
    expected = answer_error_of(row) if row.is_settled else row.answer_error
    if row.answer != told.answer or (told.error is not None and told.error != expected):
        yield f"its row says {row.answer} {row.answer_error}, it was told {told.error or SUCCESS}"
    state = told.content.get("workflow_state")
    if row.is_settled and state is not None and state != row.workflow_state:
        yield f"its row says {row.workflow_state}, it was told {state}"
    if told.answer == SUCCESS and state not in ("SUCCEEDED", "COMPLETED"):
        yield f"was told a success of {state}"


def _of_another(waiter: Waiter, told: Told) -> Iterator[str]:
    """It is told of the payload that it asked for."""
    named, asked = told.content.get("payload_id"), waiter.message.payload.id
    if named != asked:
        yield f"asked for {asked}, and was told of {named}"


def _of_the_payload(waiter: Waiter, told: Told) -> Iterator[str]:
    """Refusals say what they are for, and come where they must."""
    kind = waiter.message.payload.kind
    if (told.error == INVALID_PAYLOAD) != (kind == "unusable"):
        yield f"was told {told.error or SUCCESS} of a payload that is {kind}"
    if told.error == NOT_ENABLED_ERROR and kind != NOT_ENABLED:
        yield "was told that its workflow is not enabled, which it is"


def _parent_differs(told: Told, parent: Mapping[str, Any] | None) -> Iterator[str]:
    """The execution knows what Step Functions took."""
    if parent is None:
        yield "its execution did not come to its end"
    elif told.answer == SUCCESS:
        if parent.get("answer") != told.content:
            yield "its execution knows another answer than was sent"
    else:
        failure = parent.get("failure", {})
        content = json.loads(failure.get("Cause") or "{}")
        if (failure.get("Error"), content) != (told.error, told.content):
            yield "its execution knows another failure than was sent"
