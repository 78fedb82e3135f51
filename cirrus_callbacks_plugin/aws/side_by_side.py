"""Do the same to many things at once, and let no error of one touch another."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WORKERS = 16
"""Calls under way at once; clients keep as many connections."""

Thing = TypeVar("Thing")
Result = TypeVar("Result")


def run_side_by_side(
    work: Callable[[Thing], Result],
    things: Sequence[Thing],
    *,
    workers: int = WORKERS,
) -> list[Result | Exception]:
    """Apply ``work`` to every thing, at most ``workers`` at once.

    Returns:
        In the order of the things: what ``work`` returned, or the exception it raised.
    """

    def attempt(thing: Thing) -> Result | Exception:
        try:
            return work(thing)
        except Exception as error:  # noqa: BLE001 - handed to the caller, who knows its types
            return error

    if len(things) <= 1:
        return [attempt(thing) for thing in things]
    with ThreadPoolExecutor(max_workers=min(workers, len(things))) as pool:
        return list(pool.map(attempt, things))
