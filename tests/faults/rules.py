"""Whether a cell is as the rules say: who retries, what is delayed, what is logged.

The promises that hold for every cell stand in ``cell.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from faults import batch_rules, command_rules, function_rules, join_rules
from faults.calls import COMMAND
from faults.cell import ONCE, Cell, expected_code
from faults.command_rules import SENDER
from faults.fault import Fault
from faults.rule import SENDING, Rule

if TYPE_CHECKING:
    from collections.abc import Callable

RULES = (
    *batch_rules.RULES,
    *join_rules.RULES,
    *function_rules.RULES,
    *command_rules.RULES,
)

UNHEARD = (
    "What a command's client did without hearing of it looks like somebody else's work when it "
    "tries again: exit status 1, and nothing is delayed but to the sender."
)
AT_ONCE = "What passes at once is cured by the client: nothing is delayed, nothing is said."


def is_unheard(cell: Cell) -> bool:
    """True for a command's act that its client made twice."""
    return (
        cell.call.function == COMMAND
        and cell.fault is Fault.TIMED_OUT
        and any(part in cell.call.name for part in (*SENDING, "WaitsTable.settle"))
    )


def rule_of(cell: Cell) -> Rule | None:
    """The rule for a cell; None where the fault passes at once, or no rule was made."""
    return next((rule for rule in RULES if rule.fits(cell)), None)


def violations(cell: Cell) -> list[str]:
    """Where a cell is not as the rules say."""
    if cell.span == ONCE:
        return _at_once(cell)
    rule = rule_of(cell)
    if rule is None:
        return ["no rule says what is to come of this"]
    return [f"{found} (rule: {rule.says})" for found in _lasting(cell, rule)]


def _at_once(cell: Cell) -> list[str]:
    seen = cell.observed
    if seen.attempts < 2:
        return ["the client did not try again"]
    if is_unheard(cell) and seen.logged == ("exit status 1",):
        return [] if seen.retried_by in ((), (SENDER,)) else [f"{seen} (rule: {UNHEARD})"]
    beyond = [*seen.retried_by, *seen.waits_for, *seen.logged]
    return [f"{beyond} (rule: {AT_ONCE})"] if beyond else []


def _lasting(cell: Cell, rule: Rule) -> list[str]:
    seen, found = cell.observed, []
    took_effect = cell.fault is Fault.TIMED_OUT and cell.call.is_write
    checks: tuple[Callable[[], str | None], ...] = (
        lambda: _differs("retried by", seen.retried_by, rule.retried_by, optional=took_effect),
        lambda: _differs("waits for", seen.waits_for, rule.waits_for, optional=took_effect),
        lambda: _unsaid(cell, rule),
    )
    for check in checks:
        problem = check()
        if problem is not None:
            found.append(problem)
    if rule.is_marked is not None and seen.row != rule.is_marked and not took_effect:
        found.append(f"the row is marked {seen.row}, not {rule.is_marked}")
    return found


def _differs(
    what: str,
    seen: tuple[str, ...],
    wanted: tuple[str, ...],
    *,
    optional: bool,
) -> str | None:
    if seen == wanted or (optional and not seen):
        return None
    return f"{what} {seen}, not {wanted}"


def _unsaid(cell: Cell, rule: Rule) -> str | None:
    lines = cell.observed.logged
    if not rule.logged:
        return f"{lines} is logged" if lines else None
    missing = [text for text in rule.logged if not any(text in line for line in lines)]
    if missing:
        return f"{missing} is not logged, but {lines}"
    code = expected_code(cell.call, cell.fault)
    if rule.names_the_code and not any(code in text for text in cell.texts):
        return f"no line names {code}"
    return None
