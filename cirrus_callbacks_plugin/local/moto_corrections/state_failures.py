"""Failures of a state, as moto's interpreter carries them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

RUNTIME = "States.Runtime"
DATA_LIMIT = "States.DataLimitExceeded"
TIMEOUT = "States.Timeout"
HEARTBEAT_TIMEOUT = "States.HeartbeatTimeout"
NO_CHOICE_MATCHED = "States.NoChoiceMatched"


class MissedHeartbeat(str):
    """``States.Timeout`` of a heartbeat that did not come.

    The error travels as text through the frames of Map and Parallel; this one tells there
    that ``States.HeartbeatTimeout`` names it as well.
    """

    __slots__ = ()


def failure(env: Any, error: str, cause: str) -> Exception:
    """The exception with which a state fails.

    Args:
        env: the interpreter's environment in which the state runs.
        error: the error's name.
        cause: what went wrong; DescribeExecution has it with the state's name before it
            where the error is ``States.Runtime``.
    """
    from moto.stepfunctions.parser.api import ExecutionFailedEventDetails, HistoryEventType
    from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
        FailureEvent,
        FailureEventException,
    )
    from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails

    details = ExecutionFailedEventDetails(error=error, cause=cause)
    raised: Exception = FailureEventException(
        failure_event=FailureEvent(
            env=env,
            error_name=reported(error),
            event_type=HistoryEventType.ExecutionFailed,
            event_details=EventDetails(executionFailedEventDetails=details),
        ),
    )
    return raised


def unusable_parameters(env: Any, wrong: Sequence[str]) -> Exception:
    """The exception with which a task fails that cannot start with its parameters.

    AWS has the parameters in this text, too; a task token may be among them.
    """
    what = f"The Parameters could not be used to start the Task: [{', '.join(wrong)}]"
    return failure(env, RUNTIME, what)


def missing_path(env: Any, missing: Any) -> Exception:
    """The failure for a path that leads nowhere; AWS reports it as ``States.Runtime``.

    Args:
        env: the interpreter's environment in which the state runs.
        missing: moto's ``NoSuchJsonPathError``.
    """
    from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

    return failure(
        env,
        RUNTIME,
        f"The JSONPath '{missing.json_path}' specified for the field '{env.next_field_name}' "
        f"could not be found in the input '{to_json_str(missing.data, separators=(',', ':'))}'",
    )


def invalid_condition_path(env: Any, path: str) -> Exception:
    """The failure of a Choice state that looks at a path that leads nowhere."""
    return failure(
        env,
        RUNTIME,
        f"Invalid path '{path}': The choice state's condition path references an invalid value.",
    )


def names(raised: Any, error: str) -> bool:
    """Whether a failure of moto's is of an error."""
    name = raised.failure_event.error_name
    return name is not None and name.error_name == error


def reported(error_name: str | None) -> Any:
    """An error name as a state reports it: whatever text, those of ``States.`` included."""
    from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName

    class Reported(ErrorName):  # type: ignore[misc]
        """moto refuses a reported name that begins with ``States.``."""

    return Reported(error_name)
