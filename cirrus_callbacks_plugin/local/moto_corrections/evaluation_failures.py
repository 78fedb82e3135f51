"""The failure of an expression in JSONata, as moto's interpreter carries it."""

from __future__ import annotations

from typing import Any

QUERY_EVALUATION_ERROR = "States.QueryEvaluationError"


def evaluation_failure(env: Any, expression: Any, what: str) -> Exception:
    """The exception with which a state fails for an expression.

    Args:
        env: the interpreter's environment in which the state runs.
        expression: moto's ``StringJSONata``.
        what: what happened, as the end of a sentence about the expression.
    """
    from moto.stepfunctions.parser.api import EvaluationFailedEventDetails, HistoryEventType
    from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
        FailureEvent,
        FailureEventException,
    )
    from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import (
        StatesErrorName,
    )
    from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
        StatesErrorNameType,
    )
    from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails

    location = getattr(expression, "location", "")
    field = f" specified for the field '{location}'" if location else ""
    cause = f"The JSONata expression '{expression.expression}'{field} {what}"
    details = EvaluationFailedEventDetails(error=QUERY_EVALUATION_ERROR, cause=cause)
    if location:
        details["location"] = location
    raised: Exception = FailureEventException(
        failure_event=FailureEvent(
            env=env,
            error_name=StatesErrorName(typ=StatesErrorNameType.StatesQueryEvaluationError),
            event_type=HistoryEventType.EvaluationFailed,
            event_details=EventDetails(evaluationFailedEventDetails=details),
        )
    )
    return raised
