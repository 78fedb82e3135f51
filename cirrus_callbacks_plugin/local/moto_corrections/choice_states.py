"""Choice states: variables that are absent, rules that assign, no rule that matches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.moto_corrections.state_failures import (
    NO_CHOICE_MATCHED,
    RUNTIME,
    failure,
    invalid_condition_path,
    names,
)

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.local.moto_corrections.patches import Patches


def fail_on_an_absent_variable(patches: Patches) -> None:
    """A comparison with a path that leads nowhere fails with ``States.Runtime``.

    ``IsPresent`` aside, which is false. ``And`` and ``Or`` stop at the first rule that
    decides, so that an ``IsPresent`` before can guard. moto takes such a comparison for
    false. https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html
    """
    from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
        FailureEventException,
    )
    from moto.stepfunctions.parser.asl.component.state.choice.comparison import (
        comparison_operator_type,
        comparison_variable,
        variable,
    )
    from moto.stepfunctions.parser.asl.utils.json_path import NoSuchJsonPathError

    is_present = comparison_operator_type.ComparisonOperatorType.IsPresent

    def _read(self: Any, env: Any) -> None:
        try:
            self.string_sampler.eval(env=env)
        except (NoSuchJsonPathError, FailureEventException) as absent:
            # moto raises the second one for a path into the context object.
            if isinstance(absent, FailureEventException) and not names(absent, RUNTIME):
                raise
            env.stack.append(variable.NoSuchVariable(self.string_sampler.literal_value))

    def _compare(self: Any, env: Any) -> None:
        self.variable.eval(env)
        compared = env.stack[-1]
        is_absent = isinstance(compared, variable.NoSuchVariable)
        if is_absent and self.comparison_function.operator_type != is_present:
            raise invalid_condition_path(env, compared.path)
        try:
            self.comparison_function.eval(env)
        except NoSuchJsonPathError as missing:  # of a comparison such as StringEqualsPath
            raise invalid_condition_path(env, missing.json_path) from missing

    patches.set(variable.Variable, "_eval_body", _read)
    patches.set(comparison_variable.ComparisonVariable, "_eval_body", _compare)


def assign_in_rules(patches: Patches) -> None:
    """The Assign of the rule that matches takes effect, with the state's input as ``$``.

    moto leaves it out in JSONPath.
    """
    from moto.stepfunctions.parser.asl.component.common.assign.assign_decl import AssignDecl
    from moto.stepfunctions.parser.asl.component.state.choice.choice_rule import ChoiceRule
    from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor

    visit = Preprocessor.visitChoice_rule_comparison_variable

    def visit_rule(self: Any, ctx: Any) -> Any:
        rule = visit(self, ctx)
        if rule.assign is None:
            parsed = (self.visit(child) for child in ctx.children)
            rule.assign = next((each for each in parsed if isinstance(each, AssignDecl)), None)
        return rule

    def _eval_body(self: Any, env: Any) -> None:
        self.comparison.eval(env)
        if env.stack[-1] is not True:
            return
        env.stack.pop()  # Assign and Output look at the state's input
        if self.assign:
            self.assign.eval(env=env)
        if self.output:
            self.output.eval(env=env)
        env.stack.append(True)

    patches.set(Preprocessor, "visitChoice_rule_comparison_variable", visit_rule)
    patches.set(ChoiceRule, "_eval_body", _eval_body)


def choose_the_first_rule(patches: Patches) -> None:
    """The first rule that matches is taken; the state's own Assign is for the Default.

    Without either the state fails with ``States.NoChoiceMatched``. moto takes the state's
    Assign where a rule goes on to the Default's state, and fails with ``States.Runtime``.
    """
    from moto.stepfunctions.parser.asl.component.state.choice.state_choice import StateChoice

    def _eval_state(self: Any, env: Any) -> None:
        for rule in self.choices_decl.rules:
            rule.eval(env)
            if env.stack.pop() is True:
                env.stack.append(rule.next_stmt.name)
                return
        if self.default_state is None:
            raise failure(
                env,
                NO_CHOICE_MATCHED,
                f"No rule of the Choice state '{self.name}' matched, and it has no Default.",
            )
        if self.assign_decl:
            self.assign_decl.eval(env=env)
        if self.output:
            self.output.eval(env=env)
        env.stack.append(self.default_state.state_name)

    def _eval_state_output(self: Any, env: Any) -> None:
        following = env.stack.pop()
        if self.output_path:
            self.output_path.eval(env=env)
        env.next_state_name = following

    patches.set(StateChoice, "_eval_state", _eval_state)
    patches.set(StateChoice, "_eval_state_output", _eval_state_output)
