"""JSONata: expressions are evaluated, their errors are Step Functions' and can be caught.

moto parses states in JSONata and hands their expressions to a Java library that is not there.
Facts: https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

import contextlib
import json
import math
import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.jsonata.errors import (
    ExpressionError,
    NotJsonError,
    UndefinedError,
)
from cirrus_callbacks_plugin.local.jsonata.expression import evaluate

if TYPE_CHECKING:
    from collections.abc import Callable

    from cirrus_callbacks_plugin.local.moto_corrections.patches import Patches

ERROR = "States.QueryEvaluationError"

_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})", re.ASCII)
"""RFC 3339, with the capital T and Z that Step Functions asks for."""


def evaluate_expressions(patches: Patches) -> None:
    """An expression sees ``$states`` and the variables; what fails is ``QueryEvaluationError``.

    moto calls a function that it never sets: a ``TypeError``, which is ``States.Runtime``.
    """
    from moto.stepfunctions.parser.asl.component.common.catch.catcher_decl import CatcherDecl
    from moto.stepfunctions.parser.asl.component.common.string.string_expression import (
        StringJSONata,
    )

    catch = CatcherDecl._eval_body  # noqa: SLF001 - moto has no public seam

    def _eval_body(self: Any, env: Any) -> None:
        try:
            env.stack.append(evaluate(self.expression, _variables(env)))
        except ExpressionError as error:
            raise _failure(env, self, _what_happened(error)) from error

    def _eval_catcher(self: Any, env: Any) -> None:
        env.is_in_a_catcher = True
        try:
            catch(self, env)
        finally:
            env.is_in_a_catcher = False

    patches.set(StringJSONata, "_eval_body", _eval_body)
    patches.set(CatcherDecl, "_eval_body", _eval_catcher)


def read_strings_as_json(patches: Patches) -> None:
    r"""A text of a state machine is JSON: ``\/`` is a slash, two escapes of a pair a character.

    moto reads the texts of JSONata as Python does, and leaves escapes in those of Assign as
    they are. Each expression also learns in which field it stands, for the causes of errors.
    """
    from moto.stepfunctions.parser.asl.component.common.assign.assign_template_value_terminal import (  # noqa: E501
        AssignTemplateValueTerminalLit,
    )
    from moto.stepfunctions.parser.asl.component.common.jsonata.jsonata_template_binding import (
        JSONataTemplateBinding,
    )
    from moto.stepfunctions.parser.asl.parse import preprocessor

    visitor = preprocessor.Preprocessor
    visit_expression = visitor.visitString_jsonata

    def from_string_literal(parser_rule_context: Any) -> Any:
        return json.loads(parser_rule_context.getText())

    def visit_assigned(_: Any, ctx: Any) -> Any:
        return AssignTemplateValueTerminalLit(value=json.loads(ctx.string_literal().getText()))

    def visit_binding(self: Any, ctx: Any) -> Any:
        return JSONataTemplateBinding(
            identifier=json.loads(ctx.string_literal().getText()),
            value=self.visit(ctx.jsonata_template_value()),
        )

    def visit_string(self: Any, ctx: Any) -> Any:
        found = visit_expression(self, ctx)
        found.location = _location(ctx)
        return found

    patches.set(preprocessor, "from_string_literal", from_string_literal)
    patches.set(visitor, "visitAssign_template_value_terminal_string_literal", visit_assigned)
    patches.set(visitor, "visitJsonata_template_binding", visit_binding)
    patches.set(visitor, "visitString_jsonata", visit_string)


def let_output_and_arguments_be_caught(patches: Patches) -> None:
    """What fails in a task's, a Map's or a Parallel's Output, or in Arguments, can be caught.

    moto evaluates Output, and the Arguments of a Parallel, outside of what Retry and Catch
    look after.
    """
    from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
    from moto.stepfunctions.parser.asl.component.state.exec.execute_state import ExecutionState
    from moto.stepfunctions.parser.asl.component.state.exec.state_parallel import state_parallel
    from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor

    class Output(EvalComponent):  # type: ignore[misc]
        """Puts Output in the place of the result; in JSONata no ResultPath does that."""

        def __init__(self, output: Any) -> None:
            self.output = output

        def _eval_body(self, env: Any) -> None:
            if self.output is not None:
                env.stack.pop()
                self.output.jsonata_template_value.eval(env=env)

    class Branches(EvalComponent):  # type: ignore[misc]
        """Evaluates Arguments before the branches run, at every attempt."""

        def __init__(self, arguments: Any, branches: Any) -> None:
            self.arguments = arguments
            self.branches = branches

        def _eval_body(self, env: Any) -> None:
            env.stack.pop()
            self.arguments.eval(env=env)
            self.branches.eval(env=env)

    original = Preprocessor._common_state_field_of  # noqa: SLF001 - moto has no public seam

    def _common_state_field_of(state_props: Any) -> Any:
        state = original(state_props=state_props)
        if isinstance(state, ExecutionState) and not state._is_language_query_jsonpath():  # noqa: SLF001
            state.result_path = Output(state.output)
            state.output = None
            if isinstance(state, state_parallel.StateParallel) and state.parargs is not None:
                state.branches = Branches(state.parargs, state.branches)
                state.parargs = None
        return state

    patches.set(Preprocessor, "_common_state_field_of", staticmethod(_common_state_field_of))


def check_what_fields_hold(patches: Patches) -> None:
    """Conditions are booleans, items an array, seconds whole numbers, timestamps instants.

    Errors and causes are texts.

    moto cuts numbers (2.7 seconds are 2), takes texts for them, and calls what is left
    ``States.Runtime``, which nothing catches.
    """
    from moto.stepfunctions.parser.asl.component.common.string.string_expression import (
        StringJSONata,
    )
    from moto.stepfunctions.parser.asl.component.common.timeouts.heartbeat import (
        HeartbeatSecondsJSONata,
    )
    from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import (
        TimeoutSecondsJSONata,
    )
    from moto.stepfunctions.parser.asl.component.state.choice.comparison.comparison import (
        ConditionStringJSONata,
    )
    from moto.stepfunctions.parser.asl.component.state.exec.state_map.items.items import (
        ItemsJSONata,
    )
    from moto.stepfunctions.parser.asl.component.state.exec.state_map.max_concurrency import (
        MaxConcurrencyJSONata,
    )
    from moto.stepfunctions.parser.asl.component.state.fail.cause_decl import Cause
    from moto.stepfunctions.parser.asl.component.state.fail.error_decl import Error
    from moto.stepfunctions.parser.asl.component.state.wait.wait_function.seconds import (
        SecondsJSONata,
    )
    from moto.stepfunctions.parser.asl.component.state.wait.wait_function.timestamp import Timestamp

    def condition(self: Any, env: Any) -> None:
        env.stack.append(_checked(env, self.string_jsonata, "boolean"))

    def items(self: Any, env: Any) -> None:
        env.stack.append(_checked(env, self.string_jsonata, "array"))

    def text(self: Any, env: Any) -> None:
        if isinstance(self.string_expression, StringJSONata):
            env.stack.append(_checked(env, self.string_expression, "string"))
        else:
            self.string_expression.eval(env=env)

    wait_seconds = Timestamp._get_wait_seconds  # noqa: SLF001 - moto has no public seam

    def timestamp(self: Any, env: Any) -> Any:
        if not isinstance(self.string, StringJSONata):
            return wait_seconds(self, env)
        return _seconds_until(env, self.string)

    patches.set(Timestamp, "_get_wait_seconds", timestamp)
    patches.set(ConditionStringJSONata, "_eval_body", condition)
    patches.set(ItemsJSONata, "_eval_body", items)
    patches.set(Error, "_eval_body", text)
    patches.set(Cause, "_eval_body", text)
    patches.set(TimeoutSecondsJSONata, "_eval_seconds", _whole_number(1, _LONGEST))
    patches.set(HeartbeatSecondsJSONata, "_eval_seconds", _whole_number(1, _LONGEST))
    patches.set(SecondsJSONata, "_get_wait_seconds", _whole_number(0, _LONGEST))
    patches.set(MaxConcurrencyJSONata, "_eval_max_concurrency", _whole_number(0, _MOST_AT_ONCE))


_LONGEST = 99_999_999
"""The longest time that a field takes, in seconds."""
_MOST_AT_ONCE = 2**31 - 1


def _whole_number(lowest: int, highest: int) -> Callable[[Any, Any], int]:
    def evaluate_field(self: Any, env: Any) -> int:
        value = _checked(env, self.string_jsonata, "number")
        if not isinstance(value, int) or not lowest <= value <= highest:
            raise _failure(
                env,
                self.string_jsonata,
                f"returned an invalid value. Expected an integer from {lowest} to {highest}, "
                f"but was: {_text(value)}",
            )
        return value

    return evaluate_field


def _seconds_until(env: Any, expression: Any) -> int:
    """How long it is until the instant that an expression gives, in whole seconds."""
    value = _checked(env, expression, "string")
    instant = None
    if _INSTANT.fullmatch(value):
        with contextlib.suppress(ValueError):  # a thirteenth month
            instant = datetime.fromisoformat(value)
    if instant is None:
        what = "returned an invalid value. Expected a time as in 2026-01-02T03:04:05Z, but was: "
        raise _failure(env, expression, what + _text(value))
    return math.ceil((instant - datetime.now(timezone.utc)).total_seconds())


def _checked(env: Any, expression: Any, wanted: str) -> Any:
    """The value of an expression, which must be of a type."""
    expression.eval(env=env)
    value = env.stack.pop()
    kind = _kind(value)
    if kind == wanted:
        return value
    what = (
        f"returned an unexpected result type. Expected '{wanted}', "
        f"but was '{kind}' for value: {_text(value)}"
    )
    if wanted == "array" and kind == "object":
        what += ". A Map over an object has no local part: make an array of it, with $each"
    raise _failure(env, expression, what)


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _variables(env: Any) -> dict[str, Any]:
    """Everything that an expression may name: the variables in scope, and ``$states``."""
    data = env.states._states_data  # noqa: SLF001 - moto has no public seam
    states = {"input": data["input"], "context": data["context"]}
    outcome = "errorOutput" if getattr(env, "is_in_a_catcher", False) else "result"
    if outcome in data:
        states[outcome] = data[outcome]
    store = env.variable_store
    return {**store._outer_scope, **store._inner_scope, "states": states}  # noqa: SLF001


def _what_happened(error: ExpressionError) -> str:
    if isinstance(error, UndefinedError):
        return "returned nothing (undefined)."
    if isinstance(error, NotJsonError):
        return "returned an unsupported result type."
    return f"threw an error during evaluation. {error}"


def _failure(env: Any, expression: Any, what: str) -> Exception:
    """The exception with which a state fails for an expression."""
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
    details = EvaluationFailedEventDetails(error=ERROR, cause=cause)
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


def _location(ctx: Any) -> str:
    """The field in which an expression stands, as AWS writes it: ``Output/url``."""
    from moto.stepfunctions.parser.asl.antlr.runtime.ASLParser import ASLParser

    names: list[str] = []
    while ctx is not None and not isinstance(ctx, ASLParser.State_declContext):
        children = ctx.children or []
        if len(children) > 1 and children[1].getText() == ":":
            name = children[0].getText().strip('"')
            if not names or names[-1] != name:
                names.append(name)
        ctx = ctx.parentCtx
    return "/".join(reversed(names))
