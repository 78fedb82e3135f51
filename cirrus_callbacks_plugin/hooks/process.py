"""The hook around cirrus's ``process``: register, let cirrus work, settle the rest.

Payloads without a token go through untouched and cost no AWS call.
"""

from __future__ import annotations

import functools
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.aws.error_codes import error_code
from cirrus_callbacks_plugin.aws.side_by_side import run_side_by_side
from cirrus_callbacks_plugin.cirrus import installed
from cirrus_callbacks_plugin.cirrus.observe import recording_final_states
from cirrus_callbacks_plugin.errors import ConfigurationError, RegistrationFailed, place_of
from cirrus_callbacks_plugin.hooks.delivery import Delivery
from cirrus_callbacks_plugin.hooks.neighbours import delete_from_queue
from cirrus_callbacks_plugin.hooks.own_time import OwnTime
from cirrus_callbacks_plugin.hooks.registration import Registered, Registrar
from cirrus_callbacks_plugin.hooks.services import HookClients, Services, clients
from cirrus_callbacks_plugin.protocol import wait_log
from cirrus_callbacks_plugin.protocol.rules import Attempt, Settle, after_cirrus, run_to_note
from cirrus_callbacks_plugin.protocol.wait_log import log_wait
from cirrus_callbacks_plugin.waits.step_log import log_step
from cirrus_callbacks_plugin.waits.table import Settlement

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from cirrus_callbacks_plugin.cirrus.adapter import Adapter, Handler
    from cirrus_callbacks_plugin.cirrus.observe import Notes
    from cirrus_callbacks_plugin.waits.outcome import Outcome
    from cirrus_callbacks_plugin.waits.row import Wait

logger = logging.getLogger(__name__)


def process(
    handler: Handler,
    *,
    services: Callable[[], Services] = Services.from_env,
    own_time: Callable[[], OwnTime] = OwnTime,
) -> Handler:
    """Wrap cirrus's ``process`` handler.

    The wrapped handler returns what cirrus returns and raises what cirrus raises, with
    one exception.

    Args:
        handler: cirrus's handler, or another hook's.
        services: makes the clients and reads the tables' names, afresh in every invocation.
        own_time: makes the stopwatch that bounds what the hook adds.

    Raises:
        RegistrationFailed: (the wrapped handler) cirrus returned, but some messages with
            tokens could not be registered and must be delivered again; all others were
            deleted from the queue.

    A message that cirrus would die of, and its whole batch with it (the object behind its
    ``url`` is missing, say), is left out once its waiters are told: its neighbours run, and it
    leaves the queue with them. By itself it goes to cirrus, which does with it what it does.

    A join request with a token is registered and taken out of the event. One that holds nothing
    else is not given to cirrus: the wrapped handler returns None then, and Lambda, which looks
    at nothing but whether it raises, deletes the batch. Where cirrus raises for the others, join
    requests leave the queue all the same: nothing is left to be done with them.
    """

    @functools.wraps(handler)
    def lambda_handler(event: Any, context: Any = None) -> Any:
        delivery = Delivery.of(event)
        if not delivery.carriers:
            return handler(delivery.event_without(), context)
        return _Invocation(handler, delivery, context, own_time()).run(services)

    return lambda_handler


@dataclass(slots=True, eq=False, repr=False)
class _Invocation:
    handler: Handler
    delivery: Delivery
    context: Any
    own_time: OwnTime

    def run(self, services: Callable[[], Services]) -> Any:
        try:
            our_services = services()
            adapter = installed.adapter()
        except Exception as error:  # noqa: BLE001 - see below
            # As good as an unreachable table: neighbours are processed, the rest comes back.
            reason = str(error) if isinstance(error, ConfigurationError) else error_code(error)
            logger.error("Callbacks are misconfigured: %s", reason)  # noqa: TRY400
            registered = self._all_failed(reason)
            return self._finish(registered, self._run_cirrus(registered))
        registered = self._register(Registrar(our_services, adapter, self.own_time))
        with recording_final_states(adapter) as notes:
            try:
                returned = self._run_cirrus(registered)
            except Exception:
                self._settle(registered, our_services, adapter, notes, returned=False)
                done = {*self._left_out(registered), *self._joined(registered)}
                self._delete(done, our_services.clients)
                raise
        self._settle(registered, our_services, adapter, notes, returned=True)
        return self._finish(registered, returned, our_services.clients)

    def _all_failed(self, reason: str) -> Registered:
        return Registered(failed={message.index: reason for message in self.delivery.carriers})

    def _register(self, registrar: Registrar) -> Registered:
        """Step 1. Whatever goes wrong in it concerns the messages with tokens alone."""
        with self.own_time.running():
            try:
                return registrar.register(self.delivery.carriers)
            except Exception as error:  # noqa: BLE001 - see above
                reason = f"unexpected {type(error).__name__}"
                # Its text may quote what it met, and so a token: only the place is told.
                logger.error("Registration failed: %s at %s", reason, place_of(error))  # noqa: TRY400
                return self._all_failed(reason)

    def _run_cirrus(self, registered: Registered) -> Any:
        left_out = self._left_out(registered)
        for index in left_out:
            spoiler = registered.spoilers[index]
            log_step(
                wait_log.LEFT_OUT,
                spoiler.payload_id,
                level=logging.WARNING,
                message=self.delivery.messages[index].name,
                why=f"cirrus would fail its whole batch for it: {spoiler.refused}",
            )
        kept_back = {*registered.failed, *registered.joins, *left_out}
        if len(kept_back) == len(self.delivery.messages):
            return None
        event = self.delivery.event_without(kept_back, registered.records)
        return self.handler(event, self.context)

    def _left_out(self, registered: Registered) -> tuple[int, ...]:
        """Messages that would take their neighbours along; none where they have no neighbours."""
        kept_back = {*registered.failed, *registered.joins, *registered.spoilers}
        has_others = len(kept_back) < len(self.delivery.messages)
        return tuple(registered.spoilers) if has_others else ()

    def _joined(self, registered: Registered) -> set[int]:
        """Join requests that were registered: with them nothing is left to do."""
        return registered.joins - set(registered.failed)

    def _settle(
        self,
        registered: Registered,
        services: Services,
        adapter: Adapter,
        notes: Notes,
        *,
        returned: bool,
    ) -> None:
        """Step 3; a failure here is mended by the reconciler, and noticed by no one."""
        if not registered.open_rows:
            return
        with self.own_time.running():
            try:
                settler = _SettlerAfterCirrus(services, adapter, self.own_time)
                settler.settle(registered, notes, returned=returned)
            except Exception as error:  # noqa: BLE001 - see above
                for row, _ in registered.open_rows.values():
                    log_wait(
                        row,
                        wait_log.NOT_SETTLED,
                        level=logging.WARNING,
                        why=f"{error_code(error)}; the wait stays open until its run ends",
                    )

    def _finish(
        self,
        registered: Registered,
        returned: Any,
        kept: HookClients | None = None,
    ) -> Any:
        """Cirrus returned: send back what could not be registered, and nothing else."""
        if not registered.failed:
            return returned
        everything = {message.index for message in self.delivery.messages}
        self._delete(everything - set(registered.failed), kept)
        names = [self.delivery.messages[index].name for index in sorted(registered.failed)]
        raise RegistrationFailed(names, next(iter(registered.failed.values())))

    def _delete(self, indexes: Collection[int], kept: HookClients | None) -> None:
        """Delete messages from their queue: of these nothing is left to do."""
        messages = [self.delivery.messages[index] for index in sorted(indexes)]
        with self.own_time.running():
            if any(message.queue_arn for message in messages):
                delete_from_queue(lambda: (kept or clients()).sqs, messages)


@dataclass(slots=True, eq=False, repr=False)
class _SettlerAfterCirrus:
    """Step 3: read the records again and settle the rows that nobody else will settle."""

    services: Services
    adapter: Adapter
    own_time: OwnTime

    def settle(self, registered: Registered, notes: Notes, *, returned: bool) -> None:
        after = self.own_time.call(
            lambda: self.services.states.read(
                {key for _, key in registered.open_rows.values()},
                before_call=self.own_time.check,
            ),
        )
        settlements: list[tuple[Wait, Outcome]] = []
        started: list[tuple[Wait, str]] = []
        for row, key in registered.open_rows.values():
            attempt = Attempt(
                before=registered.before.get(key),
                after=after.get(key),
                wrote=notes.by_payload.get(row.payload_id),
                returned=returned,
            )
            output_url = functools.partial(self.adapter.output_url, row.payload_id)
            judgement = after_cirrus(row, attempt, self.adapter.generation, output_url)
            if isinstance(judgement, Settle):
                settlements.append((row, judgement.outcome))
            else:
                record = attempt.after
                log_wait(
                    row,
                    wait_log.LEFT_OPEN,
                    record_state=record.state if record else None,
                    execution_arn=record.last_execution if record else None,
                    why=judgement.why,
                )
                run = run_to_note(row, record)
                if run is not None:
                    started.append((row, run))
        self._settle(settlements)
        self._note(started)

    def _settle(self, settlements: Sequence[tuple[Wait, Outcome]]) -> None:
        results = self.services.waits.settle_all(
            [Settlement(row.key, outcome, row.execution_arn) for row, outcome in settlements],
            call=self.own_time.call,
        )
        for (row, outcome), result in zip(settlements, results, strict=True):
            failed = isinstance(result, Exception)
            done = wait_log.SETTLED if result is True else wait_log.SETTLED_BEFORE
            log_wait(
                row,
                wait_log.NOT_SETTLED if failed else done,
                level=logging.WARNING if failed else logging.INFO,
                workflow_state=outcome.workflow_state,
                answer_error=outcome.answer_error,
                execution_arn=outcome.execution_arn,
                why=error_code(result) if isinstance(result, Exception) else None,
            )

    def _note(self, started: Sequence[tuple[Wait, str]]) -> None:
        """Keep in the rows which run they wait for; missed only where its record is deleted."""
        for (row, run), result in zip(
            started, run_side_by_side(self._put_run, started), strict=True
        ):
            if isinstance(result, Exception):
                log_wait(
                    row,
                    wait_log.NOT_NOTED,
                    level=logging.WARNING,
                    execution_arn=run,
                    why=error_code(result),
                )

    def _put_run(self, noted: tuple[Wait, str]) -> bool:
        row, run = noted
        return self.own_time.call(lambda: self.services.waits.note_run(row.key, run))
