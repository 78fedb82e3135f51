"""The corpus: expressions of the States Language with their values, and where these come from.

Each file of ``corpus/`` is a kind of expression. The values come from the specification, from
AWS's documentation, from what was recorded on AWS, or from the JSONPath that the
specification names; none was taken from what the code here answers.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from botocore.exceptions import ClientError

from cirrus_callbacks_plugin.local.moto_corrections.corrected import corrected

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.interpreter import Interpreter

    Definition = Callable[[list[Any]], dict[str, Any]]

CORPUS = Path(__file__).parent / "corpus"


def _of_payloads(expressions: list[Any]) -> dict[str, Any]:
    """One Pass state whose output holds the value of each expression."""
    parameters = {f"{number}.$": each for number, each in enumerate(expressions)}
    return {"Only": {"Type": "Pass", "Parameters": parameters, "End": True}}


def _of_choices(rules: list[Any]) -> dict[str, Any]:
    """Three states for each rule; the output holds under ``answers`` whether it applies."""
    states: dict[str, Any] = {
        "Begin": {"Type": "Pass", "Result": {}, "ResultPath": "$.answers", "Next": "Choice 0"},
    }
    for number, rule in enumerate(rules):
        chosen = {**rule, "Next": f"True {number}"}
        states[f"Choice {number}"] = {
            "Type": "Choice",
            "Choices": [chosen],
            "Default": f"False {number}",
        }
        for answer in (True, False):
            states[f"{answer} {number}"] = {
                "Type": "Pass",
                "Result": answer,
                "ResultPath": f"$.answers.n{number}",
                "Next": f"Choice {number + 1}",
            }
    last = {"Type": "Pass", "OutputPath": "$.answers", "End": True}
    return {**states, f"Choice {len(rules)}": last}


KINDS: dict[str, tuple[Definition, str]] = {
    "paths": (_of_payloads, ""),
    "intrinsics": (_of_payloads, ""),
    "choices": (_of_choices, "n"),
}
GROUPS = [
    pytest.param(kind, group, id=f"{kind}: {group['group']}")
    for kind in KINDS
    for group in yaml.safe_load((CORPUS / f"{kind}.yaml").read_text(encoding="utf-8"))
]


@pytest.mark.parametrize(("kind", "group"), GROUPS)
def test_expressions_have_the_values_of_the_corpus(
    interpreter: Interpreter,
    kind: str,
    group: dict[str, Any],
) -> None:
    """Each value, error and refusal is the documented one; values of a group come of one run."""
    define, prefix = KINDS[kind]
    valued = [case for case in group["cases"] if "value" in case]
    with corrected():
        answers: dict[str, Any] = {}
        if valued:
            states = define([case["expression"] for case in valued])
            ended = interpreter.end(interpreter.start(states, group["input"]))
            assert ended["status"] == "SUCCEEDED", (ended["error"], ended.get("cause"))
            answers = json.loads(ended["output"])
        wrong = [
            (case, answers[f"{prefix}{number}"])
            for number, case in enumerate(valued)
            if json.dumps(answers[f"{prefix}{number}"], sort_keys=True)
            != json.dumps(case["value"], sort_keys=True)
        ]
        for case in group["cases"]:
            if "value" not in case:
                outcome = _fails(interpreter, define([case["expression"]]), group["input"])
                if outcome != (case.get("error") or "refused"):
                    wrong.append((case, outcome))
    assert not wrong


def _fails(interpreter: Interpreter, states: dict[str, Any], given: Any) -> str:
    try:
        execution = interpreter.start(states, given)
    except ClientError:
        return "refused"
    return str(interpreter.end(execution).get("error"))


def test_every_group_names_its_source() -> None:
    """A value is worth what its source is; and there are 300 expressions and more."""
    groups = [group for _, group in (each.values for each in GROUPS)]
    assert all(group["source"] for group in groups)
    assert sum(len(group["cases"]) for group in groups) >= 300
