"""State machines in templates: joined, substituted, named in other files, or told as unread."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.asl.document import Document, read, read_text
from cirrus_callbacks_plugin.asl.errors import UnusableFileError
from cirrus_callbacks_plugin.asl.machine import Style

if TYPE_CHECKING:
    from pathlib import Path

MACHINE = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
TEXT = json.dumps(MACHINE)


def template(kind: str = "AWS::StepFunctions::StateMachine", **properties: Any) -> str:
    resource = {"Type": kind, "Properties": properties}
    return json.dumps({"Resources": {"MosaicStateMachine": resource}})


def states(document: Document) -> list[list[str]]:
    return [[state.name for state in machine.states] for machine in document.machines]


@pytest.mark.parametrize(
    "definition",
    [
        {"DefinitionString": TEXT},
        {"DefinitionString": {"Fn::Sub": TEXT}},
        {"DefinitionString": {"Fn::Sub": [TEXT.replace('"Pass"', '"${Kind}"'), {"Kind": "Pass"}]}},
        {"DefinitionString": {"Fn::Join": ["", [TEXT[:20], TEXT[20:]]]}},
        {
            "DefinitionString": {
                "Fn::Join": ["", ['{"Comment":"', {"Ref": "X"}, '",', TEXT.removeprefix("{")]],
            },
        },
        {
            "DefinitionString": {
                "Fn::Join": [
                    "",
                    ['{"Comment":"', {"Fn::GetAtt": ["X", "Arn"]}, '",', TEXT.removeprefix("{")],
                ],
            },
        },
        {"Definition": MACHINE},
    ],
)
def test_a_definition_is_put_together(definition: dict[str, Any]) -> None:
    """Whatever functions make it, with the resource's name and the template's style."""
    document = read_text(template(**definition), "t.json")
    assert (states(document), document.unread) == ([["A"]], ())
    origin = document.machines[0].origin
    assert (origin.name, origin.style) == ("MosaicStateMachine", Style.CLOUDFORMATION)


def test_the_short_forms_of_yaml() -> None:
    """``!Join`` and ``!Sub`` of a list are read as their long forms."""
    text = f"""
Resources:
  A:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      StateMachineName: !Sub "${{Prefix}}-mosaic"
      DefinitionString: !Join ["", ['{TEXT[:20]}', '{TEXT[20:]}']]
  B:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionSubstitutions: {{Queue: !GetAtt ProcessQueue.Arn}}
      Definition: {TEXT}
"""
    document = read_text(text, "t.yaml")
    assert states(document) == [["A"], ["A"]]
    first, second = (machine.origin for machine in document.machines)
    assert first.label == "${Prefix}-mosaic"
    assert second.substitutions == {"Queue": "${ProcessQueue.Arn}"}


def test_files_that_a_template_names_are_read(tmp_path: Path) -> None:
    """SAM's DefinitionUri, and the serverless framework's file()."""
    (tmp_path / "statemachine").mkdir()
    (tmp_path / "statemachine/a.asl.json").write_text(TEXT)
    sam = tmp_path / "template.json"
    sam.write_text(
        template("AWS::Serverless::StateMachine", DefinitionUri="statemachine/a.asl.json")
    )
    assert states(read(str(sam))) == [["A"]]
    serverless = tmp_path / "serverless.yml"
    serverless.write_text(
        "stepFunctions:\n  stateMachines:\n    mosaic:\n"
        "      definition: ${file(statemachine/a.asl.json)}\n",
    )
    assert states(read(str(serverless))) == [["A"]]


@pytest.mark.parametrize(
    ("definition", "why"),
    [
        ({"DefinitionUri": "gone.asl.json"}, "gone.asl.json, cannot be read"),
        ({"DefinitionUri": {"Bucket": "b", "Key": "k"}}, "lies in S3"),
        ({"DefinitionUri": "s3://b/k"}, "lies in S3"),
        ({"DefinitionS3Location": {"Bucket": "b", "Key": "k"}}, "lies in S3"),
        ({"DefinitionString": {"Fn::ImportValue": "x"}}, "not known here"),
        ({"DefinitionString": {"Fn::Join": ["", {"Fn::Split": [",", "a"]}]}}, "not known here"),
        ({"RoleArn": "x"}, "no definition"),
        ({"Definition": {"Comment": "x"}}, "not a state machine"),
    ],
)
def test_what_cannot_be_read_is_told_beside_what_can(definition: dict[str, Any], why: str) -> None:
    """By its resource and its place: silence would read as a clean bill."""
    resources = {
        "Good": {"Type": "AWS::StepFunctions::StateMachine", "Properties": {"Definition": MACHINE}},
        "Bad": {"Type": "AWS::Serverless::StateMachine", "Properties": definition},
    }
    document = read_text(json.dumps({"Resources": resources}), "t.json")
    assert states(document) == [["A"]]
    (unread,) = document.unread
    assert unread.where.startswith("Resources.Bad")
    assert why in unread.why


def test_a_text_that_is_not_json_is_an_error() -> None:
    """As before: the file cannot be used, and the place is named."""
    with pytest.raises(UnusableFileError, match="DefinitionString is not valid JSON"):
        read_text(template(DefinitionString='{"StartAt": "A", "States": {'), "t.json")
