"""Intrinsic functions."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.moto_corrections.state_failures import failure
from cirrus_callbacks_plugin.local.states_language.intrinsic_text import (
    Literal,
    PathReference,
    Text,
    read_intrinsic,
)
from cirrus_callbacks_plugin.local.states_language.intrinsics import (
    IntrinsicError,
    check_call,
    run_intrinsic,
)
from cirrus_callbacks_plugin.local.states_language.json_path import (
    PathNotFoundError,
    read_path,
)

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.local.moto_corrections.patches import Patches


def run_intrinsics(patches: Patches) -> None:  # noqa: C901 - one class, and who makes it
    r"""Intrinsic functions read and do what AWS documents, and fail by AWS's names.

    moto's reader knows no ``null``, no decimals, no ``\'`` and no path with a comma; what it
    cannot read it leaves out. Among its functions are some that fail on text beyond ASCII,
    on lists in lists, on braces, or take ``true`` for 1. A function that fails ends the
    execution with ``States.Runtime``; it must be ``States.IntrinsicFailure``.
    """
    from moto.stepfunctions.parser.asl.component.common.query_language import QueryLanguageMode
    from moto.stepfunctions.parser.asl.component.common.string.string_expression import (
        StringIntrinsicFunction,
        StringVariableSample,
    )
    from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
    from moto.stepfunctions.parser.asl.component.intrinsic.functionname.state_function_name_types import (  # noqa: E501 - moto's path
        StatesFunctionNameType,
    )
    from moto.stepfunctions.parser.asl.component.intrinsic.functionname.states_function_name import (  # noqa: E501 - moto's path
        StatesFunctionName,
    )
    from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor
    from moto.stepfunctions.parser.asl.static_analyser.intrinsic import (
        variable_names_intrinsic_static_analyser as analyser,
    )

    class Intrinsic(EvalComponent):  # type: ignore[misc]
        """A call that was read and checked."""

        def __init__(self, text: str) -> None:
            self.text = text
            self.call = read_intrinsic(text)
            check_call(self.call)
            # ErrorPath and CausePath ask for it: not every function gives a text.
            short = self.call.name.removeprefix("States.")
            self.name = StatesFunctionName(StatesFunctionNameType[short])

        def _eval_body(self, env: Any) -> None:
            try:
                env.stack.append(copy.deepcopy(self._value(env, self.call)))
            except IntrinsicError as error:
                raise failure(env, "States.IntrinsicFailure", self._told(error)) from error

        def _value(self, env: Any, argument: Any) -> Any:
            if isinstance(argument, (Literal, Text)):
                return argument.value
            if isinstance(argument, PathReference):
                return self._referred(env, argument)
            return run_intrinsic(argument, [self._value(env, each) for each in argument.arguments])

        def _referred(self, env: Any, argument: PathReference) -> Any:
            if argument.variable is not None:
                StringVariableSample(QueryLanguageMode.JSONPath, argument.text).eval(env=env)
                return env.stack.pop()
            is_context = argument.text.startswith("$$")
            data = env.states.context_object.context_object_data if is_context else env.stack[-1]
            try:
                return read_path(argument.text[is_context:]).find(data)
            except PathNotFoundError as error:
                # The context object holds the task's token, which is for no message.
                where = "context object" if is_context else f"input '{json.dumps(data)}'"
                missing = (
                    f"The JsonPath argument for the field '{argument.text}' could not be found "
                    f"in the {where}"
                )
                raise failure(env, "States.Runtime", self._told(missing)) from error

        def _told(self, reason: object) -> str:
            return f"The function '{self.text}' had the following error: {reason}"

    def visit_string_intrinsic_function(_: Any, ctx: Any) -> Any:
        text = json.loads(ctx.STRINGINTRINSICFUNC().getText(), strict=False)
        return StringIntrinsicFunction(
            intrinsic_function_derivation=text,
            function=Intrinsic(text),
        )

    def process_and_get(definition: str) -> list[str]:
        return [
            each.variable
            for call in read_intrinsic(definition).calls
            for each in call.arguments
            if isinstance(each, PathReference) and each.variable is not None
        ]

    patches.set(Preprocessor, "visitString_intrinsic_function", visit_string_intrinsic_function)
    patches.set(
        analyser.VariableNamesIntrinsicStaticAnalyser,
        "process_and_get",
        staticmethod(process_and_get),
    )
