"""Whose turn it is where a pass cannot describe every run that it would have to.

A row may need a description in every pass and still lie there: a run that never came to be
(until the redelivery time), one that waits to be redriven (for up to 14 days). Were the
oldest always first, thousands of such rows would keep every younger one from being looked
at. Nothing is kept between passes, so turns follow from the pass's number alone.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, TypeVar

from cirrus_callbacks_plugin.waits.row import digest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FILL = 0.8
"""How full a group is on average: groups by digest are not of one size."""

Thing = TypeVar("Thing")


def groups_of(payloads: int, fits: float) -> int:
    """In how many groups so many payloads take turns, where a pass has time for ``fits``.

    A power of two: where the number changes from pass to pass, a group of the coarser
    division holds whole groups of the finer one, so nobody's turn is skipped.
    """
    groups = 1
    while payloads > groups * max(fits, 1.0) * FILL:
        groups *= 2
    return groups


def in_turn(
    things: Sequence[Thing],
    payload_id: Callable[[Thing], str],
    *,
    number: int,
    fits: float,
) -> list[Thing]:
    """Order things so that those whose turn it is come first.

    Every thing is among the first ``fits`` payloads within as many consecutive passes as
    there are groups; twice as many where its group is larger than expected, since every
    other time round a group begins from its other end.

    Args:
        things: oldest first.
        payload_id: the payload that a thing is about; things of one take their turn together.
        number: which pass this is; consecutive passes have consecutive numbers.
        fits: payloads for which this pass has time.
    """
    places = {payload: int(digest(payload)[:8], 16) for payload in map(payload_id, things)}
    groups = groups_of(len(places), fits)
    from_the_end = (number // groups) % 2 == 1
    ordered = reversed(things) if from_the_end else things
    return sorted(ordered, key=lambda thing: (places[payload_id(thing)] - number) % groups)


def alternately(first: Sequence[Thing], second: Sequence[Thing]) -> list[Thing]:
    """One of each in turn, so that neither has to wait for the end of the other."""
    nothing = object()
    pairs = zip_longest(first, second, fillvalue=nothing)
    return [thing for pair in pairs for thing in pair if thing is not nothing]  # type: ignore[misc]
