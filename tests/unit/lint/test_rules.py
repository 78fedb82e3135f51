"""Every rule, with the examples of its documentation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cirrus_callbacks_plugin.asl.document import read_text
from cirrus_callbacks_plugin.lint import handbook
from cirrus_callbacks_plugin.lint.examples import example_text, parts
from cirrus_callbacks_plugin.lint.finding import Finding, Rule, Severity
from cirrus_callbacks_plugin.lint.inspection import findings_of
from cirrus_callbacks_plugin.lint.rules import RULES
from cirrus_callbacks_plugin.lint.subject import subject_of

IDS = [rule.id for rule in RULES]


def _machine_text(example: Any) -> str:
    """An example as a file: a state becomes a state machine of that state alone."""
    if isinstance(example, str):
        return example
    return json.dumps(example if "States" in example else parts(Example=example), indent=2)


def _found(rule: Rule, example: object) -> list[Finding]:
    text = _machine_text(example)
    return findings_of(subject_of(read_text(text, "example.asl.json"), rule.settings))


@pytest.mark.parametrize("rule", RULES, ids=IDS)
def test_the_bad_example_breaks_its_rule(rule: Rule) -> None:
    """The rule finds something, of its own severity, and says where and what to do."""
    found = [each for each in _found(rule, rule.bad) if each.rule is rule]
    assert found
    assert found[0].severity is rule.severity
    for each in found:
        assert each.problem.at.line > 1
        assert each.problem.fix


@pytest.mark.parametrize("rule", RULES, ids=IDS)
def test_the_bad_example_breaks_no_other_rule(rule: Rule) -> None:
    """An example shows one mistake: nothing else in it is worse than a note."""
    others = [each for each in _found(rule, rule.bad) if each.rule is not rule]
    assert [each.rule.id for each in others if each.severity is not Severity.NOTE] == []


@pytest.mark.parametrize("rule", RULES, ids=IDS)
def test_the_good_example_is_good(rule: Rule) -> None:
    """The rule finds nothing in it, and no rule anything worse than a note."""
    found = _found(rule, rule.good)
    assert [each.rule.id for each in found if each.rule is rule] == []
    assert [each.rule.id for each in found if each.severity is not Severity.NOTE] == []


def test_ids_are_unique() -> None:
    """People ignore rules by their ids."""
    assert len(set(IDS)) == len(IDS)


def test_the_page_is_what_the_rules_say() -> None:
    """RULES.md is written from the rules: ``python -m cirrus_callbacks_plugin.lint.handbook``."""
    page = Path(handbook.__file__).with_name("RULES.md")
    assert page.read_text(encoding="utf-8") == handbook.page()


@pytest.mark.parametrize("rule", RULES, ids=IDS)
def test_an_example_reads_as_what_it_is(rule: Rule) -> None:
    """What the page shows is the example itself, laid out."""
    for example in (rule.bad, rule.good):
        if not isinstance(example, str):
            import json

            assert json.loads(example_text(example)) == example
