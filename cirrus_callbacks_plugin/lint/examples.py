"""State machines for the rules' examples: a sound wait, and what differs from it."""

from __future__ import annotations

import json
from typing import Any

Example = dict[str, Any]
"""A state machine, or one state of which a state machine is made."""

_LINE = 80

TOKEN = {"DataType": "String", "StringValue.$": "$$.Task.Token"}
WAITER = {"DataType": "String", "StringValue.$": "$.id"}
MESSAGE = {
    "QueueUrl": "${process_queue_url}",
    "MessageBody.$": "$.payload",
    "MessageAttributes": {"cirrus-task-token": TOKEN, "cirrus-waiter-payload-id": WAITER},
}
CATCH = [
    {"ErrorEquals": ["States.ALL"], "ResultPath": "$.failure", "Next": "WithoutIt"},
]


def wait(**fields: Any) -> Example:
    """A state that waits; a field that is None is left out."""
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": MESSAGE,
        "TimeoutSeconds": 7200,
        "ResultPath": "$.answer",
        "End": True,
        **fields,
    }
    return {name: value for name, value in state.items() if value is not None}


def parts(**states: Example) -> Example:
    """A state machine, or what a Map repeats; the first state starts it."""
    return {"StartAt": next(iter(states)), "States": states}


def mapped(
    processor: Example,
    *,
    mode: dict[str, str] | None = None,
    **fields: Any,
) -> Example:
    """A Map state."""
    config = {} if mode is None else {"ProcessorConfig": mode}
    state = {
        "Type": "Map",
        "ItemsPath": "$.scenes",
        "MaxConcurrency": 40,
        "ItemProcessor": {**config, **processor},
        "ResultPath": "$.answers",
        "End": True,
        **fields,
    }
    return {name: value for name, value in state.items() if value is not None}


def caught_wait(**fields: Any) -> Example:
    """What a Map repeats: a wait whose failures are caught, with small results."""
    return parts(
        Wait=wait(**{"Catch": CATCH, "End": None, "Next": "WithIt", **fields}),
        WithIt={"Type": "Pass", "Parameters": {"answer.$": "$.answer"}, "End": True},
        WithoutIt={"Type": "Pass", "Parameters": {"failure.$": "$.failure"}, "End": True},
    )


def example_text(example: Example | str) -> str:
    """An example as people read it."""
    return example if isinstance(example, str) else _compact(example)


def _compact(value: Any, indent: int = 0) -> str:
    """JSON with what fits a line on one line."""
    line = json.dumps(value)
    if len(line) + indent <= _LINE or not isinstance(value, (dict, list)) or not value:
        return line
    inner = " " * (indent + 2)
    if isinstance(value, dict):
        parts = [f"{json.dumps(k)}: {_compact(v, indent + 2)}" for k, v in value.items()]
        opening, closing = "{}"
    else:
        parts = [_compact(each, indent + 2) for each in value]
        opening, closing = "[]"
    return (
        f"{opening}\n" + ",\n".join(inner + part for part in parts) + f"\n{' ' * indent}{closing}"
    )
