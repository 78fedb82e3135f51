"""Who is described first: turns that come round, whatever each pass has time for."""

from __future__ import annotations

import hashlib
import random

import pytest

from cirrus_callbacks_plugin.reconcile.turns import alternately, in_turn

MANY = [f"payload-{number}" for number in range(3000)]


def longest_gap(capacities: list[int], start: int = 0) -> int:
    """The most passes for which a payload was not reached, from the first pass on."""
    reached = dict.fromkeys(MANY, 0)
    longest = 0
    for position, capacity in enumerate(capacities, 1):
        ordered = in_turn(MANY, str, number=start + position)
        longest = max(longest, *(position - last for last in reached.values()))
        reached |= dict.fromkeys(ordered[:capacity], position)
    return longest


@pytest.mark.parametrize(
    ("capacity", "passes"),
    [(3000, 1), (1600, 2), (850, 4), (430, 8), (220, 16)],
)
def test_turns_come_round(capacity: int, passes: int) -> None:
    """Time for a little more than a 2**k-th of the payloads: each has a turn in 2**k passes."""
    assert longest_gap([capacity] * 20) <= passes
    assert longest_gap([capacity] * 20, start=5_700_000) <= passes


def test_turns_come_round_whatever_a_pass_has_time_for() -> None:
    """Passes of different lengths do not skip a turn: the shortest one's bound holds."""
    choose = random.Random(1)  # noqa: S311 - a test's own
    assert longest_gap([choose.choice([430, 500, 850, 1600]) for _ in range(20)]) <= 8


def test_waiters_on_one_payload_take_their_turn_together() -> None:
    """One description serves them all."""
    things = [(payload, waiter) for waiter in range(3) for payload in MANY[:50]]
    ordered = in_turn(things, lambda thing: thing[0], number=7)
    assert [payload for payload, _ in ordered[::3]] == in_turn(MANY[:50], str, number=7)
    assert sorted(ordered) == sorted(things)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([], [], []),
        ([1, 2], [], [1, 2]),
        ([], [1, 2], [1, 2]),
        ([1, 2, 3], [9], [1, 9, 2, 3]),
        ([1], [9, 8, None], [1, 9, 8, None]),
    ],
)
def test_neither_kind_waits_for_the_end_of_the_other(
    first: list[int | None],
    second: list[int | None],
    expected: list[int | None],
) -> None:
    """One of each in turn; nothing is lost."""
    assert alternately(first, second) == expected


@pytest.mark.parametrize("number", [0, 5, 2**32 - 1, 2**40 + 5])
def test_the_first_32_bits_of_the_digest_agree_from_the_lowest_on(number: int) -> None:
    """The order by which every pass, and every version, takes its turns."""
    names = [f"c/workflow-w/{index}" for index in range(64)]

    def agreement(name: str) -> list[int]:
        first = int(hashlib.sha256(name.encode()).hexdigest()[:8], 16)
        return [first >> bit & 1 ^ number >> bit & 1 for bit in range(32)]

    assert in_turn(names, str, number=number) == sorted(names, key=agreement)
