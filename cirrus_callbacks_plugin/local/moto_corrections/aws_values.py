"""Values that AWS gives as JSON, and moto as Python's objects."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.states_language.json_values import as_json

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
    """A task's result is JSON: times and bytes are text, DynamoDB's numbers numbers.

    moto keeps the objects of its client: the next intrinsic function, or the end of the
    execution, raises.
    """
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
        state_task_service_factory,
    )
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import (  # noqa: E501 - moto's path
        StateTaskService,
    )

    del state_task_service_factory  # imports every kind of task
    for kind in _kinds_of(StateTaskService):
        if "_eval_service_task" not in vars(kind):
            continue
        original = vars(kind)["_eval_service_task"]

        def run(self: Any, env: Any, *args: Any, original: Any = original, **named: Any) -> None:
            original(self, env, *args, **named)
            env.stack[-1] = as_json(env.stack[-1])

        patches.set(kind, "_eval_service_task", run)


def _kinds_of(kind: Any) -> list[Any]:
    return [kind, *(deeper for each in kind.__subclasses__() for deeper in _kinds_of(each))]


def _moment_text(moment: dt.datetime | str) -> str:
    if isinstance(moment, str):
        if moment.endswith("Z"):
            return moment
        moment = dt.datetime.fromisoformat(moment)
    utc = moment.astimezone(dt.timezone.utc).replace(tzinfo=None)
    return utc.isoformat(timespec="milliseconds") + "Z"
