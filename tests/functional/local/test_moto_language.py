"""Corrections of what moto's interpreter makes of paths, intrinsics, comparisons and tasks.

Each case runs bare and corrected. ``test_moto_is_wrong`` names the cases that moto has
mended; when these are all of a correction's, the correction can go.
"""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from cirrus_callbacks_plugin.local.moto_corrections import (
    aws_values,
    corrected,
    item_readers,
    paths,
)
from cirrus_callbacks_plugin.local.moto_corrections import choices as comparisons
from cirrus_callbacks_plugin.local.moto_corrections import executions as started
from cirrus_callbacks_plugin.local.moto_corrections import intrinsics as functions
from cirrus_callbacks_plugin.local.moto_corrections import task_parameters as messages
from support.interpreter import REGION

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.interpreter import Interpreter

REFUSED = "the definition is refused"
SCENES = {
    "features": [{"id": "a", "o": {"k": 1}}, {"id": "b", "o": {"k": 2}}],
    "list": [1, 2],
    "text": "x",
}
UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


@dataclass(frozen=True)
class Like:
    """Equal to every text of a form."""

    form: re.Pattern[str]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and self.form.fullmatch(other) is not None

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Case:
    """What a machine does with an input.

    Attributes:
        correction: what makes it right.
        states: the machine; ``QUEUE`` in it stands for the queue's URL.
        expected: its output, the name of the error, or :data:`REFUSED`.
    """

    correction: Callable[..., None]
    states: dict[str, Any]
    expected: Any
    given: Any = None


def passing(**fields: Any) -> dict[str, Any]:
    return {"Only": {"Type": "Pass", "End": True, **fields}}


def choosing(**rule: Any) -> dict[str, Any]:
    return {
        "Ask": {"Type": "Choice", "Choices": [{**rule, "Next": "Yes"}], "Default": "No"},
        "Yes": {"Type": "Pass", "Result": True, "End": True},
        "No": {"Type": "Pass", "Result": False, "End": True},
    }


def mapping(**fields: Any) -> dict[str, Any]:
    each = {"StartAt": "Each", "States": {"Each": {"Type": "Pass", "End": True}}}
    inline = {"ProcessorConfig": {"Mode": "INLINE"}, **each}
    return {"All": {"Type": "Map", "ItemProcessor": inline, "End": True, **fields}}


def reading(reader: dict[str, Any]) -> dict[str, Any]:
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Each",
        "States": {"Each": {"Type": "Pass", "End": True}},
    }
    return {
        "All": {"Type": "Map", "ItemReader": reader, "ItemProcessor": processor, "End": True},
    }


def file_of(key: str, kind: str, **config: Any) -> dict[str, Any]:
    return reading(
        {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": kind, **config},
            "Parameters": {"Bucket": "items", "Key": key},
        },
    )


def listing(**parameters: Any) -> dict[str, Any]:
    return reading(
        {
            "Resource": "arn:aws:states:::s3:listObjectsV2",
            "Parameters": {"Bucket": "items", **parameters},
        },
    )


def task(resource: str, **fields: Any) -> dict[str, Any]:
    return {"Task": {"Type": "Task", "Resource": resource, "End": True, **fields}}


def sending(
    resource: str = "arn:aws:states:::sqs:sendMessage", **parameters: Any
) -> dict[str, Any]:
    return task(resource, Parameters={"QueueUrl": "QUEUE", "MessageBody": "m", **parameters})


def attributed(attribute: Any) -> dict[str, Any]:
    return sending(MessageAttributes={"cirrus-task-token": attribute})


A_TEXT = {"DataType": "String", "StringValue": "x"}
NUMBERED = {"DataType": "Number", "StringValue": "x"}
CASES = [
    # Paths, field by field.
    Case(paths.find_by_path, passing(Parameters={"id.$": "$.features[0].id"}), {"id": "a"}, SCENES),
    Case(paths.find_by_path, passing(InputPath="$.features[1].o"), {"k": 2}, SCENES),
    Case(paths.find_by_path, passing(OutputPath="$.features[0].o"), {"k": 1}, SCENES),
    Case(paths.find_by_path, passing(InputPath="$.features[?(@.id=='c')]"), [], SCENES),
    Case(paths.find_by_path, passing(OutputPath="$.features[?(@.id=='c')].id"), [], SCENES),
    Case(
        paths.find_by_path,
        passing(Parameters={"deep": [{"id.$": "$.features[?(@.id=='c')]"}]}),
        {"deep": [{"id": []}]},
        SCENES,
    ),
    Case(paths.find_by_path, mapping(ItemsPath="$.a[0].b"), [1], {"a": [{"b": [1]}]}),
    Case(
        paths.find_by_path,
        mapping(ItemsPath="$.features", ItemSelector={"first.$": "$.features[0].id"}),
        [{"first": "a"}, {"first": "a"}],
        SCENES,
    ),
    Case(
        paths.find_by_path,
        mapping(
            ItemsPath="$.features",
            ItemSelector={"id.$": "$$.Execution.Input.features[1].id"},
        ),
        [{"id": "b"}, {"id": "b"}],
        SCENES,
    ),
    Case(
        paths.find_by_path,
        mapping(ItemsPath="$.features", ResultSelector={"id.$": "$[0].id"}),
        {"id": "a"},
        SCENES,
    ),
    Case(paths.find_by_path, passing(Parameters={"n.$": "$.list.sum()"}), REFUSED, SCENES),
    Case(paths.find_by_path, passing(Parameters={"n.$": "$.list[::2]"}), REFUSED, SCENES),
    # Where a result is put.
    Case(
        paths.put_results_by_path,
        passing(Result=1, ResultPath="$.features[*].n"),
        REFUSED,
        SCENES,
    ),
    Case(
        paths.put_results_by_path,
        passing(Result=1, ResultPath="$.text.below"),
        "States.ResultPathMatchFailure",
        SCENES,
    ),
    Case(
        paths.put_results_by_path,
        passing(Result=1, ResultPath="$.list[7]"),
        "States.ResultPathMatchFailure",
        SCENES,
    ),
    Case(
        paths.put_results_by_path,
        passing(Result=1, ResultPath="$.x"),
        "States.ResultPathMatchFailure",
        [1],
    ),
    # A definition is JSON.
    Case(paths.read_texts_as_json, passing(Parameters={"e.$": "$.é"}), {"e": 1}, {"é": 1}),
    Case(
        paths.read_texts_as_json,
        {"Zurück": {"Type": "Pass", "Parameters": {"name.$": "$$.State.Name"}, "End": True}},
        {"name": "Zurück"},
    ),
    Case(paths.refuse_what_is_no_path, passing(Parameters={"x.$": "States.Array(1"}), REFUSED),
    Case(paths.refuse_what_is_no_path, passing(Parameters={"x.$": "text"}), REFUSED),
    Case(paths.refuse_what_is_no_path, passing(Parameters={"x": {"y.$": 5}}), REFUSED),
    # Intrinsic functions; the corpus has them all.
    *(
        Case(functions.run_intrinsics, passing(Parameters={"v.$": text}), expected, given)
        for text, expected, given in (
            ("States.Format('it\\'s {}', $.x)", {"v": "it's 1"}, {"x": 1}),
            ("States.Array(null, 1.5)", {"v": [None, 1.5]}, None),
            ("States.Base64Encode('é')", {"v": "w6k="}, None),
            ("States.ArrayContains($, true)", {"v": False}, [1]),
            ("States.ArrayUnique($)", {"v": [1, True]}, [1, True, 1]),
            ("States.ArrayUnique($)", {"v": [[1]]}, [[1], [1]]),
            ("States.Hash($, 'MD5')", "States.IntrinsicFailure", {"x": 1}),
            ("States.ArrayGetItem($, -1)", "States.IntrinsicFailure", [1]),
            ("States.Format('{}')", "States.IntrinsicFailure", None),
            ("States.StringSplit('ab', '')", {"v": ["ab"]}, None),
        )
    ),
    Case(
        functions.run_intrinsics,
        {"Only": {"Type": "Fail", "ErrorPath": "States.Format('A.{}', null)", "Cause": "c"}},
        "A.null",
    ),
    # Choices; the corpus has them all.
    *(
        Case(comparisons.compare_as_specified, choosing(Variable="$.v", **rule), expected, given)
        for rule, expected, given in (
            ({"StringMatches": "a\\*b"}, True, {"v": "a*b"}),
            ({"StringMatches": "a?b"}, False, {"v": "axb"}),
            ({"TimestampEquals": "2026-01-01T00:00:00Z"}, True, {"v": "2026-01-01T01:00:00+01:00"}),
            ({"NumericEquals": 5, "Comment": "by value"}, False, {"v": "5"}),
            ({"NumericLessThanPath": "$.w"}, False, {"v": 1, "w": "2"}),
            ({"NumericEqualsPath": "$.w"}, False, {"v": 1, "w": True}),
            ({"NumericEqualsPath": "$$.Execution.Input.w"}, True, {"v": 1, "w": 1}),
            ({"StringEquals": 5}, REFUSED, {"v": "5"}),
            ({"NumericEqualsPath": "$.w[*]"}, REFUSED, {"v": 1, "w": [1]}),
        )
        if expected is not False or "NumericEquals" not in rule
    ),
    # Values of AWS.
    Case(
        aws_values.tell_times_as_text,
        passing(Parameters={"at.$": "$$.Execution.StartTime", "in.$": "$$.State.EnteredTime"}),
        {"at": Like(UTC), "in": Like(UTC)},
    ),
    Case(
        aws_values.tell_times_as_text,
        passing(Parameters={"at.$": "States.Format('{}', $$.Execution.StartTime)"}),
        {"at": Like(UTC)},
    ),
    Case(
        aws_values.tell_times_as_text,
        choosing(Variable="$$.Execution.StartTime", IsTimestamp=True),
        expected=True,
    ),
    Case(
        aws_values.give_results_as_json,
        task(
            "arn:aws:states:::aws-sdk:sfn:listStateMachines",
            ResultSelector={
                "at.$": "$.StateMachines[0].CreationDate",
                "text.$": "States.Format('{}', $.StateMachines[0].CreationDate)",
            },
        ),
        {"at": Like(UTC), "text": Like(UTC)},
    ),
    Case(
        aws_values.give_results_as_json,
        task(
            "arn:aws:states:::aws-sdk:s3:getObject",
            Parameters={"Bucket": "items", "Key": "one.json"},
            ResultSelector={"body.$": "$.Body", "at.$": "$.LastModified"},
        ),
        {"body": "[1]", "at": Like(UTC)},
    ),
    Case(
        started.name_executions,
        {
            **{
                name: {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::states:startExecution",
                    "Parameters": {"StateMachineArn": "MACHINE", "Input": {"a": 1}},
                    "ResultSelector": {"at.$": "$.StartDate"},
                    "Next": following,
                }
                for name, following in (("One", "Two"), ("Two", "Done"))
            },
            "Done": {"Type": "Pass", "End": True},
        },
        {"at": Like(UTC)},
    ),
    # ItemReader.
    Case(item_readers.read_json_lines, file_of("lines.jsonl", "JSONL"), [{"a": 1}, "é\u2028"]),
    Case(item_readers.read_json_lines, file_of("lines.jsonl", "JSONL", MaxItems=1), [{"a": 1}]),
    Case(
        item_readers.read_json_lines,
        file_of("broken.jsonl", "JSONL"),
        "States.ItemReaderFailed",
    ),
    Case(item_readers.read_json_lines, file_of("absent", "JSON"), "States.ItemReaderFailed"),
    Case(item_readers.read_json_lines, file_of("broken.jsonl", "JSON"), "States.ItemReaderFailed"),
    Case(item_readers.list_objects_as_aws_does, listing(Prefix="none/"), []),
    # Messages.
    Case(messages.judge_messages, attributed({"DataType": "String"}), "SQS.AmazonSQSException"),
    Case(messages.judge_messages, attributed({"StringValue": "x"}), "SQS.AmazonSQSException"),
    Case(messages.judge_messages, attributed(NUMBERED), "SQS.AmazonSQSException"),
    Case(
        messages.judge_messages,
        sending(MessageAttributes={f"a{each}": A_TEXT for each in range(11)}),
        "SQS.AmazonSQSException",
    ),
    Case(
        messages.judge_messages,
        attributed({"DataType": "Text", "StringValue": "x"}),
        "SQS.AmazonSQSException",
    ),
    Case(
        messages.judge_messages,
        attributed({"DataType": "String", "StringValue": "x", "Kind": "y"}),
        REFUSED,
    ),
    Case(messages.judge_messages, sending(MessageDeduplicationId=5), "States.Runtime"),
    Case(messages.judge_messages, sending(DelaySeconds="5"), "States.Runtime"),
    Case(messages.judge_messages, sending(messageBody="x"), REFUSED),
    Case(messages.judge_messages, sending(Unknown=1), REFUSED),
    Case(messages.judge_messages, sending(MessageBody=""), "SQS.AmazonSQSException"),
    Case(
        messages.judge_messages,
        sending(QueueUrl=f"https://sqs.{REGION}.amazonaws.com/123456789012/absent"),
        "SQS.QueueDoesNotExistException",
    ),
]
CORRECTIONS = {case.correction.__name__: case.correction for case in CASES}


@pytest.fixture(autouse=True)
def bucket(interpreter: Interpreter) -> None:
    """A bucket with a file of each kind, and a machine to start."""
    interpreter.sfn.create_state_machine(
        name="other",
        definition=json.dumps({"StartAt": "Only", "States": passing()}),
        roleArn="arn:aws:iam::123456789012:role/any",
    )
    s3 = boto3.client("s3", region_name=REGION)
    s3.create_bucket(Bucket="items", CreateBucketConfiguration={"LocationConstraint": REGION})
    for key, body in {
        "one.json": "[1]",
        "lines.jsonl": '{"a": 1}\n\n"é\u2028"\n',
        "broken.jsonl": '{"a": 1}\n{',
        "table.csv": 'name,n\na,1\n"b\nc",\n',
    }.items():
        s3.put_object(Bucket="items", Key=key, Body=body.encode())


def outcome(interpreter: Interpreter, case: Case) -> Any:
    """The output of an execution, the name of its error, or that there is none."""
    machine = f"arn:aws:states:{REGION}:123456789012:stateMachine:other"
    text = json.dumps(case.states).replace("QUEUE", interpreter.queue_url)
    try:
        execution = interpreter.start(json.loads(text.replace("MACHINE", machine)), case.given)
    except ClientError:
        return REFUSED
    ended = interpreter.end(execution)
    return json.loads(ended["output"]) if ended["status"] == "SUCCEEDED" else ended["error"]


def _cases(correction: str) -> list[Case]:
    return [case for case in CASES if case.correction is CORRECTIONS[correction]]


@pytest.mark.parametrize("correction", CORRECTIONS)
def test_moto_is_wrong(interpreter: Interpreter, correction: str) -> None:
    """Unpatched moto does something else, or raises: the correction is still needed."""
    right = []
    for case in _cases(correction):
        with contextlib.suppress(TypeError), corrected.corrected(corrections=()):
            if outcome(interpreter, case) == case.expected:
                right.append(case)
    assert not right


@pytest.mark.parametrize("correction", CORRECTIONS)
def test_corrected(interpreter: Interpreter, correction: str) -> None:
    """The interpreter says what Step Functions says."""
    with corrected.corrected():
        told = [(case, outcome(interpreter, case)) for case in _cases(correction)]
    assert [(case, answer) for case, answer in told if answer != case.expected] == []


def test_every_kind_of_correction_has_its_cases() -> None:
    """No correction of these files stands without a case that shows why."""
    modules = (aws_values, comparisons, functions, item_readers, messages, paths, started)
    written = {each for each in corrected.ALL if each.__module__ in {m.__name__ for m in modules}}
    assert written == set(CORRECTIONS.values())
