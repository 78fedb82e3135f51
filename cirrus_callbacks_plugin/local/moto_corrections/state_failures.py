"""Failures of a state, as moto's interpreter carries them."""

from __future__ import annotations

from typing import Any


def failure(env: Any, error: str, cause: str) -> Exception:
    """The exception with which a state fails.

    Args:
        env: the interpreter's environment in which the state runs.
        error: the error's name.
        cause: what went wrong.
    """
    from moto.stepfunctions.parser.api import ExecutionFailedEventDetails, HistoryEventType
    from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
    from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
        FailureEvent,
        FailureEventException,
    )
    from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails

    details = ExecutionFailedEventDetails(error=error, cause=cause)
    raised: Exception = FailureEventException(
        failure_event=FailureEvent(
            env=env,
            error_name=ErrorName(error),
            event_type=HistoryEventType.ExecutionFailed,
            event_details=EventDetails(executionFailedEventDetails=details),
        ),
    )
    return raised
