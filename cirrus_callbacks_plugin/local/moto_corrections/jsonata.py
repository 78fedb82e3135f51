"""JSONata: expressions are evaluated, their errors are Step Functions' and can be caught.

moto parses states in JSONata and hands their expressions to a Java library that is not there.
Facts: https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.moto_corrections.evaluation_failures import evaluation_failure

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.local.jsonata.errors import ExpressionError
    from cirrus_callbacks_plugin.local.moto_corrections.patches import Patches


def evaluate_expressions(patches: Patches) -> None:
    """An expression sees ``$states`` and the variables; what fails is ``QueryEvaluationError``.

    moto calls a function that it never sets: a ``TypeError``, which is ``States.Runtime``.
    """
    from moto.stepfunctions.parser.asl.component.common.catch.catcher_decl import CatcherDecl
    from moto.stepfunctions.parser.asl.component.common.string.string_expression import (
        StringJSONata,
    )

    catch = CatcherDecl._eval_body  # noqa: SLF001 - moto has no public seam
    clock = patches.clock

    def _eval_body(self: Any, env: Any) -> None:
        # Here, since machines in JSONPath need no evaluator.
        from cirrus_callbacks_plugin.local.jsonata.errors import ExpressionError
        from cirrus_callbacks_plugin.local.jsonata.expression import evaluate

        try:
            env.stack.append(evaluate(self.expression, _variables(env), now=clock.utc_now()))
        except ExpressionError as error:
            raise evaluation_failure(env, self, _what_happened(error)) from error

    def _eval_catcher(self: Any, env: Any) -> None:
        env.is_in_a_catcher = True
        try:
            catch(self, env)
        finally:
            env.is_in_a_catcher = False

    patches.set(StringJSONata, "_eval_body", _eval_body)
    patches.set(CatcherDecl, "_eval_body", _eval_catcher)


def know_where_expressions_stand(patches: Patches) -> None:
    """The cause of an error names the field in which the expression stands: ``Output/url``.

    moto leaves the field out.
    """
    from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor

    visit = Preprocessor.visitString_jsonata

    def visit_string(self: Any, ctx: Any) -> Any:
        found = visit(self, ctx)
        found.location = _location(ctx)
        return found

    patches.set(Preprocessor, "visitString_jsonata", visit_string)


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
    from cirrus_callbacks_plugin.local.jsonata.errors import NotJsonError, UndefinedError

    if isinstance(error, UndefinedError):
        return "returned nothing (undefined)."
    if isinstance(error, NotJsonError):
        return "returned an unsupported result type."
    return f"threw an error during evaluation. {error}"


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
