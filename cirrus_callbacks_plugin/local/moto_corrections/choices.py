"""Comparisons of Choice states."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.moto_corrections.state_failures import invalid_condition_path
from cirrus_callbacks_plugin.local.states_language.comparisons import check_comparison, holds
from cirrus_callbacks_plugin.local.states_language.json_path import (
    PathNotFoundError,
    read_reference_path,
)

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.local.moto_corrections.patches import Patches


def compare_as_specified(patches: Patches) -> None:
    r"""Comparisons hold by type, and values of the wrong type make them false.

    In moto ``StringMatches`` takes ``?`` and ``[...]`` for wildcards and knows no ``\*``;
    timestamps have neither fractions nor offsets; ``NumericEquals`` takes ``true`` for 1, a
    value of the wrong type raises, ``$$.`` is not a path to compare with, and with a variable
    the two sides are exchanged.
    """
    from moto.stepfunctions.parser.asl.component.state.choice.comparison import comparison_func
    from moto.stepfunctions.parser.asl.component.state.choice.comparison.variable import (
        NoSuchVariable,
        Variable,
    )

    by_value = comparison_func.ComparisonFuncValue
    by_variable = comparison_func.ComparisonFuncStringVariableSample
    original = by_value.__init__
    original_variable = Variable.__init__

    def checked(self: Any, operator_type: Any, value: Any) -> None:
        if not isinstance(self, by_variable):
            _check(operator_type.name, value)
        original(self, operator_type, value)

    def variable(self: Any, string_sampler: Any) -> None:
        path = getattr(string_sampler, "json_path", None)
        if path is not None:
            read_reference_path(path)
        original_variable(self, string_sampler)

    def compare(self: Any, env: Any, expected: Any) -> None:
        name = self.operator_type.name
        value = env.stack.pop()
        if not isinstance(value, NoSuchVariable):
            env.stack.append(holds(name, value, expected))
        elif name == "IsPresent":
            env.stack.append(expected is False)
        else:
            raise invalid_condition_path(env, value.path)

    def with_value(self: Any, env: Any) -> None:
        compare(self, env, _expected(self, env) if _is_path(self) else self.value)

    def with_variable(self: Any, env: Any) -> None:
        self.string_variable_sample.eval(env=env)
        compare(self, env, env.stack.pop())

    patches.set(by_value, "__init__", checked)
    patches.set(by_value, "_eval_body", with_value)
    patches.set(by_variable, "_eval_body", with_variable)
    patches.set(Variable, "__init__", variable)


def _check(name: str, value: Any) -> None:
    if not name.endswith("Path"):
        check_comparison(name, value)
    elif isinstance(value, str):
        read_reference_path(value[1:] if value.startswith("$$") else value)
    else:
        raise TypeError(f"The value of {name} must be a path")


def _is_path(comparison: Any) -> bool:
    return bool(comparison.operator_type.name.endswith("Path"))


def _expected(comparison: Any, env: Any) -> Any:
    """What the path beside the comparison identifies: below the value lies the input."""
    path = comparison.value
    data = env.stack[-2]
    if path.startswith("$$"):
        path, data = path[1:], env.states.context_object.context_object_data
    try:
        return read_reference_path(path).find(data)
    except PathNotFoundError as error:
        raise invalid_condition_path(env, comparison.value) from error
