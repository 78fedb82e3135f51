"""The hook around cirrus's ``update-state``: settle the rows of the payload that ended."""

from __future__ import annotations

import functools
import logging
import time
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.aws.deadline import Deadline
from cirrus_callbacks_plugin.aws.error_codes import error_code
from cirrus_callbacks_plugin.cirrus import installed
from cirrus_callbacks_plugin.cirrus.observe import FinalState, Notes, recording_final_states
from cirrus_callbacks_plugin.cirrus.state_table import COMPLETED_STATES, StateKey
from cirrus_callbacks_plugin.errors import ConfigurationError
from cirrus_callbacks_plugin.hooks.own_time import CALL_SECONDS
from cirrus_callbacks_plugin.hooks.services import Services
from cirrus_callbacks_plugin.naming import workflow_of
from cirrus_callbacks_plugin.protocol import wait_log
from cirrus_callbacks_plugin.protocol.rules import Ended, cut, displaces, ended_of
from cirrus_callbacks_plugin.protocol.settle import Progress, settle_open_rows
from cirrus_callbacks_plugin.waits.outcome import Outcome
from cirrus_callbacks_plugin.waits.row import UNKNOWN_WORKFLOW, timestamp
from cirrus_callbacks_plugin.waits.step_log import log_step

if TYPE_CHECKING:
    from collections.abc import Callable

    from cirrus_callbacks_plugin.cirrus.adapter import Adapter, Handler
    from cirrus_callbacks_plugin.waits.continuation import Continuation

logger = logging.getLogger(__name__)

MAX_PUTS = 3
"""Of one outcome that is to go on in the sender, where others are put there meanwhile."""
_LEFT_TO_RECONCILER = "the payload's waits stay open until the reconciler settles them"


def update_state(
    handler: Handler,
    *,
    services: Callable[[], Services] = Services.from_env,
    clock: Callable[[], float] = time.monotonic,
) -> Handler:
    """Wrap cirrus's ``update-state`` handler: it returns and raises what cirrus does.

    Rows are settled also where the handler raised after it had written the state; a
    failure to settle never fails the handler, and thousands of waiters never let the
    lambda die: what does not fit into its time goes on in the sender.

    Args:
        handler: cirrus's handler, or another hook's.
        services: makes the clients and reads the tables' names, afresh in every invocation.
        clock: seconds, monotonic.
    """

    @functools.wraps(handler)
    def lambda_handler(event: Any, context: Any = None) -> Any:
        time_left = Deadline.of(context, clock)
        try:
            adapter = installed.adapter()
        except ConfigurationError as error:
            logger.error("Callbacks are misconfigured: %s", error)  # noqa: TRY400
            return handler(event, context)
        with recording_final_states(adapter) as notes:
            try:
                return handler(event, context)
            finally:
                _settle(notes, event, adapter, services, time_left)

    return lambda_handler


def _settle(
    notes: Notes,
    event: Any,
    adapter: Adapter,
    services: Callable[[], Services],
    time_left: Deadline,
) -> None:
    for payload_id, final in notes.by_payload.items():
        try:
            parts = services()
            ended = _ended(payload_id, final, event, adapter)
            progress = settle_open_rows(
                parts.waits,
                parts.states,
                payload_id,
                ended,
                has_time_left=time_left.has_time_left,
            )
            if progress.settled:
                logger.info("Payload %s: %d wait(s) settled", payload_id, progress.settled)
            if not progress.is_complete:
                _continue_later(parts, payload_id, ended, progress, time_left)
        except Exception as error:  # noqa: BLE001 - the reconciler mends it
            # Without a traceback, which could hold a request, and so a token.
            why = str(error) if isinstance(error, ConfigurationError) else error_code(error)
            log_step(
                wait_log.NOT_SETTLED,
                payload_id,
                level=logging.ERROR,
                workflow_state=final.state,
                why=f"{why}; {_LEFT_TO_RECONCILER}",
            )


def _continue_later(
    services: Services,
    payload_id: str,
    ended: Ended,
    progress: Progress,
    time_left: Deadline,
) -> None:
    """Leave the rest to the sender, unless that very call could outlast the lambda.

    A quarter of the time is left then, and enough; not so where the last call before hung.
    An outcome that waits there already stays, if the run that ended here is listed before its.
    """
    newer = replace(
        ended,
        outcome=replace(ended.outcome, execution_arn=progress.execution_arn),
        execution_arn=progress.execution_arn,
    )
    adapter = installed.adapter()
    key = StateKey.of(payload_id)
    waiting: Continuation | None = None
    for _ in range(MAX_PUTS):
        if time_left.seconds() < CALL_SECONDS:
            break
        waiting = services.waits.continue_later(
            payload_id,
            workflow_of(payload_id) or UNKNOWN_WORKFLOW,
            newer.outcome,
            adapter.version,
            newer.stopped_at,
            waiting,
        )
        if waiting is None:
            log_step(
                wait_log.LEFT_TO_SENDER,
                payload_id,
                level=logging.WARNING,
                workflow_state=newer.outcome.workflow_state,
                execution_arn=newer.execution_arn,
                why="not all waits could be settled in this invocation",
            )
            return
        if time_left.seconds() < CALL_SECONDS:
            break
        record = services.states.get(key) if key is not None else None
        lists_at_claim = adapter.generation.lists_run_at_claim
        if not displaces(record, newer, ended_of(waiting), lists_run_at_claim=lists_at_claim):
            log_step(
                wait_log.LEFT_TO_SENDER,
                payload_id,
                workflow_state=waiting.outcome.workflow_state,
                execution_arn=waiting.outcome.execution_arn,
                why="the outcome of a later run waits there already",
            )
            return
    log_step(
        wait_log.NOT_SETTLED,
        payload_id,
        level=logging.WARNING,
        workflow_state=newer.outcome.workflow_state,
        execution_arn=newer.execution_arn,
        why=f"the tracking table does not answer; {_LEFT_TO_RECONCILER}",
    )


def _ended(payload_id: str, final: FinalState, event: Any, adapter: Adapter) -> Ended:
    """The run that ended, and what its handler wrote of it."""
    detail = event.get("detail") if isinstance(event, dict) else None
    detail = detail if isinstance(detail, dict) else {}
    arn = detail.get("executionArn")
    arn = arn if isinstance(arn, str) else None
    has_output = final.state in COMPLETED_STATES and arn is not None and detail.get("output")
    return Ended(
        execution_arn=arn,
        stopped_at=_time_of(detail.get("stopDate")),
        outcome=Outcome(
            workflow_state=final.state,
            error=cut(final.error),
            output_payload_url=adapter.output_url(payload_id, arn) if has_output and arn else None,
        ),
    )


def _time_of(milliseconds: Any) -> str | None:
    """A time of EventBridge's event, in epoch milliseconds, as rows hold times."""
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, (int, float)):
        return None
    try:
        return timestamp(datetime.fromtimestamp(milliseconds / 1000, timezone.utc))
    except (OverflowError, OSError, ValueError):
        return None
