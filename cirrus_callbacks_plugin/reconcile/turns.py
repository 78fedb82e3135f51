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

BITS = 32

Thing = TypeVar("Thing")


def in_turn(
    things: Sequence[Thing],
    payload_id: Callable[[Thing], str],
    *,
    number: int,
) -> list[Thing]:
    """Order things so that those whose turn it is come first.

    The more low bits of a payload's digest agree with the pass's number, the earlier it
    comes. A pass that has time for a ``2**k``-th of all payloads reaches those that agree in
    ``k`` bits, and ``2**k`` consecutive passes have every ``k`` bits once. So nobody is
    passed over for longer, though no pass knows how far it will come or how far others came.

    Args:
        things: what takes turns.
        payload_id: the payload that a thing is about; things of one take their turn together.
        number: which pass this is; consecutive passes have consecutive numbers.
    """

    def place(thing: Thing) -> int:
        differing = int(digest(payload_id(thing))[:8], 16) ^ number
        return int(f"{differing:0{BITS}b}"[::-1], 2)  # the lowest bit counts most

    return sorted(things, key=place)


def alternately(first: Sequence[Thing], second: Sequence[Thing]) -> list[Thing]:
    """One of each in turn, so that neither has to wait for the end of the other."""
    nothing = object()
    pairs = zip_longest(first, second, fillvalue=nothing)
    return [thing for pair in pairs for thing in pair if thing is not nothing]  # type: ignore[misc]
