"""What is to come of a fault, said for a class of calls and never for one cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from faults.cell import LASTING
from faults.fault import Fault

if TYPE_CHECKING:
    from faults.cell import Cell

ANY = frozenset(Fault)
PASSING = frozenset(fault for fault in Fault if fault.may_pass)
REFUSED = ANY - PASSING
MISSING = frozenset({Fault.MISSING})
DENIED = frozenset({Fault.DENIED})

SENDING = ("SendTaskSuccess", "SendTaskFailure")


@dataclass(frozen=True)
class Rule:
    """What comes of a fault that lasts until it is mended.

    After a write that took effect there may be nothing left to try again, or to wait for.

    Attributes:
        says: the rule.
        function: whose calls.
        steps: parts of ``Call.name``, one of which must be in it.
        faults: which faults.
        retried_by, waits_for: who tries again, and what the answer waits for.
        logged: texts that the log must hold; empty where nothing is to be said.
        is_marked: how the row is marked, where that is not the answer itself.
        names_the_code: False where AWS's error code is not a matter of the log.
    """

    says: str
    function: str
    steps: tuple[str, ...]
    faults: frozenset[Fault] = ANY
    retried_by: tuple[str, ...] = ()
    waits_for: tuple[str, ...] = ()
    logged: tuple[str, ...] = ()
    is_marked: str | None = None
    names_the_code: bool = True

    def fits(self, cell: Cell) -> bool:
        """True where the rule is about the cell."""
        return (
            cell.span == LASTING
            and cell.call.function == self.function
            and cell.fault in self.faults
            and any(step in cell.call.name for step in self.steps)
        )
