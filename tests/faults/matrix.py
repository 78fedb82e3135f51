"""All cells of one of the product's functions: each of its calls, each fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

from faults.calls import COMMAND
from faults.cell import LASTING, ONCE, Cell, attempt, ordinary
from faults.commands import COMMANDS
from faults.joining import SCENARIOS as JOINING
from faults.rules import violations
from faults.scenarios import SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faults.calls import Call
    from faults.cell import Ordinary
    from faults.fault import Fault
    from faults.world import Deployed

WAYS = (*SCENARIOS, *JOINING, *COMMANDS)
FUNCTIONS = tuple(dict.fromkeys(scenario.function for scenario in WAYS))


def ways(deployed: Deployed, function: str) -> Iterator[tuple[Ordinary, list[Call]]]:
    """The way of each scenario of a function, and the calls that none before it makes."""
    known: set[Call] = set()
    for scenario in WAYS:
        if scenario.function != function:
            continue
        way = ordinary(deployed, scenario)
        yield way, [call for call in way.calls if call not in known]
        known.update(way.calls)


def cells(deployed: Deployed, function: str) -> Iterator[Cell]:
    """Try every fault of every call: once where it may pass, and until it is mended.

    What a command reads is tried until it is mended alone: its clients try again as those of
    the sender do. So is what else is done for a join with the sender's own code and clients.
    """
    for way, calls in ways(deployed, function):
        for call in calls:
            for fault in way.scenario.faults:
                for span in _spans(call, fault):
                    cell = attempt(deployed, way, call, fault, span)
                    cell.problems += violations(cell)
                    yield cell


def _spans(call: Call, fault: Fault) -> tuple[str, ...]:
    is_read_by_command = call.function == COMMAND and not call.is_write
    is_as_in_sender = call.function in (COMMAND, "reconciler") and call.site.startswith("joins/")
    is_tried_once = fault.may_pass and not is_read_by_command and not is_as_in_sender
    return (ONCE, LASTING) if is_tried_once else (LASTING,)
