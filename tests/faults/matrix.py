"""All cells of one of the product's functions: each of its calls, each fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

from faults.cell import LASTING, ONCE, Cell, attempt, ordinary
from faults.fault import Fault
from faults.rules import violations
from faults.scenarios import SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faults.calls import Call
    from faults.cell import Ordinary
    from faults.world import Deployed

FUNCTIONS = tuple(dict.fromkeys(scenario.function for scenario in SCENARIOS))


def ways(deployed: Deployed, function: str) -> Iterator[tuple[Ordinary, list[Call]]]:
    """The way of each scenario of a function, and the calls that none before it makes."""
    known: set[Call] = set()
    for scenario in SCENARIOS:
        if scenario.function != function:
            continue
        way = ordinary(deployed, scenario)
        yield way, [call for call in way.calls if call not in known]
        known.update(way.calls)


def cells(deployed: Deployed, function: str) -> Iterator[Cell]:
    """Try every fault of every call: once where it may pass, and until it is mended."""
    for way, calls in ways(deployed, function):
        for call in calls:
            for fault in Fault:
                for span in (ONCE, LASTING) if fault.may_pass else (LASTING,):
                    cell = attempt(deployed, way, call, fault, span)
                    cell.problems += violations(cell)
                    yield cell
