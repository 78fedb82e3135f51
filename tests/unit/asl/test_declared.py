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


def declared(folder: Path, name: str, text: str, **files: str) -> Document:
    """What a template declares, beside other files."""
    for other, content in files.items():
        (folder / other.replace("__", ".")).write_text(content)
    (folder / name).write_text(text)
    return read(str(folder / name))


def test_pieces_that_are_not_known_here_leave_their_marks() -> None:
    """A join of CDK's: imports, choices and what a function selects are known at deployment."""
    pieces = [
        '{"StartAt":"A","States":{"A":{"Type":"Task","Resource":"',
        {"Fn::ImportValue": "the-function"},
        '","TimeoutSeconds":',
        {"Fn::If": ["IsProd", 60, 90]},
        ',"End":true}}}',
    ]
    (machine,) = read_text(template(DefinitionString={"Fn::Join": ["", pieces]}), "t.json").machines
    (state,) = machine.states
    assert state.resource == "${Fn::ImportValue.the-function}"
    assert state.node.members["TimeoutSeconds"].is_later
    text = "[!ImportValue x, !If [A, B, C], !Select [0, [a]], !FindInMap [A, B, C]]"
    made = f"""
Resources:
  M:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      DefinitionString: !Join
        - ""
        - - '{TEXT[:-1]}, "Comment": "'
          - !Join ["", {text}]
          - '"}}'
"""
    assert states(read_text(made, "t.yaml")) == [["A"]]


def test_functions_inside_a_definition() -> None:
    """An object with references: what they make is a text with a mark."""
    resource = {"Fn::GetAtt": ["Compose", "Arn"]}
    task = {"Type": "Task", "Resource": resource, "TimeoutSeconds": {"Fn::If": ["A", 1, 2]}}
    made = template(Definition={"StartAt": "A", "States": {"A": {**task, "End": True}}})
    (machine,) = read_text(made, "t.json").machines
    (state,) = machine.states
    assert state.resource == "${Compose.Arn}"
    assert state.node.members["TimeoutSeconds"].is_later


def test_an_asset_of_cdks_lies_beside_its_template(tmp_path: Path) -> None:
    """What CDK uploads to S3 is in ``cdk.out`` under its key."""
    place = {"Bucket": {"Fn::Sub": "cdk-assets-${AWS::Region}"}, "Key": "0a1b.json"}
    text = template(DefinitionS3Location=place)
    (unread,) = declared(tmp_path, "t.template.json", text).unread
    assert "lies in S3" in unread.why
    document = declared(tmp_path, "t.template.json", text, asset__0a1b__json=TEXT)
    assert (states(document), document.unread) == ([["A"]], ())


SERVERLESS = {
    "definition": "definition: ${file(a.asl.json)}",
    "definition in a folder": "definition: ${file(./a.asl.json)}",
    "definition by key": "definition: ${file(b.yml):machine}",
    "definition with a default": "definition: ${file(a.asl.json), 'none'}",
    "machine": "${file(c.yml)}",
    "machine by key": "${file(d.yml):mosaic}",
}


@pytest.mark.parametrize("text", SERVERLESS.values(), ids=SERVERLESS)
def test_serverless_names_files_in_many_places(tmp_path: Path, text: str) -> None:
    """A definition, a machine, all of them, or the whole section; by a key of the file, too."""
    files = {
        "a__asl__json": TEXT,
        "b__yml": f"machine: {TEXT}",
        "c__yml": f"type: EXPRESS\ndefinition: {TEXT}",
        "d__yml": f"mosaic: {{definition: {TEXT}}}",
    }
    machines = f"mosaic:\n      {text}\n"
    whole = f"stepFunctions:\n  stateMachines:\n    {machines}"
    document = declared(tmp_path, "serverless.yml", whole, **files)
    assert (states(document), document.unread) == ([["A"]], ())


def test_serverless_sections_in_files_of_their_own(tmp_path: Path) -> None:
    """The section, or its list; and resources of CloudFormation that another file declares."""
    machines = f"mosaic: {{definition: {TEXT}}}"
    section = declared(
        tmp_path,
        "serverless.yml",
        "stepFunctions: ${file(s.yml)}",
        s__yml=f"stateMachines:\n  {machines}",
    )
    assert states(section) == [["A"]]
    listed = "stepFunctions:\n  stateMachines: ${file(m.yml)}"
    assert states(declared(tmp_path, "serverless.yml", listed, m__yml=machines)) == [["A"]]
    resources = "resources:\n  - ${file(r.yml)}\n  - ${file(gone.yml)}"
    made = declared(tmp_path, "serverless.yml", resources, r__yml=template(Definition=MACHINE))
    assert (states(made), made.unread) == ([["A"]], ())


def test_files_that_name_each_other_are_read_once(tmp_path: Path) -> None:
    """A circle ends."""
    text = f"again: ${{file(serverless.yml)}}\nmachine: {TEXT}"
    document = declared(tmp_path, "serverless.yml", f"a: ${{file(b.yml)}}\nb: {TEXT}", b__yml=text)
    assert states(document) == [["A"], ["A"]]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("mosaic: {definition: '${file(gone.json)}'}", "gone.json, cannot be read: No such file"),
        ("mosaic: {definition: '${file(broken.json)}'}", "broken.json, is not valid: line 1"),
        ("mosaic: {definition: '${file(b.yml):nothing}'}", "b.yml is not a state machine"),
        ("mosaic: {definition: '${file(make.js):machine}'}", "make.js, cannot be read"),
        ("mosaic: {definition: '${self:custom.machine}'}", "not known here"),
        ("mosaic: '${file(gone.yml)}'", "gone.yml, cannot be read"),
        ("mosaic: {name: mosaic}", "no definition here"),
        ("mosaic: '${self:custom.mosaic}'", "no definition here"),
    ],
)
def test_what_serverless_names_and_is_not_there(tmp_path: Path, text: str, why: str) -> None:
    """It is told beside what can be read."""
    whole = f"stepFunctions:\n  stateMachines:\n    {text}\n    other: {{definition: {TEXT}}}\n"
    files = {"broken__json": "{", "b__yml": "a: 1"}
    document = declared(tmp_path, "serverless.yml", whole, **files)
    assert states(document) == [["A"]]
    (unread,) = document.unread
    assert why in unread.why


@pytest.mark.parametrize(
    ("definition", "why"),
    [
        (TEXT, None),
        ('${file("${path.module}/a.asl.json")}', None),
        ('${templatefile("${path.module}/a.asl.json", {queue = aws_sqs_queue.q.url})}', None),
        ('${file("gone.json")}', "cannot be read"),
        ("${jsonencode(local.machine)}", "an expression makes it"),
        ("${local.machine}", "an expression makes it"),
        (None, "no definition"),
    ],
)
def test_terraforms_json(tmp_path: Path, definition: str | None, why: str | None) -> None:
    """A configuration as it is written, or as another tool writes it."""
    resource = {"name": "mosaic", "definition": definition}
    text = json.dumps(
        {
            "resource": {
                "aws_sfn_state_machine": {
                    "good": [{"definition": TEXT}],
                    "other": {name: value for name, value in resource.items() if value},
                },
            },
        },
    )
    document = declared(tmp_path, "main.tf.json", text, a__asl__json=TEXT)
    assert states(document) == [["A"]] * (2 if why is None else 1)
    assert [(why or "") in each.why for each in document.unread] == ([True] if why else [])


def test_a_plan_of_terraforms() -> None:
    """What is known of a resource when it is planned; what is not is told."""
    resources = [
        {"type": "aws_sfn_state_machine", "name": "a", "values": {"definition": TEXT}},
        {"type": "aws_sfn_state_machine", "name": "b", "values": {"name": "b"}},
    ]
    plan = {"planned_values": {"root_module": {"resources": resources}}}
    document = read_text(json.dumps(plan), "plan.json")
    assert states(document) == [["A"]]
    assert len(document.unread) == 1


def test_what_stands_in_a_named_file_is_told_of_that_file(tmp_path: Path) -> None:
    """Each file is a document of its own: its lines are its own, and so are its mistakes."""
    text = template("AWS::Serverless::StateMachine", DefinitionUri="a.asl.json")
    document = declared(tmp_path, "template.json", text, a__asl__json=f"\n\n{TEXT}")
    template_part, machine_part = document.by_file
    assert template_part.machines == ()
    assert machine_part.path == str(tmp_path / "a.asl.json")
    (machine,) = machine_part.machines
    (state,) = machine.states
    assert (state.path, state.at.line) == ("States.A", 3)
