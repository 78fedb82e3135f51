"""Values that AWS gives as JSON, and moto as Python's objects."""

from __future__ import annotations

import datetime as dt
import functools
from typing import TYPE_CHECKING, Any

import botocore
import botocore.exceptions
import botocore.model
import botocore.session

from cirrus_callbacks_plugin.local.states_language.json_values import as_json, milliseconds_text

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.local.moto_corrections.patches import Patches


def tell_times_as_text(patches: Patches) -> None:
    """The context object's times are ISO 8601 text in UTC, with milliseconds.

    https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html

    In moto ``$$.Execution.StartTime`` is an object, and using it ends the execution with a
    traceback; ``$$.State.EnteredTime`` has microseconds and an offset.
    """
    from moto.stepfunctions.parser.asl.component.state import state
    from moto.stepfunctions.parser.asl.eval.states import ContextObject

    original = ContextObject.__init__
    state_data = state.StateData

    def in_text(self: Any, context_object: Any) -> None:
        execution = context_object["Execution"]
        execution["StartTime"] = _moment_text(execution["StartTime"])
        original(self, context_object)

    def entered(**data: Any) -> Any:
        return state_data(**{**data, "EnteredTime": _moment_text(data["EnteredTime"])})

    patches.set(ContextObject, "__init__", in_text)
    patches.set(state, "StateData", entered)


def give_results_as_json(patches: Patches) -> None:
    """A task's fields are named in PascalCase, and its result is JSON.

    Times and bytes are text, DynamoDB's numbers numbers, a stream the text in it. Where the
    API takes a string or bytes, another value is sent as its JSON.
    https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html

    moto passes names on as they stand, so that ``StateMachineArn`` is unknown to
    ``states:startExecution``, and keeps the objects of its client: the next intrinsic
    function, or the end of the execution, raises.
    """
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import (  # noqa: E501 - moto's path
        StateTaskService,
    )
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sqs import (  # noqa: E501 - moto's path
        StateTaskServiceSqs,
    )

    def operation_of(task: Any, service: str | None, action: str | None) -> Any:
        return _operation(
            task._get_boto_service_name(service),  # noqa: SLF001 - moto has no public seam
            task._get_boto_service_action(action),  # noqa: SLF001
        )

    def _normalise_parameters(
        self: Any,
        parameters: dict[str, Any],
        boto_service_name: str | None = None,
        service_action_name: str | None = None,
    ) -> None:
        operation = operation_of(self, boto_service_name, service_action_name)
        if operation is not None and operation.input_shape is not None:
            self._to_boto_request(parameters, operation.input_shape)

    def _normalise_response(
        self: Any,
        response: Any,
        boto_service_name: str | None = None,
        service_action_name: str | None = None,
    ) -> None:
        if not isinstance(response, dict):
            return
        operation = operation_of(self, boto_service_name, service_action_name)
        told = as_json(_named(response, operation.output_shape if operation else None))
        response.clear()
        response.update(told)

    def as_they_stand(*_: Any, **__: Any) -> None:
        """SQS's names are in PascalCase, and its types are judged before it is called."""

    patches.set(StateTaskService, "_normalise_parameters", _normalise_parameters)
    patches.set(StateTaskService, "_normalise_response", _normalise_response)
    patches.set(StateTaskServiceSqs, "_normalise_parameters", as_they_stand)


@functools.cache
def _operation(service: str, action: str) -> Any:
    """An operation of an AWS API; None where botocore does not know it."""
    try:
        model = botocore.session.get_session().get_service_model(service)
    except botocore.exceptions.UnknownServiceError:
        return None
    for name in model.operation_names:
        if botocore.xform_name(name) == action:
            return model.operation_model(name)
    return None


def _named(value: Any, shape: Any) -> Any:
    """A client's answer with the fields of its structures in PascalCase."""
    if isinstance(shape, botocore.model.StructureShape) and isinstance(value, dict):
        return {
            name[:1].upper() + name[1:]: _named(each, shape.members.get(name))
            for name, each in value.items()
        }
    if isinstance(shape, botocore.model.ListShape) and isinstance(value, list):
        return [_named(each, shape.member) for each in value]
    if isinstance(shape, botocore.model.MapShape) and isinstance(value, dict):
        return {name: _named(each, shape.value) for name, each in value.items()}
    return value


def _moment_text(moment: dt.datetime | str) -> str:
    if isinstance(moment, str):
        if moment.endswith("Z"):
            return moment
        moment = dt.datetime.fromisoformat(moment)
    return milliseconds_text(moment)
