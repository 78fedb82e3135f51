"""The matrix as Markdown: what the runs showed, calls of one function under one heading."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from faults.cell import LASTING, ONCE
from faults.fault import Fault
from faults.known import PATH
from faults.rules import AT_ONCE, UNHEARD, is_unheard, rule_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from faults.cell import Cell

HEAD = """\
# What comes of each fault of each AWS call

Written by `make tables` from what the runs showed; `make test` fails where it differs.

Each call of the product was let fail in five ways: *throttled*, *500* (a server error), *timed
out* after it had taken effect, *access denied*, and *missing*: the table, the queue, the bucket,
the state machine, the execution, and for an answer the task that waits (its parent has ended).
Batches in three: to them a server error is throttling, and a missing table a refusal.
First *once*, the very next attempt going through, then *until mended*: through further deliveries
of the message or of the stream's records, or through further passes of the reconciler.

- *Attempts*: how often the first call that failed was made by that invocation, by the client's own
  retries or the hook's.
- *Retried by*: who made it, or what it was for, again later.
- *The answer waits for*: what had to come before the parent was told; "-" where nothing is delayed.
- *Logged*: warnings and errors (decisions in backquotes) beyond those of the undisturbed way; of
  a command its exit status, and the message with which it ends.
- *Row*: how it was marked in the end. `stale` says that Step Functions took the token no more,
  which may stand for an answer of ours.

The grace period counts from the registration, or from the settling where there was one.
"""

COLUMNS = (
    "Call",
    "Fault",
    "Attempts",
    "Retried by",
    "The answer waits for",
    "Logged",
    "Parent sees",
    "Row",
)

_SHORT = {Fault.TIMED_OUT: "timed out", Fault.MISSING: "missing"}


def section(function: str, cells: Sequence[Cell]) -> str:
    """The cells of one function."""
    lines = [f"## {function}", "", _row(COLUMNS), "|" + "---|" * len(COLUMNS)]
    said: dict[str, None] = {}
    for (call, scenario), group in groupby(cells, lambda cell: (cell.call, cell.scenario)):
        named = f"{call.name}<br>*{scenario.name}*"
        for row in _rows(list(group)):
            lines.append(_row((named, *row)))
            named = ""
    for cell in cells:
        rule = rule_of(cell)
        at_once = UNHEARD if is_unheard(cell) else AT_ONCE
        said[at_once if rule is None else rule.says] = None
    return "\n".join([*lines, "", "Rules that these cells were held to:", ""]) + "".join(
        f"\n- {each}" for each in said
    )


def _rows(cells: list[Cell]) -> Iterable[tuple[str, ...]]:
    """Cells of which the same was seen, in one row."""
    alike: dict[tuple[str, ...], list[Cell]] = {}
    for cell in sorted(cells, key=lambda cell: cell.span == LASTING):
        seen = cell.observed
        row = (
            str(seen.attempts),
            _told(seen.retried_by),
            _told(seen.waits_for),
            _told(seen.logged),
            seen.sees,
            seen.row,
        )
        alike.setdefault((cell.span, *row), []).append(cell)
    for (span, *row), found in alike.items():
        faults = ", ".join(_SHORT.get(cell.fault, cell.fault.value) for cell in found)
        yield (f"{faults}: {'once' if span == ONCE else LASTING}", *row)


def _told(texts: Sequence[str]) -> str:
    return "; ".join(texts) or "-"


def _row(values: Sequence[str]) -> str:
    return "| " + " | ".join(value.replace("|", "\\|") for value in values) + " |"


def read_section(function: str) -> str:
    """The section that the committed table holds."""
    _, _, rest = PATH.read_text().partition(f"## {function}\n")
    body, _, _ = rest.partition("\n\n## ")
    return f"## {function}\n{body}".rstrip("\n")


def write(sections: Iterable[str]) -> None:
    """Write the table."""
    PATH.write_text("\n\n".join([HEAD.rstrip("\n"), *sections]) + "\n")
