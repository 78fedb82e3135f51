"""What a simulated world begins with, and what may happen in it."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulation.join_request import Join

PREFIX = "arn:aws:states:us-west-2:123456789012:stateMachine:sim-"
WORKFLOW = "child"
EVENT_TRIES = 3  # an asynchronous invocation is tried three times
PAYLOAD_ID = f"scenes/workflow-{WORKFLOW}/a"
SECOND_ID = f"scenes/workflow-{WORKFLOW}/b"
NEIGHBOUR_ID = f"scenes/workflow-{WORKFLOW}/a/workflow-1"
"""Shares its record's key with ``PAYLOAD_ID``, which is what cirrus reads back from it."""
OLD_RUN = f"{PREFIX}{WORKFLOW}:old-run".replace(":stateMachine:", ":execution:")

REPLACEMENT = f"{PREFIX}{WORKFLOW}:replacement".replace(":stateMachine:", ":execution:")


def first_run(payload_id: str) -> str:
    """The run of a payload that goes on at the start."""
    machine = f"{PREFIX}{WORKFLOW}".replace(":stateMachine:", ":execution:")
    return f"{machine}:first-{payload_id[-1]}"


BY_HAND = f"{PREFIX}{WORKFLOW}:by-hand".replace(":stateMachine:", ":execution:")


@dataclass(frozen=True, slots=True)
class Sent:
    """A message in the process queue: a token that waits for a payload, or for a join's.

    Attributes:
        token: its task token, None for a message without one.
        replace: asks for the payload to be run again.
        is_garbage: its body is not JSON; cirrus raises for it, and deletes its neighbours.
        payload_id: another payload than the world's first.
        join: it is a join request.
        waiter: the payload of the parent that waits; its first run is the one.
        tells: what that parent told of itself: ``execution``, ``payload`` or ``both``.
        after: sent once this token has been answered: by its parent, which was redriven.
    """

    token: str | None
    replace: bool = False
    is_garbage: bool = False
    payload_id: str | None = None
    join: Join | None = None
    waiter: str | None = None
    tells: str = "execution"
    after: str | None = None

    @property
    def name(self) -> str:
        """How reports call it."""
        if self.is_garbage:
            return "garbage"
        if self.join is not None:
            return self.join.name
        kind = "replace" if self.replace else "plain"
        if self.after is not None:
            return f"{kind} of a redriven parent"
        if self.waiter is not None:
            return f"{self.waiter[-1]} waits for {(self.payload_id or PAYLOAD_ID)[-1]}"
        return kind if self.token is not None else f"{kind} without token"


@dataclass(frozen=True)
class Scenario:
    """One world.

    Attributes:
        before: the payload's state at the start, None where it was never seen. Any state
            but None has one old run behind it: ended, or running for ``PROCESSING``.
        messages: what is in the queue at the start.
        can_start: False where the workflow has no state machine.
        outcomes: how runs may end.
        ends: how they end instead, one after the other; empty for any outcome.
        old_events: how often the event of the old run's end may still be delivered (late
            or repeated).
        events: how often the event of a new run's end may be delivered; more than once is
            a repetition, and not at all is always possible.
        faults: how many crashes, throttles, stale or partial reads may happen.
        fault_kinds: which ones; empty for all.
        faulty: the kinds of invocations that they befall; empty for all.
        reconcilers: passes that may be under way at once.
        passes: reconciler passes while things still happen (some always follow at the end).
        advances: how often 200 s may pass while things still happen.
        redelivery_seconds: what the reconciler believes of the queue.
        crowd: invocations of one kind that may be under way at once.
        deliveries: at most so many of one message while things still happen.
        updates: at most so many invocations of ``update-state`` in all while things still
            happen.
        shares_key: the messages' payload has an id that does not survive the way to its
            record's key and back: the old run, and what the record says, are another's.
        is_redriven: the old run had failed, was replaced and then redriven: both go on.
        by_hand: whether somebody may start an execution that no record lists.
        deletions: how often an operator may delete the record.
        before_id: the payload whose old run there was, where it is not the first one.
        losses: how many messages may be lost, received or not.
        dead_letters: how many that were received may come no more.
        lost_records: how many of the stream's records may be lost.
        list_changes: how often the list behind a join's ``members_url`` may be changed.
        slow_expansions: how often a sender may have no time left for sending more members.
        may_close: whether the parent may end while its token waits.
        has_lanes: rows of two payloads, or joins, may be with two senders at once.
        most_bytes: of a message that the queue takes.
        queue_seconds: how long the reconciler believes that the queue keeps a message.
        tells_ends: runs that end once the exploring is over are told of.
        redrives: how often an operator may redrive a run that did not succeed.
        running: payloads whose first run goes on at the start; their parents are among them.
        waits_first: the reconciler comes once all messages were processed, and runs end once it
            has listed which ones go on.
        batches: two rows are written in a batch, as more than a few are in a deployment.
    """

    before: str | None
    messages: tuple[Sent, ...]
    can_start: bool = True
    outcomes: tuple[str, ...] = ("SUCCEEDED", "FAILED")
    ends: tuple[str, ...] = ()
    old_events: int = 0
    events: int = 1
    faults: int = 1
    fault_kinds: tuple[str, ...] = ()
    faulty: tuple[str, ...] = ()
    reconcilers: int = 1
    passes: int = 0
    advances: int = 0
    redelivery_seconds: int = 5400
    crowd: int = 2
    deliveries: int = 5
    updates: int = 100
    shares_key: bool = False
    is_redriven: bool = False
    by_hand: bool = False
    deletions: int = 0
    before_id: str | None = None
    losses: int = 0
    dead_letters: int = 0
    lost_records: int = 0
    list_changes: int = 0
    slow_expansions: int = 0
    may_close: bool = False
    has_lanes: bool = False
    most_bytes: int = 2048
    queue_seconds: int = 10_000
    tells_ends: bool = False
    redrives: int = 0
    running: tuple[str, ...] = ()
    waits_first: bool = False
    batches: bool = False

    @functools.cached_property
    def has_parts(self) -> bool:
        """True where there are several payloads, or joins: notes are taken of each."""
        return self.has_joins or bool(self.running)

    @functools.cached_property
    def has_joins(self) -> bool:
        """True where a message asks for a join."""
        return any(sent.join is not None for sent in self.messages)

    @functools.cached_property
    def payload_ids(self) -> tuple[str, ...]:
        """Every payload that there is to run, the first one first."""
        members = [
            each.payload_id for sent in self.messages if sent.join for each in sent.join.members
        ]
        others = [sent.payload_id for sent in self.messages if sent.payload_id is not None]
        return tuple(dict.fromkeys([self.payload_id, *members, *others, *self.running]))

    @functools.cached_property
    def payload_id(self) -> str:
        """What the messages' tokens wait for."""
        return NEIGHBOUR_ID if self.shares_key else PAYLOAD_ID

    @functools.cached_property
    def sender_comes_last(self) -> bool:
        """True where nobody could tell whether the sender came earlier.

        It works on settled rows and on task tokens (but for what a hook leaves to it: ``World``).
        Hooks neither read nor change a settled row (``World`` notes it as a problem if one does),
        but for that of a message which comes again; apart from them only the reconciler looks.
        Of a join it sends the members.
        """
        comes_later = any(sent.after is not None for sent in self.messages)
        may_come_before = self.may_reconcile or self.has_joins or comes_later
        return self.deliveries == 1 and not may_come_before

    @functools.cached_property
    def may_reconcile(self) -> bool:
        """True where the reconciler, or time, may come while things still happen."""
        return bool(self.passes or self.advances)

    @functools.cached_property
    def name(self) -> str:
        """How reports call it."""
        sent = "+".join(each.name for each in self.messages)
        start = "" if self.can_start else ", no state machine"
        told = self.ends or (self.outcomes if len(self.outcomes) == 1 else ())
        ends = f", runs end {' then '.join(told)}" if told else ""
        repairs = "" if self.reconcilers == 1 else f", {self.reconcilers} reconcilers"
        others = [
            (self.shares_key, ", of another payload"),
            (self.is_redriven, ", redriven beside its replacement"),
            (self.by_hand, ", a run by hand"),
            (bool(self.deletions), ", the record deleted"),
            (bool(self.redrives), ", a run redriven"),
            (bool(self.losses), ", a message lost"),
            (bool(self.dead_letters), ", a dead letter"),
            (bool(self.lost_records), ", a record of the stream lost"),
            (bool(self.list_changes), ", the list changed"),
            (bool(self.slow_expansions), ", a slow sender"),
            (self.may_close, ", the parent ends"),
            (self.has_lanes, ", several senders"),
            (self.batches, ", in batches"),
            (bool(self.faulty), f", faults of {' and '.join(self.faulty)}"),
        ]
        more = "".join(name for is_so, name in others if is_so)
        return f"{self.before or 'new'}{more}: {sent}{start}{ends}{repairs}"


def larger_scenarios(*, redelivery_seconds: int = 5400) -> list[Scenario]:
    """The worlds that random walks explore: two messages and more of everything."""
    a, b = Sent("token-a"), Sent("token-b")
    garbage = Sent(None, is_garbage=True)
    sent = ((a,), (a, b), (Sent("token-a", replace=True), b), (a, garbage))
    found = [
        Scenario(
            before=before,
            messages=messages,
            old_events=2,
            events=2,
            faults=2,
            passes=1,
            advances=2,
            redelivery_seconds=redelivery_seconds,
        )
        for before in (None, "FAILED", "SUCCEEDED", "PROCESSING")
        for messages in sent
    ]
    found += [
        replace(
            Scenario(None, (a, b), old_events=2, events=2, faults=2, passes=1, advances=2),
            redelivery_seconds=redelivery_seconds,
            **special,
        )
        for special in _special_worlds()
    ]
    found.append(
        Scenario(None, (a, b), can_start=False, faults=2, redelivery_seconds=redelivery_seconds),
    )
    found.append(
        Scenario(
            "INVALID",
            (Sent("token-a", replace=True), b),
            old_events=1,
            faults=2,
            redelivery_seconds=redelivery_seconds,
        ),
    )
    found.append(
        Scenario(
            "PROCESSING",
            (a, b),
            old_events=1,
            reconcilers=2,
            passes=2,
            advances=2,
            redelivery_seconds=redelivery_seconds,
        ),
    )
    # What a read leaves out is asked for again: nobody waits for the reconciler.
    found.append(
        Scenario(
            "SUCCEEDED",
            (a, b),
            fault_kinds=("unprocessed",),
            redelivery_seconds=redelivery_seconds,
        ),
    )
    return found


_BY_HAND_BESIDE: dict[str, Any] = {"before": "PROCESSING", "by_hand": True, "old_events": 0}
_ONE_WAY: dict[str, Any] = {"ends": ("SUCCEEDED", "FAILED")}


def _special_worlds() -> list[dict[str, Any]]:
    """What else there is in deployments: ids that share a key, hands on executions and records."""
    return [
        {"before": "SUCCEEDED", "shares_key": True},
        {"before": "PROCESSING", "shares_key": True},
        {
            "before": "PROCESSING",
            "is_redriven": True,
            "ends": ("SUCCEEDED", "FAILED"),
            "old_events": 0,
        },
        {"before": None, "by_hand": True, "old_events": 0},
        _BY_HAND_BESIDE,
        {"before": None, "deletions": 1},
        {"before": "FAILED", "deletions": 1},
    ]


def small_scenarios(*, has_all_ends: bool = True) -> list[Scenario]:
    """One payload, one process, one update-state, one sender, one crash: explored whole.

    A crash before a call is the crash after the call before it, so one kind is enough. What
    a crash leaves, and the end of a run that only then began, come once the exploring is over.

    Args:
        has_all_ends: False where two runs that are under way from the beginning, one of them
            started by hand, end in one way alone: the first well, the other not. Each way is
            as large as all other worlds together; walks come through all of them.
    """
    both = ("SUCCEEDED", "FAILED")
    return [
        Scenario(
            before,
            (Sent("token-a", replace=is_replace),),
            can_start=can_start,
            outcomes=outcomes,
            events=0 if before == "PROCESSING" else 1,
            old_events=1 if before == "PROCESSING" else 0,
            fault_kinds=("crash-after",),
            crowd=1,
            deliveries=1,
        )
        for before, is_replace, can_start, outcomes in (
            (None, False, True, both),
            (None, False, False, both),
            ("FAILED", False, True, both),
            ("SUCCEEDED", False, True, both),
            ("SUCCEEDED", True, True, both),
            ("PROCESSING", False, True, ("SUCCEEDED",)),
            ("PROCESSING", False, True, ("FAILED",)),
        )
    ] + [
        replace(
            Scenario(
                None,
                (Sent("token-a"),),
                old_events=1,
                fault_kinds=("crash-after",),
                crowd=1,
                deliveries=1,
            ),
            **special,
            **({} if has_all_ends or special != _BY_HAND_BESIDE else _ONE_WAY),
        )
        for special in (*_special_worlds(), *_redriven_worlds())
    ]


def _redriven_worlds() -> list[dict[str, Any]]:
    """A child that fails and is redriven; a parent that is, and asks again with a fresh token."""
    again = (Sent("token-a"), Sent("token-b", after="token-a"))
    return [
        {"before": None, "redrives": 1, "ends": ("FAILED", "SUCCEEDED"), "old_events": 0},
        {"before": "FAILED", "redrives": 1, "ends": ("SUCCEEDED",), "old_events": 0},
        {"before": None, "messages": again, "ends": ("FAILED", "SUCCEEDED"), "old_events": 0},
    ]


def twofold_scenarios() -> list[Scenario]:
    """Two process, two update-state and one fault of any kind: for ``make simulate``.

    A crash before a call is the crash after the call before it. What a fault sends back to
    the queue is delivered once more when the exploring is over.

    One message has the token. What happens to its row, another row has no part in: hooks settle
    each for itself (``independence`` says what each call touches, and the world that no call
    touches more). ``with_two_tokens`` are the same worlds with a token on both.
    """
    found = []
    for world in with_two_tokens():
        first, second = world.messages
        others = [(first, replace(second, token=None))]
        if first.replace:
            others.append((replace(first, token=None), second))
        found += [replace(world, messages=messages) for messages in others]
    return found


def with_two_tokens() -> list[Scenario]:
    """The worlds of ``twofold_scenarios``, larger by the interplay of two waiters."""
    failed, succeeded = "FAILED", "SUCCEEDED"
    return [
        Scenario(
            before,
            (Sent("token-a", replace=is_replace), Sent("token-b")),
            ends=ends,
            old_events=old_events,
            events=events,
            fault_kinds=("crash-after", "throttle", "stale", "stale-far", "unprocessed"),
            crowd=2,
            deliveries=1,
            updates=2,
        )
        for before, is_replace, ends, old_events, events in (
            # One run after the other; one run and its event twice.
            (None, False, (failed, succeeded), 0, 1),
            (None, False, (succeeded,), 0, 2),
            # The old run's event comes late, beside a new one's.
            (failed, False, (succeeded,), 1, 1),
            (failed, False, (failed, succeeded), 0, 1),
            (succeeded, False, (succeeded,), 2, 0),
            (succeeded, True, (failed, succeeded), 1, 1),
            # The run in progress ends; so does the one that follows it.
            ("PROCESSING", False, (failed, succeeded), 0, 1),
            ("PROCESSING", False, (succeeded,), 1, 1),
            ("PROCESSING", True, (succeeded, failed), 0, 1),
        )
    ]
