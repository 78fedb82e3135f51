"""Variables in JSONPath: what ``$x`` reads, when Assign takes effect, how far a name is seen.

https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html
"""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.moto_corrections.state_failures import RUNTIME, failure

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.local.moto_corrections.patches import Patches

_REFERENCE = re.compile(r"\$(?P<name>[^\W\d]\w*)(?P<path>.*)", re.DOTALL)


def read_variables(patches: Patches) -> None:
    """``$x`` and ``$x.path`` are read wherever a JSONPath may stand.

    moto hands them to JSONata, which it lacks: a ``TypeError``.
    """
    from moto.stepfunctions.parser.asl.component.common.query_language import QueryLanguageMode
    from moto.stepfunctions.parser.asl.component.common.string.string_expression import (
        StringVariableSample,
    )

    original = StringVariableSample._eval_body  # noqa: SLF001 - moto has no public seam

    def _eval_body(self: Any, env: Any) -> None:
        if self.query_language_mode == QueryLanguageMode.JSONPath:
            env.stack.append(_value(env, self.expression))
        else:
            original(self, env)

    patches.set(StringVariableSample, "_eval_body", _eval_body)


def _value(env: Any, reference: str) -> Any:
    from moto.stepfunctions.parser.asl.eval.variable_store import NoSuchVariable
    from moto.stepfunctions.parser.asl.utils import json_path

    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise failure(env, RUNTIME, f"'{reference}' is not a reference to a variable.")
    try:
        value = env.variable_store.get(match["name"])
    except NoSuchVariable as missing:
        raise json_path.NoSuchJsonPathError(reference, {}) from missing
    if match["path"]:
        try:
            value = json_path.extract_json(f"${match['path']}", value)
        except json_path.NoSuchJsonPathError as missing:
            raise json_path.NoSuchJsonPathError(reference, value) from missing
    return copy.deepcopy(value)


def assign_at_the_end(patches: Patches) -> None:
    """Assign takes effect once its state, or the Catcher or rule with it, is done.

    Every right-hand side sees the old values, and so does OutputPath; a state that fails
    assigns nothing but what its Catcher does. In moto OutputPath sees the new ones, and
    what a state assigned before it failed stays.
    """
    from moto.stepfunctions.parser.asl.component.common.assign.assign_decl import AssignDecl
    from moto.stepfunctions.parser.asl.component.common.catch.catcher_decl import CatcherDecl
    from moto.stepfunctions.parser.asl.component.state.choice.state_choice import StateChoice
    from moto.stepfunctions.parser.asl.component.state.state import CommonStateField
    from moto.stepfunctions.parser.asl.eval.variable_store import IllegalOuterScopeWrite

    set_next = CommonStateField._set_next  # noqa: SLF001 - moto has no public seam
    eval_state_input = CommonStateField._eval_state_input  # noqa: SLF001
    catch = CatcherDecl._eval_body  # noqa: SLF001

    def evaluate(self: Any, env: Any) -> None:
        pending: dict[str, Any] = {}
        for binding in self.declaration_bindings:
            binding.eval(env=env)
            pending.update(env.stack.pop())
        env.pending = pending

    def begin_state(self: Any, env: Any) -> None:
        env.pending = {}
        eval_state_input(self, env)

    def begin_catch(self: Any, env: Any) -> None:
        env.pending = {}
        catch(self, env)

    def assign(env: Any) -> None:
        for name, value in env.pending.items():
            try:
                env.variable_store.set(name, copy.deepcopy(value))
            except IllegalOuterScopeWrite as error:
                raise failure(
                    env,
                    RUNTIME,
                    f"The variable '{name}' belongs to an outer scope and cannot be assigned here.",
                ) from error
        env.pending = {}

    def leave_state(self: Any, env: Any) -> None:
        assign(env)
        set_next(self, env)

    patches.set(AssignDecl, "_eval_body", evaluate)
    patches.set(CommonStateField, "_eval_state_input", begin_state)
    patches.set(CatcherDecl, "_eval_body", begin_catch)
    patches.set(CommonStateField, "_set_next", leave_state)
    patches.set(StateChoice, "_set_next", lambda _, env: assign(env))
