"""From a deployment's tables to the graph that was asked for."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import groupby, islice
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.graph.model import Drawing, Identities, graph_of
from cirrus_callbacks_plugin.joins.table import JoinsTable
from cirrus_callbacks_plugin.operations.listing import waits_for_payload
from cirrus_callbacks_plugin.operations.survey import MOST_ROWS_A_STEP, Filters
from cirrus_callbacks_plugin.waits.row import Key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cirrus_callbacks_plugin.cirrus.state_table import Record
    from cirrus_callbacks_plugin.graph.model import Graph
    from cirrus_callbacks_plugin.operations.reasons import Reason
    from cirrus_callbacks_plugin.operations.survey import Survey
    from cirrus_callbacks_plugin.waits.row import Wait


def of_deployment(survey: Survey, filters: Filters, limit: int) -> Graph:
    """The open waits of a deployment, the oldest first.

    A join is one node. Of its members those that wait themselves are shown: a circle of waits
    may lead through them.

    Args:
        survey: a look at the deployment.
        filters: which waits are wanted.
        limit: at most so many waits; 0: all.

    Raises:
        ClientError, BotoCoreError: AWS could not be asked.
    """
    wanted = _in_order(survey.rows(replace(filters, without_members=True)))
    drawing = Drawing()
    joins: list[str] = []
    rows = islice(wanted, limit) if limit else wanted
    while batch := list(islice(rows, MOST_ROWS_A_STEP)):
        _add(drawing, survey, batch)
        joins += [row.payload_id for row in batch if row.is_join]
    is_cut = bool(limit) and next(wanted, None) is not None
    members = _members_that_wait(survey, joins, drawing.waiters())
    _add(drawing, survey, sorted(members, key=lambda row: row.age_order))
    return drawing.finished({}, is_cut=is_cut)


def _add(drawing: Drawing, survey: Survey, rows: Sequence[Wait]) -> None:
    records = _records(survey, rows)
    drawing.identities.learn(rows, records)
    for row, reason in _judged(survey, rows):
        drawing.add(row, reason, records)


def _in_order(rows: Iterable[Wait]) -> Iterator[Wait]:
    """Rows that are oldest first, those of one moment by their keys."""
    for _, together in groupby(rows, key=lambda row: row.registered_at):
        yield from sorted(together, key=lambda row: row.key)


def of_payload(survey: Survey, payload_id: str, *, with_answered: bool = False) -> Graph:
    """What a payload waits for, and who waits for it, as far as that leads.

    Args:
        survey: a look at the deployment.
        payload_id: where to begin.
        with_answered: also the answered waits of the payloads that wait for it, and of itself.

    Raises:
        ClientError, BotoCoreError: AWS could not be asked.
    """
    everything = list(survey.rows(Filters()))
    records = _records(survey, everything, payload_id)
    identities = Identities()
    identities.learn(everything, records)
    if with_answered:
        everything = _with_answered(survey, everything, payload_id, identities)
        records.update(_records(survey, everything, payload_id))
    rows = _around(everything, payload_id, identities)
    graph = graph_of(_judged(survey, rows), records, identities, focus=payload_id)
    is_known = bool(rows) or records[payload_id] is not None
    return replace(graph, is_known=is_known or bool(waits_for_payload(survey, payload_id)))


def _members_that_wait(
    survey: Survey,
    joins: Iterable[str],
    waiters: set[str],
) -> list[Wait]:
    """The joins' waits for payloads that are among those who wait."""
    waits = survey.deployment.waits
    keys = [
        Key.of(member.member_payload_id, member.member.text)
        for join in joins
        for member in JoinsTable(waits).members(join)
        if member.member_payload_id in waiters and member.answer is None
    ]
    return [row for row in waits.read(keys).values() if not row.is_answered]


def _around(rows: Sequence[Wait], payload_id: str, identities: Identities) -> list[Wait]:
    """The rows that lead to a payload from above, and from it downwards."""
    above: dict[str, list[int]] = defaultdict(list)
    below: dict[str, list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        above[row.payload_id].append(index)
        below[identities.waiter_of(row)[0]].append(index)
    wanted: set[int] = set()
    for side, end in ((above, _waiter), (below, _child)):
        seen, left = {payload_id}, [payload_id]
        while left:
            for index in side.get(left.pop(), ()):
                wanted.add(index)
                name = end(rows[index], identities)
                if name not in seen:
                    seen.add(name)
                    left.append(name)
    return [rows[index] for index in sorted(wanted)]


def _waiter(row: Wait, identities: Identities) -> str:
    return identities.waiter_of(row)[0]


def _child(row: Wait, _identities: Identities) -> str:
    return row.payload_id


def _with_answered(
    survey: Survey,
    rows: Sequence[Wait],
    payload_id: str,
    identities: Identities,
) -> list[Wait]:
    """All rows, and the answered ones upwards of a payload: downwards no index leads."""
    by_key = {row.key: row for row in rows}
    seen, left = {payload_id}, [payload_id]
    while left:
        for row in waits_for_payload(survey, left.pop()):
            by_key.setdefault(row.key, row)
            name = identities.waiter_of(row)[0]
            if name not in seen:
                seen.add(name)
                left.append(name)
    return sorted(by_key.values(), key=lambda row: row.registered_at or "")


def _judged(survey: Survey, rows: Iterable[Wait]) -> list[tuple[Wait, Reason | None]]:
    listed = list(rows)
    reasons = {
        explained.row.key: explained.reason
        for explained in survey.explained(row for row in listed if not row.is_answered)
    }
    return [(row, reasons.get(row.key)) for row in listed]


def _records(
    survey: Survey,
    rows: Iterable[Wait],
    *more: str,
) -> dict[str, Record | None]:
    """Cirrus's records of every payload that waits or is waited for.

    One that cannot be read is as if it were not there: the waits for its payload are logged
    and left out, and its runs name nobody.
    """
    ids = dict.fromkeys(more)
    for row in rows:
        ids.update(dict.fromkeys(name for name in (row.payload_id, row.waiter_payload_id) if name))
    return survey.records(ids)
