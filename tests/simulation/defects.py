"""Planted defects: each is one mistake that the protocol's rules are there against.

Each patches the product for the block, and says nothing of schedules.
"""

from __future__ import annotations

import dataclasses
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from unittest import mock

from cirrus_callbacks_plugin.aws import batch_reads as batches
from cirrus_callbacks_plugin.aws.error_codes import ErrorKind, classify
from cirrus_callbacks_plugin.cirrus import state_table
from cirrus_callbacks_plugin.cirrus.state_table import Record, StateTable
from cirrus_callbacks_plugin.cirrus.v2 import CirrusGeo2
from cirrus_callbacks_plugin.hooks import process as process_hook
from cirrus_callbacks_plugin.hooks import registration
from cirrus_callbacks_plugin.protocol import answer, rules, settle
from cirrus_callbacks_plugin.protocol.answer import Answerer
from cirrus_callbacks_plugin.protocol.rules import LeaveOpen, Settle, after_end, outcome_of_record
from cirrus_callbacks_plugin.reconcile import repair
from cirrus_callbacks_plugin.reconcile.judge import Run, Verdict, judge
from cirrus_callbacks_plugin.waits.row import STALE, Wait, moment, partition_key
from cirrus_callbacks_plugin.waits.table import WaitsTable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from cirrus_callbacks_plugin.protocol.rules import Judgement

Defect = "Callable[[], AbstractContextManager[Any]]"


def _no_url(_: str) -> None:
    return None


def _trusted(record: Record | None) -> Judgement:
    """What a record says, believed."""
    if record is None or not record.is_final:
        return LeaveOpen("nothing is known")
    return Settle(outcome_of_record(record, _no_url))


def no_read_after_registration() -> AbstractContextManager[Any]:
    """Step 3 of the process hook is left out."""
    return mock.patch.object(process_hook._SettlerAfterCirrus, "settle", return_value=None)


def registration_after_cirrus() -> AbstractContextManager[Any]:
    """Tokens are registered once cirrus is through, not before."""
    run_cirrus = process_hook._Invocation._run_cirrus
    register = process_hook._Invocation._register

    def postponed(self: Any, registrar: Any) -> registration.Registered:
        self.context = registrar
        return registration.Registered()

    def late(self: Any, registered: registration.Registered) -> Any:
        registrar, self.context = self.context, None
        returned = run_cirrus(self, registered)
        found = register(self, registrar)
        registered.open_rows.update(found.open_rows)
        registered.failed.update(found.failed)
        registered.before.update(found.before)
        return returned

    return mock.patch.multiple(
        process_hook._Invocation,
        _register=postponed,
        _run_cirrus=late,
    )


def record_alone_in_step_3() -> AbstractContextManager[Any]:
    """After cirrus ran, whatever final state the record holds is taken."""

    def trusting(_row: Any, attempt: Any, *_: Any) -> Judgement:
        return _trusted(attempt.after)

    return mock.patch.object(process_hook, "after_cirrus", trusting)


def record_alone_in_update_state() -> AbstractContextManager[Any]:
    """update-state settles with the record's state, whichever run it speaks of."""

    def trusting(_row: Any, record: Record | None, _ended: Any) -> Judgement:
        return _trusted(record)

    return mock.patch.object(settle, "after_end", trusting)


def record_alone_in_reconciler() -> AbstractContextManager[Any]:
    """The reconciler trusts a final record and asks Step Functions only about others."""

    def trusting(case: Any) -> Verdict:
        if case.record is not None and case.record.is_final:
            return Verdict(outcome=outcome_of_record(case.record, _no_url))
        return judge(case)

    return mock.patch.object(repair, "judge", trusting)


def registered_at_against_state_updated() -> AbstractContextManager[Any]:
    """Old and new are told apart by times instead of by the last listed run."""

    def by_time(row: Any, record: Record | None, ended: Any) -> Judgement:
        if record is None:
            return Settle(ended.outcome)
        updated = moment(record.state_updated.partition("_")[2])
        is_new = updated > moment(row.registered_at)
        return Settle(ended.outcome) if is_new else LeaveOpen("it is older")

    return mock.patch.object(settle, "after_end", by_time)


def no_seen_execution() -> AbstractContextManager[Any]:
    """Rows do not remember what was seen just before their registration."""
    row = registration.Registrar._row

    def forgetful(*args: Any, **kwargs: Any) -> Any:
        return replace(row(*args, **kwargs), seen_state=None, seen_execution=None)

    return mock.patch.object(registration.Registrar, "_row", forgetful)


def expiration_when_settling() -> AbstractContextManager[Any]:
    """Rows begin to expire when they are settled, not when they are answered."""
    settlement = WaitsTable._settlement

    def expiring(*args: Any) -> Any:
        change = settlement(*args)
        return replace(change, sets={**change.sets, "expiration_time": 1})

    return mock.patch.object(WaitsTable, "_settlement", expiring)


def marking_before_sending() -> AbstractContextManager[Any]:
    """The row is marked answered, and then the answer is sent."""

    def hasty(self: Any, row: Any, given: Any) -> str:
        sent = "success" if given.error is None else "failure"
        self.mark(row, sent, given.error)
        self._send(row.task_token, given)
        return sent

    return mock.patch.object(Answerer, "answer", hasty)


def stale_unconditionally() -> AbstractContextManager[Any]:
    """A refused answer makes the row stale, whatever it says already."""
    mark = WaitsTable._mark

    def careless(*args: Any) -> Any:
        change = mark(*args)
        return replace(change, absent=()) if change.sets["answer"] == STALE else change

    return mock.patch.object(WaitsTable, "_mark", careless)


def older_run_settles() -> AbstractContextManager[Any]:
    """An event settles although a later run is listed."""

    def lenient(row: Any, record: Record | None, ended: Any) -> Judgement:
        run = ended.execution_arn
        if record is not None and run in record.executions:
            place = record.executions.index(run)
            record = dataclasses.replace(record, executions=record.executions[: place + 1])
        return after_end(row, record, ended)

    return mock.patch.object(settle, "after_end", lenient)


@contextmanager
def eventual_read_in_settle() -> Iterator[None]:
    """Neither the rows to settle nor the record that decides are read consistently."""

    def get(self: StateTable, key: Any) -> Record | None:
        response = self.client.get_item(TableName=self.name, Key=key.to_item())
        item = response.get("Item")
        return Record.from_item(item) if item else None

    def open_rows(self: WaitsTable, payload_id: str) -> Iterator[list[Any]]:
        page = self.client.query(
            TableName=self.name,
            KeyConditionExpression="payload_id = :payload_id",
            FilterExpression=(
                "attribute_not_exists(settled_at) AND attribute_not_exists(answered_at)"
            ),
            ExpressionAttributeValues={":payload_id": {"S": partition_key(payload_id)}},
        )
        yield [Wait.from_item(item) for item in page["Items"]]

    with (
        mock.patch.object(StateTable, "get", get),
        mock.patch.object(WaitsTable, "open_rows", open_rows),
    ):
        yield


def lost_unprocessed_key() -> AbstractContextManager[Any]:
    """What a batch read leaves unprocessed is not asked for again."""

    def partial(client: Any, table: str, keys: Any, **_: Any) -> list[dict[str, Any]]:
        response = client.batch_get_item(
            RequestItems={table: {"Keys": list(keys), "ConsistentRead": True}},
        )
        return list(response["Responses"].get(table, []))

    return mock.patch.multiple(state_table, read_batch=partial)


def swallowed_registration() -> AbstractContextManager[Any]:
    """A failed registration is passed over in silence."""

    def silent(_self: Any, _registered: Any, returned: Any, *_: Any) -> Any:
        return returned

    def all_of_it(self: Any, _registered: Any) -> Any:
        return self.handler(self.delivery.event_without(), self.context)

    return mock.patch.multiple(
        process_hook._Invocation,
        _finish=silent,
        _run_cirrus=all_of_it,
    )


def throttling_as_stale() -> AbstractContextManager[Any]:
    """Throttling is taken for a token that is over."""

    def wrong(error: Any) -> ErrorKind:
        kind = classify(error)
        return ErrorKind.CLOSED if kind is ErrorKind.RETRY else kind

    return mock.patch.object(answer, "classify", wrong)


def any_record_is_its_own() -> AbstractContextManager[Any]:
    """A record is taken for the payload's, whichever id cirrus reads back from its key."""
    return mock.patch.object(CirrusGeo2, "reads_back", return_value=True)


def any_run_is_its_own() -> AbstractContextManager[Any]:
    """The reconciler takes every listed run for the payload's."""
    return mock.patch.object(Run, "is_of", return_value=True)


def late_events_settle() -> AbstractContextManager[Any]:
    """The end of a run that stopped before registration settles a row that saw no record."""
    return mock.patch.object(rules, "_had_stopped", return_value=False)


def unlisted_run_settles() -> AbstractContextManager[Any]:
    """A run that cirrus did not start answers those who wait."""
    return mock.patch.object(rules, "_lists_at_claim", return_value=False)


def last_run_is_named() -> AbstractContextManager[Any]:
    """The last listed run is named, though an older one's end may have written the state."""
    return mock.patch.object(Record, "only_execution", Record.last_execution)


def run_is_not_noted() -> AbstractContextManager[Any]:
    """Rows do not remember which run went on when cirrus was through."""
    return mock.patch.object(process_hook, "run_to_note", return_value=None)


@contextmanager
def redelivery_too_short() -> Iterator[None]:
    """The reconciler believes that the queue delivers for 100 s only."""
    yield


DEFECTS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    each.__name__: each
    for each in (
        no_read_after_registration,
        registration_after_cirrus,
        record_alone_in_step_3,
        record_alone_in_update_state,
        record_alone_in_reconciler,
        registered_at_against_state_updated,
        no_seen_execution,
        expiration_when_settling,
        marking_before_sending,
        stale_unconditionally,
        older_run_settles,
        eventual_read_in_settle,
        lost_unprocessed_key,
        swallowed_registration,
        throttling_as_stale,
        any_record_is_its_own,
        any_run_is_its_own,
        late_events_settle,
        unlisted_run_settles,
        last_run_is_named,
        run_is_not_noted,
        redelivery_too_short,
    )
}
SHORT_REDELIVERY = 100
assert batches.MAX_ROUNDS > 1
