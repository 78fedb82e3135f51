"""One state machine in every form in which people keep it: JSON, YAML, templates of all kinds."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_FUNCTION = "AWS::StepFunctions::StateMachine"
_SAM = "AWS::Serverless::StateMachine"


def _template(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Resources": {"Parent": {"Type": kind, "Properties": properties}}}


def _joined(text: str) -> dict[str, Any]:
    """The text as CDK writes it: pieces, with references in the place of what is known later."""
    pieces = re.split(r"(\$\{[\w.]+\})", text)
    return {
        "Fn::Join": [
            "",
            [
                {"Fn::GetAtt": [piece[2:-1], "Arn"]} if piece.startswith("${") else piece
                for piece in pieces
            ],
        ],
    }


def _with_references(value: Any) -> Any:
    """The object as a template of CloudFormation in YAML holds it."""
    if isinstance(value, dict):
        return {name: _with_references(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_with_references(each) for each in value]
    if isinstance(value, str) and "${" in value:
        return {"Fn::Sub": value}
    return value


def _as_json(machine: dict[str, Any]) -> dict[str, str]:
    return {"parent.asl.json": json.dumps(machine, indent=2)}


def _as_yaml(machine: dict[str, Any]) -> dict[str, str]:
    return {"parent.asl.yaml": yaml.safe_dump(machine, sort_keys=False)}


def _as_terraform(machine: dict[str, Any]) -> dict[str, str]:
    """A template whose first state has a field that is filled in without quotes."""
    text = json.dumps(machine, indent=2).replace(
        '"States":', '"Version": ${version},\n"States":', 1
    )
    return {"parent.asl.json": text}


def _as_cloudformation(machine: dict[str, Any]) -> dict[str, str]:
    made = _template(_FUNCTION, DefinitionString={"Fn::Sub": json.dumps(machine, indent=2)})
    return {"template.json": json.dumps(made)}


def _as_cloudformation_in_yaml(machine: dict[str, Any]) -> dict[str, str]:
    made = _template(_FUNCTION, Definition=_with_references(machine))
    return {"template.yaml": yaml.safe_dump(made, sort_keys=False)}


def _as_sam(machine: dict[str, Any]) -> dict[str, str]:
    made = _template(_SAM, DefinitionUri="statemachine/parent.asl.json", Type="STANDARD")
    return {
        "template.yaml": yaml.safe_dump(made),
        "statemachine/parent.asl.json": json.dumps(machine, indent=2),
    }


def _as_cdk(machine: dict[str, Any]) -> dict[str, str]:
    made = _template(_FUNCTION, DefinitionString=_joined(json.dumps(machine)))
    return {"Stack.template.json": json.dumps(made)}


def _as_serverless(machine: dict[str, Any]) -> dict[str, str]:
    section = {"stateMachines": {"parent": {"definition": _with_references(machine)}}}
    return {"serverless.yml": yaml.safe_dump({"stepFunctions": section}, sort_keys=False)}


def _as_serverless_file(machine: dict[str, Any]) -> dict[str, str]:
    named = {"definition": "${file(parent.asl.yml)}"}
    section = {"stateMachines": {"parent": named}}
    return {
        "serverless.yml": yaml.safe_dump({"stepFunctions": section}),
        "parent.asl.yml": yaml.safe_dump(machine, sort_keys=False),
    }


def _as_terraform_json(machine: dict[str, Any]) -> dict[str, str]:
    definition = '${templatefile("${path.module}/parent.asl.json", {})}'
    resource = {"aws_sfn_state_machine": {"parent": {"definition": definition}}}
    return {
        "main.tf.json": json.dumps({"resource": resource}),
        "parent.asl.json": json.dumps(machine, indent=2),
    }


def _as_cirrus_0(machine: dict[str, Any]) -> dict[str, str]:
    made = {"name": "#{AWS::StackName}-parent", "definition": machine}
    return {"definition.yml": yaml.safe_dump(made, sort_keys=False)}


def _as_filmdrop(machine: dict[str, Any]) -> dict[str, str]:
    named = {"name": "parent", "state_machine_filepath": "workflows/parent/state-machine.json"}
    return {
        "workflows/parent/definition.yaml": yaml.safe_dump(named),
        "workflows/parent/state-machine.json": json.dumps(machine, indent=2),
    }


FORMS: dict[str, Callable[[dict[str, Any]], dict[str, str]]] = {
    "json": _as_json,
    "yaml": _as_yaml,
    "terraform": _as_terraform,
    "cloudformation": _as_cloudformation,
    "cloudformation-yaml": _as_cloudformation_in_yaml,
    "sam": _as_sam,
    "cdk": _as_cdk,
    "serverless": _as_serverless,
    "serverless-file": _as_serverless_file,
    "terraform-json": _as_terraform_json,
    "cirrus-0": _as_cirrus_0,
    "filmdrop": _as_filmdrop,
}
"""By name: what makes files of a machine; the first one is the file to look at."""


def written(form: str, machine: dict[str, Any], folder: Path) -> Path:
    """Write a machine in one form; returns the file to look at."""
    files = FORMS[form](machine)
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder / next(iter(files))
