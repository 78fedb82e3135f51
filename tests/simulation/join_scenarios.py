"""Worlds with joins."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from simulation.join_request import Join, Member
from simulation.scenario import PAYLOAD_ID, SECOND_ID, Scenario, Sent

THIRD_ID = SECOND_ID[:-1] + "c"
A, B, C = Member(PAYLOAD_ID), Member(SECOND_ID), Member(THIRD_ID)
REFERENCE = Member(SECOND_ID, "reference")
ATTACHED = Member(SECOND_ID, "attached")
LARGE = Member(SECOND_ID, is_large=True)
OTHER = Sent(None, payload_id=SECOND_ID)
"""Somebody else starts the attached member's payload."""


def join_scenarios() -> list[Scenario]:
    """Two and three members, each kind; all and any, early and settled; every mishap once."""
    pairs = (((A, B), ()), ((A, ATTACHED), (OTHER,)), ((A, A), ()))
    found = [
        world(Join(members, succeed_on, answer), *others)
        for members, others in pairs
        for succeed_on in ("all", "any")
        for answer in ("early", "settled")
    ]
    return [*found, *_others(), *disturbed_scenarios()]


def _others() -> list[Scenario]:
    """Members of every kind, and payloads that were there before."""
    two, attached = Join((A, B)), Join((A, ATTACHED))
    return [
        world(Join((A, REFERENCE))),
        world(Join((A, LARGE), "any", "settled")),
        world(Join(())),
        world(attached, before="SUCCEEDED", before_id=SECOND_ID),
        world(attached, before="FAILED", before_id=SECOND_ID),
        world(attached, before="PROCESSING", before_id=SECOND_ID, old_events=1),
        world(two, before="SUCCEEDED"),
        world(two, before="FAILED", old_events=1),
        world(two, before="PROCESSING", old_events=1),
        world(two, can_start=False),
        world(two, may_close=True),
        world(replace(Join((A, B, C), 2), by_url=True)),
    ]


def disturbed_scenarios() -> list[Scenario]:
    """Crashes, and everything that only the reconciler can make up for."""
    three, two = Join((A, B, C), 2), Join((A, B))
    lost: dict[str, Any] = {"passes": 1, "tells_ends": False}
    crash: dict[str, Any] = {"fault_kinds": ("crash-after",)}
    return [
        world(three, faults=2),
        world(two, faulty=("sender",), **crash),
        world(two, faulty=("process",), dead_letters=1, deliveries=1, tells_ends=False, **crash),
        world(two, losses=1, **lost),
        world(two, lost_records=1, **lost),
        world(three, events=0, **lost),
        world(two, events=2, deliveries=5, faults=2, advances=1, **lost),
        world(replace(two, deadline_seconds=300), passes=2, advances=3),
        world(replace(three, by_url=True), list_changes=1, faults=2),
        world(two, has_lanes=True, faults=0, outcomes=("SUCCEEDED",)),
        world(three, has_lanes=True, faults=2),
        world(three, slow_expansions=2),
        world(two, has_lanes=True, passes=1, advances=1),
    ]


ONE, TWO, TWICE = Join((A,)), Join((A, B)), Join((A, A))
MIXED, ATTACHED_ALONE = Join((A, ATTACHED)), Join((ATTACHED,))
_SHORT: dict[str, Any] = {"deliveries": 1, "crowd": 1, "faults": 0}
"""One invocation of a kind at a time, no message twice, no fault; each end may be lost."""
_CRASH: dict[str, Any] = {**_SHORT, "faults": 1, "fault_kinds": ("crash-after",)}
_LOSSES: tuple[dict[str, Any], ...] = ({"losses": 1}, {"lost_records": 1}, {"may_close": True})
_FUNCTIONS = ("process", "update_state", "sender")


def smallest_join_scenarios() -> list[Scenario]:
    """One member, its run succeeds; one kind of function dies once, or one thing is lost.

    A crash before a call is the crash after the call before it, so one kind is enough.
    """
    found = [_succeeding(ONE, faulty=(each,), **_CRASH) for each in _FUNCTIONS]
    lost: tuple[dict[str, Any], ...] = ({"dead_letters": 1}, {"losses": 1})
    found += [_succeeding(ONE, faulty=("process",), **_CRASH, **each) for each in lost]
    found.append(_succeeding(ONE, slow_expansions=2, faulty=("process",), **_CRASH))
    return [*found, *(_succeeding(ONE, **_SHORT, **each) for each in _LOSSES)]


def small_join_scenarios() -> list[Scenario]:
    """Those, two members, and a pass of the reconciler beside a member: explored whole.

    Where nothing is lost the first run that ends succeeds, and the second fails. What a crash or a
    loss leaves is repaired once the exploring is over.
    """
    one_of_two: dict[str, Any] = {"ends": ("SUCCEEDED", "FAILED"), **_SHORT}
    running = {"before": "PROCESSING", "before_id": SECOND_ID}
    return [
        *smallest_join_scenarios(),
        world(TWO, **one_of_two),
        world(replace(TWO, succeed_on="any", answer="settled"), **one_of_two),
        world(TWICE, **one_of_two),
        world(replace(TWICE, succeed_on="any"), **one_of_two),
        _succeeding(MIXED, before="SUCCEEDED", before_id=SECOND_ID, **_SHORT),
        _succeeding(MIXED, **running, **_SHORT),
        _succeeding(ATTACHED_ALONE, **running, **_CRASH, faulty=("sender",)),
        *(_succeeding(TWICE, **_SHORT, **each) for each in _LOSSES),
        _succeeding(ONE, passes=1, events=0, **_SHORT),
    ]


def larger_join_spaces() -> list[Scenario]:
    """Two members and a mishap, several senders, a reconciler beside the others.

    For ``make simulate``: minutes each, the last ones hours.
    """
    one_of_two: dict[str, Any] = {"ends": ("SUCCEEDED", "FAILED"), **_SHORT}
    found = [
        world(replace(TWO, succeed_on="any"), **one_of_two),
        world(replace(TWO, answer="settled"), **one_of_two),
        world(replace(TWICE, answer="settled"), **one_of_two),
    ]
    pairs = ((TWICE, ()), (ATTACHED_ALONE, (OTHER,)), (TWO, ()), (MIXED, (OTHER,)))
    for join, others in pairs:
        found += [_succeeding(join, *others, faulty=(each,), **_CRASH) for each in _FUNCTIONS]
    for join, others in pairs[1:]:
        found += [_succeeding(join, *others, **_SHORT, **each) for each in _LOSSES]
    found += [
        _succeeding(Join((A, A, A)), slow_expansions=1, **_SHORT),
        _succeeding(TWICE, has_lanes=True, **_SHORT),
        _succeeding(ONE, passes=1, **_SHORT),
        _succeeding(TWO, has_lanes=True, **_SHORT),
    ]
    return found


def _succeeding(join: Join, *others: Sent, **special: Any) -> Scenario:
    return world(join, *others, outcomes=("SUCCEEDED",), **special)


def world(join: Join, *others: Sent, **special: Any) -> Scenario:
    """A new join, and what is told otherwise."""
    given: dict[str, Any] = {"before": None, "deliveries": 2, "tells_ends": True, **special}
    return Scenario(messages=(Sent("token-j", join=join), *others), **given)
