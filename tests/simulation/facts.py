"""What a payload's notes say for the future: two worlds alike in this are judged alike."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from simulation.invariants import is_of_its_own, is_old, is_true, overtaken, ran_again
from simulation.texts import Parted, parted, parted_item

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from simulation.ghost import Ghost, RowFacts

_PAST = ("seen_state", "seen_execution")
"""Of a settled row: decides nothing any more."""


def items_of(items: Collection[dict[str, Any]]) -> Iterator[Parted]:
    """What is in a table."""
    yield Parted(str(len(items)), ())
    yield from map(parted_item, items)


def older_items_of(pairs: Collection[tuple[Any, Any]]) -> Iterator[Parted]:
    """What was in it."""
    yield Parted(str(len(pairs)), ())
    for first, last in pairs:
        yield parted_item(first)
        yield parted_item(last)


def records_of(records: Collection[dict[str, Any]]) -> Iterator[str]:
    """The rows that records of the stream are about."""
    yield str(len(records))
    for each in records:
        yield text_of_row(each["dynamodb"]["NewImage"])


_MOST_ROWS = 50_000
_ROWS: dict[int, tuple[Any, str]] = {}


def text_of_row(row: dict[str, Any]) -> str:
    """What a row says for the future; it is written once, changes make another one."""
    known = _ROWS.get(id(row))
    if known is None:
        if len(_ROWS) >= _MOST_ROWS:
            _ROWS.clear()
        known = _ROWS[id(row)] = (row, parted(repr(without_past(row))).text)
    return known[1]


def ghost_facts(ghost: Ghost) -> tuple[Any, ...]:
    listed = [(run.listed, arn) for arn, run in ghost.runs.items() if run.listed is not None]
    return (
        [arn for _, arn in sorted(listed)],
        [
            (
                arn,
                run.started is not None,
                run.ended is not None,
                run.result,
                run.messages,
                run.is_replacement,
                run.is_unnoted,
                sorted({result for _, result in run.ends}),
            )
            for arn, run in sorted(ghost.runs.items())
        ],
        ghost.listings,
        [(each.state, each.run) for each in ghost.written[-1:]],
        ghost.problems,
    )


def facts_of_wait(
    ghost: Ghost, row: dict[str, Any], number: int, *, replace: bool
) -> Iterator[str]:
    """What a wait is judged by, now and later."""
    yield text_of_row(row)
    facts = ghost.rows[row["task_token"]["S"]]
    told: tuple[Any, ...]
    if facts.settled is None:
        told = open_facts(ghost, facts)
    else:
        told = truths(ghost, facts, row, replace=replace), is_of_its_own(ghost, facts, row, number)
    yield repr(
        (
            ran_again(ghost, facts, number),
            ran_again(ghost, facts, number, for_itself=True),
            overtaken(ghost, facts),
            facts.settled_by,
            sorted(facts.unseen),
            any(
                (run.started or 0) > facts.registered and number in run.messages
                for run in ghost.runs.values()
            ),
            [image["answer"] for image in facts.images],
            told,
        )
    )


def truths(ghost: Ghost, facts: RowFacts, row: dict[str, Any], *, replace: bool) -> list[bool]:
    """Whether a settled row will be true, whatever comes."""
    return [
        is_true(ghost, facts, row, replace=replace, ran_again=again, besides=besides)
        for again in (False, True)
        for besides in _parts(ghost.never_came_to_be())
    ]


def _parts(runs: Collection[str]) -> Iterator[tuple[str, ...]]:
    """Which of the runs that have not started may never do so."""
    for count in range(len(runs) + 1):
        yield from itertools.combinations(sorted(runs), count)


def without_past(row: dict[str, Any]) -> dict[str, Any]:
    if "settled_at" not in row:
        return row
    return {name: value for name, value in row.items() if name not in _PAST}


def open_facts(ghost: Ghost, facts: RowFacts) -> tuple[Any, ...]:
    """What a row's judgement will depend on, when it is settled."""
    held = {
        (
            each.state,
            each.run,
            each.is_listed,
            ghost.latest_listed(max(each.step, facts.registered)),
        )
        for each in ghost.held(facts.registered, ghost.step)
    }
    return (
        ghost.latest_listed(facts.registered),
        ghost.was_final(facts),
        sorted(held, key=repr),
        [
            (arn, run.ended is not None and run.ended < facts.registered, is_old(run, facts))
            for arn, run in sorted(ghost.runs.items())
        ],
    )
