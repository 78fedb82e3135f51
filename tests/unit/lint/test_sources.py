"""Files as people keep them: templates, comments, YAML, definitions inside other things."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cirrus_callbacks_plugin.asl import json_source, yaml_source
from cirrus_callbacks_plugin.asl.document import read, read_text
from cirrus_callbacks_plugin.asl.errors import UnreadableError, UnusableFileError
from cirrus_callbacks_plugin.asl.nodes import Expression, Node
from support.linted import attribute, findings, of, send

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
EXAMPLES = Path(__file__).parents[3] / "examples"


def _value(node: Node) -> Any:
    if node.is_object:
        return {name: _value(each) for name, each in node.members.items()}
    return [_value(each) for each in node.elements] if node.is_list else node.value


@given(JSON, st.sampled_from([None, 1, "\t"]))
def test_json_is_read_as_the_standard_library_reads_it(value: Any, indent: Any) -> None:
    """Whatever the layout."""
    assert _value(json_source.parse(json.dumps(value, indent=indent)).root) == value


@given(JSON)
def test_a_template_without_marks_is_the_same_json(value: Any) -> None:
    """The reader of templates agrees, where no backslash is in the way."""
    text = json.dumps(value, ensure_ascii=False)
    if "${" in text or "%{" in text or "\\u" in text:
        return
    parser = json_source._Parser(text, is_template=True, is_relaxed=False)
    assert _value(parser.parse().root) == value


@pytest.mark.parametrize(
    ("text", "line", "column", "problem"),
    [
        ('{\n  "a": 1,\n}', 3, 1, "a comma may not stand before '}'"),
        ('{"a" 1}', 1, 6, "':' is missing after \"a\""),
        ('{"a": }', 1, 7, "a value is missing here"),
        ('{"a": 1', 1, 8, "',' or a closing '}'"),
        ('{"a": [1 2]}', 1, 10, "',' or a closing ']'"),
        ("{a: 1}", 1, 2, "a key in double quotes"),
        ('{"a": 1} x', 1, 10, "nothing may follow"),
        ('\n{"a": "x', 2, 7, "unterminated string"),
        ('{"a": "\\q"}', 1, 8, "escape"),
        ("", 1, 1, "the text ends too early"),
        ("[" * 3000, 1, 1, "nested too deeply"),
    ],
)
def test_what_is_wrong_with_json(text: str, line: int, column: int, problem: str) -> None:
    """The message says where and what."""
    with pytest.raises(UnreadableError) as raised:
        json_source.parse(text)
    assert problem in raised.value.problem
    assert (raised.value.at.line, raised.value.at.column) == (line, column)


TEMPLATE = """{
  "seconds": ${timeout},
  "list": ${jsonencode({a = "}"})},
  "url": "${queues["process"].url}",
  "escaped": "$${x} \\n \\u00e9 \\\\",
  "steps": [
    %{ for step in steps ~}
    "${step}",
    %{ endfor ~}
  ]
}"""


def test_a_terraform_template() -> None:
    """Unquoted values, quotes inside ``${}``, directives, and the comma that they leave over."""
    members = json_source.parse(TEMPLATE).root.members
    assert members["seconds"].value == Expression("${timeout}")
    assert members["list"].expression == '${jsonencode({a = "}"})}'
    assert members["url"].text == '${queues["process"].url}'
    assert members["url"].is_later
    assert not Node("$${x}", members["url"].at).is_later
    assert members["escaped"].text == "$${x} \n \\u00e9 \\"
    assert [each.text for each in members["steps"].elements] == ["${step}"]


def test_a_directive_may_bring_the_comma() -> None:
    """``%{ if }`` around a member that begins with one."""
    text = '{"a": 1 %{ if b } , "b": 2 %{ endif } %{ if c } "c": "${c}" %{ endif }}'
    assert list(json_source.parse(text).root.members) == ["a", "b", "c"]


@pytest.mark.parametrize("text", ['{"a": "${x}", "b": "\n"}', '{"a": "${x}\\q"}', '{"a": ${x, }'])
def test_what_is_wrong_with_a_template(text: str) -> None:
    """A template that is not JSON either way."""
    with pytest.raises(UnreadableError):
        json_source.parse(text)


def test_comments_and_duplicate_keys_are_seen() -> None:
    """With their lines; in JSON5 and JSONC comments and a comma too many are as they should be."""
    body = json.dumps(send({}, attribute()), indent=2)
    text = "// why\n" + body.replace('"End": true', '"End": true, /* so */ "End": true')
    found = findings(text)
    assert [(e.rule.id, e.problem.at.line) for e in found if e.rule.id == "comment"] == [
        ("comment", 1),
    ]
    assert "2 comments" in next(e for e in found if e.rule.id == "comment").problem.message
    (duplicate,) = of("duplicate-key", text)
    assert "'End' twice" in duplicate.problem.message
    relaxed = findings(text.replace('"End": true', '"End": true,', 1).replace(",,", ","), "x.jsonc")
    assert "comment" not in {each.rule.id for each in relaxed}


SLS = """\
name: '#{AWS::StackName}-mosaic'
enabled: true
shared: &shared
  TimeoutSeconds: 60
definition:
  StartAt: Wait
  States:
    Wait:
      <<: *shared
      Type: Task
      Resource: arn:aws:states:::sqs:sendMessage.waitForTaskToken
      Parameters:
        QueueUrl: !Ref ProcessQueue
        MessageBody.$: $
        Since: 2021-01-01
        Odd: !GetAtt [A, B]
      End: true
      End: true
"""


def test_a_workflow_of_cirrus_0() -> None:
    """YAML with CloudFormation's tags, anchors and all; paths lead through the file."""
    found = {each.rule.id: each.problem for each in findings(SLS, "definition.yml")}
    assert set(found) == {"token", "uncaught", "duplicate-key", "payload-output", "own-id"}
    assert found["token"].path == "definition.States.Wait"
    assert (found["token"].at.line, found["token"].at.column) == (8, 5)


SAM = """\
Resources:
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      Type: EXPRESS
      DefinitionString: !Sub |
        {
          "StartAt": "Wait",
          "States": {"Wait": %s}
        }
"""


def test_a_definition_in_a_text() -> None:
    """CloudFormation's DefinitionString keeps its lines; an Express machine cannot wait."""
    text = SAM % json.dumps(send({}, attribute(), TimeoutSeconds=None)["States"]["Wait"])
    found = {each.rule.id: each.problem for each in findings(text, "template.yaml")}
    assert {"timeout", "express"} <= set(found)
    assert found["timeout"].path == "Resources.Machine.Properties.DefinitionString.States.Wait"
    assert (found["timeout"].at.line, found["timeout"].at.column) == (9, 22)


def test_a_definition_in_a_json_text_stands_where_the_text_stands() -> None:
    """Its own lines are not lines of the file."""
    inner = json.dumps(send({}, attribute(), TimeoutSeconds=None), indent=2)
    outer = json.dumps({"Other": ["x"], "M": {"DefinitionString": {"Fn::Sub": [inner, {}]}}})
    (found,) = of("timeout", outer)
    assert found.problem.at.line == 1


def test_a_broken_definition_in_a_text_is_named() -> None:
    """With the line of the file."""
    text = SAM % '{"Type": "Task",}'
    with pytest.raises(UnusableFileError, match=r"template\.yaml:9:\d+: .*DefinitionString is no"):
        read_text(text, "template.yaml")
    prose = json.dumps({"a": '{"StartAt" and "States" in prose'})
    with pytest.raises(UnusableFileError, match="holds no state machine"):
        read_text(prose, "x.json")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: [", "is not valid YAML"),
        ("", "is empty"),
        ("a: &a [*a]", "refers to itself"),
        ("a: b\n---\nc: d", "is not valid YAML"),
        ("a: \x00", "is not valid YAML"),
        ("a: b", "holds no state machine"),
    ],
)
def test_what_is_wrong_with_yaml(text: str, problem: str) -> None:
    """One message, with the place where there is one."""
    with pytest.raises(UnusableFileError, match=problem):
        read_text(text, "x.yaml")


def test_yaml_that_is_nested_too_deeply() -> None:
    """It ends in a message, not in the interpreter's limit."""
    with pytest.raises(UnreadableError, match="deeply"):
        yaml_source.parse("[" * 5000)


def test_yaml_whose_aliases_add_up_to_too_deep_a_nesting() -> None:
    """Keys are not gone through: what they hold is met by an alias, deep in another one."""
    keys, inner = "", ""
    for number in range(3):
        keys += f"? &a{number} {'[' * 120}{inner}{']' * 120}\n: x\n"
        inner = f"*a{number}"
    with pytest.raises(UnreadableError, match="deeply"):
        yaml_source.parse(f"{keys}c: {inner}\n")


def test_a_filmdrop_definition_leads_to_its_state_machine() -> None:
    """The path is relative to the root module, somewhere above."""
    definition = EXAMPLES / "filmdrop/workflows/mosaic/definition.yaml"
    assert read(str(definition)).path.endswith("workflows/mosaic/state-machine.json")


def test_a_definition_that_leads_nowhere(tmp_path: Path) -> None:
    """The missing file is named."""
    file = tmp_path / "definition.yaml"
    file.write_text("state_machine_filepath: workflows/x.json")
    with pytest.raises(UnusableFileError, match=r"not there: workflows/x\.json"):
        read(str(file))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """Missing, not in UTF-8, or absurdly large."""
    with pytest.raises(UnusableFileError, match="No such file"):
        read(str(tmp_path / "nowhere.json"))
    file = tmp_path / "x.json"
    file.write_bytes(b"\xff\xfe{")
    with pytest.raises(UnusableFileError, match="UTF-8"):
        read(str(file))
    with file.open("wb") as stream:
        stream.truncate(17 * 1024 * 1024)
    with pytest.raises(UnusableFileError, match="larger than"):
        read(str(file))


@pytest.mark.parametrize("name", ["a.b", "a[0]", "a b"])
def test_paths_with_odd_names(name: str) -> None:
    """A dot or a bracket in a state's name is quoted in its path."""
    made = {"StartAt": name, "States": {name: send({}, attribute())["States"]["Wait"]}}
    path = f"States[{name!r}]" if name != "a b" else "States.a b"
    assert findings(made)[0].problem.path == path
