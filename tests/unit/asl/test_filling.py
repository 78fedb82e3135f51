"""Definitions are filled in as Terraform's templatefile and CloudFormation do."""

from __future__ import annotations

from typing import Any

import pytest

from cirrus_callbacks_plugin.asl import json_source, yaml_source
from cirrus_callbacks_plugin.asl.errors import UnreadableError
from cirrus_callbacks_plugin.asl.filling import Filling
from cirrus_callbacks_plugin.asl.machine import Style
from cirrus_callbacks_plugin.asl.nodes import Node, Position

VALUES = {
    "name": "value",
    "tasks.a-b.lambda.function_arn": "arn:a-b",
    "n": "7",
    "mark": "${name}",
    "quote": 'a"b',
    "AWS::Region": "us-west-2",
    "Queue": "https://queue",
    "Queue.Arn": "arn:queue",
}


def filled(node: Node, style: Style = Style.TERRAFORM) -> Any:
    return Filling(style, VALUES.get, lambda name: f"give {name}").value(node)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${name}", "value"),
        ("${ name }-${name}", "value-value"),
        ("${tasks.a-b.lambda.function_arn}", "arn:a-b"),
        ("$${name}", "${name}"),
        ("%%{ if }", "%{ if }"),
        ("$name $.path $$.Execution.Id {}", "$name $.path $$.Execution.Id {}"),
        ("States.Format('{}', $.a)", "States.Format('{}', $.a)"),
        ("${mark}", "${name}"),  # a value is not filled in again
        ("${quote}", 'a"b'),
    ],
)
def test_terraforms_marks(text: str, expected: str) -> None:
    """Names are replaced, doubled marks stand for themselves, JSONPath is left alone."""
    assert filled(Node(text, Position(1, 1))) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${Queue}", "https://queue"),
        ("${Queue.Arn}", "arn:queue"),
        ("${AWS::Region}", "us-west-2"),
        ("${!Literal}", "${Literal}"),
        ("$${Queue}", "$${Queue}"),
        ("%{ kept }", "%{ kept }"),
    ],
)
def test_cloudformations_marks(text: str, expected: str) -> None:
    """``${!`` is the way to a literal mark there."""
    assert filled(Node(text, Position(1, 1)), Style.CLOUDFORMATION) == expected


def test_values_outside_of_quotes_are_json() -> None:
    """A number stays a number, a text becomes one, whatever stands in it."""
    root = json_source.parse('{"a": ${n}, "b": ${name}, "c": [${quote}], "d": 1.5}').root
    assert filled(root) == {"a": 7, "b": "value", "c": ['a"b'], "d": 1.5}


def test_cloudformations_functions_are_filled_in() -> None:
    """In their short and their long forms, in JSON and YAML."""
    text = """
    a: !Ref Queue
    b: !GetAtt Queue.Arn
    c: !Sub "to ${Queue}"
    d: !Join ["-", [x, !Ref name, {"Fn::GetAtt": [Queue, Arn]}]]
    e: {"Fn::Sub": ["${Own}/${Queue}", {"Own": "mine"}]}
    f: {"Ref": "AWS::Region"}
    """
    assert filled(yaml_source.parse(text).root, Style.CLOUDFORMATION) == {
        "a": "https://queue",
        "b": "arn:queue",
        "c": "to https://queue",
        "d": "x-value-arn:queue",
        "e": "mine/https://queue",
        "f": "us-west-2",
    }


@pytest.mark.parametrize(
    "text", ['\n"${other}"', '\n"%{ if true }"', '\n"${name"', '\n"${upper(name)}"']
)
def test_what_cannot_be_filled_in_is_told_by_line(text: str) -> None:
    """An unknown name, a directive and an expression are errors that name the line."""
    with pytest.raises(UnreadableError, match=r"^line 2, "):
        filled(json_source.parse(text).root)
