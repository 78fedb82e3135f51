"""What is wrong with the rules of a Choice state.

https://states-language.net/spec.html, "Choice State";
https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.states_language.comparisons import (
    ComparisonError,
    check_comparison,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_COMPOSITE = ("And", "Or", "Not")
_OF_THE_RULE = ("Next", "Comment", "Assign", "Output")
_RELATIONS = ("Equals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
_COMPARISONS = frozenset(
    [
        *(f"{kind}{each}" for kind in ("Numeric", "String", "Timestamp") for each in _RELATIONS),
        *("BooleanEquals", "StringMatches"),
        *("IsBoolean", "IsNull", "IsNumeric", "IsPresent", "IsString", "IsTimestamp"),
    ]
)
_WITH_PATHS = frozenset(
    f"{each}Path" for each in _COMPARISONS if not each.startswith("Is") and each != "StringMatches"
)


def wrong_rules(body: Mapping[str, Any], *, is_jsonata: bool) -> Iterator[str]:
    """Say what is wrong with a state's Choices, each a part of a sentence after its name.

    Args:
        body: the state as it stands in the definition.
        is_jsonata: whether the state is written in JSONata.
    """
    rules = body.get("Choices")
    if not isinstance(rules, list) or not rules:
        yield "with Choices that are not a list of at least one rule"
        return
    for place, rule in enumerate(rules):
        where = f"Choices[{place}]"
        if not isinstance(rule, dict):
            yield f"with {where} that is not an object"
            continue
        yield from (_wrong_condition if is_jsonata else _wrong_test)(rule, where)
        if not isinstance(rule.get("Next"), str):
            yield f"with {where} without Next, the state to go on to"


def _wrong_condition(rule: Mapping[str, Any], where: str) -> Iterator[str]:
    for name in rule:
        if name in ("Variable", *_COMPOSITE, *_COMPARISONS, *_WITH_PATHS):
            yield (
                f"in JSONata with {name} in {where}, which JSONata has not: write a Condition, "
                "or put the state into JSONPath"
            )
            return
        if name != "Condition" and name not in _OF_THE_RULE:
            yield f"with {name} in {where}, which a rule has not: remove it"
    condition = rule.get("Condition")
    if "Condition" not in rule:
        yield f"with {where} without Condition"
    elif not isinstance(condition, (bool, str)) or (
        isinstance(condition, str) and not condition.startswith("{%")
    ):
        yield (
            f"with the Condition {condition!r} in {where}, which must be true, false or an "
            "expression in {% %}"
        )


def _wrong_test(rule: Mapping[str, Any], where: str, *, is_nested: bool = False) -> Iterator[str]:
    if "Condition" in rule:
        yield (
            f"in JSONPath with Condition in {where}, which JSONPath has not: write a Variable "
            "and a comparison, or put the state into JSONata"
        )
        return
    allowed = ("Comment",) if is_nested else _OF_THE_RULE
    tests = [name for name in rule if name not in (*_OF_THE_RULE, "Variable")]
    for name in rule:
        if name in _OF_THE_RULE and name not in allowed:
            yield f"with {name} in {where}, within a rule, where it may not stand: move it out"
    for name in tests:
        if name not in _COMPOSITE and name not in _COMPARISONS and name not in _WITH_PATHS:
            yield f"with {name} in {where}, which is not a comparison of the States Language"
            return
    if len(tests) != 1:
        named = " and ".join(tests) or "no comparison"
        yield f"with {named} in {where}: a rule has one comparison, or one of And, Or and Not"
    elif tests[0] in _COMPOSITE:
        yield from _wrong_composite(rule, tests[0], where)
    elif not isinstance(rule.get("Variable"), str):
        yield f"with {where} without Variable, the path that {tests[0]} looks at"
    else:
        yield from _wrong_value(tests[0], rule[tests[0]], where)


def _wrong_composite(rule: Mapping[str, Any], name: str, where: str) -> Iterator[str]:
    if "Variable" in rule:
        yield f"with both Variable and {name} in {where}: move the Variable into the {name}"
    parts = [rule[name]] if name == "Not" else rule[name]
    if (
        not isinstance(parts, list)
        or not parts
        or not all(isinstance(each, dict) for each in parts)
    ):
        needed = "an object" if name == "Not" else "a list of at least one object"
        yield f"with {name} in {where} that is not {needed}"
        return
    for place, part in enumerate(parts):
        inner = f"{where}.{name}" if name == "Not" else f"{where}.{name}[{place}]"
        yield from _wrong_test(part, inner, is_nested=True)


def _wrong_value(name: str, value: Any, where: str) -> Iterator[str]:
    if name in _WITH_PATHS:
        if not isinstance(value, str) or not value.startswith("$"):
            yield f"with the {name} {value!r} in {where}, which must be a path: $.name"
        return
    try:
        check_comparison(name, value)
    except ComparisonError as error:
        yield f"with a wrong {name} in {where}: {error}"
