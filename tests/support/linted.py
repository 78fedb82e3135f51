"""State machines given to the linter, and what it finds in them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.asl.document import read_text
from cirrus_callbacks_plugin.lint.inspection import findings_of
from cirrus_callbacks_plugin.lint.settings import LintSettings
from cirrus_callbacks_plugin.lint.subject import subject_of

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.lint.finding import Finding

JSONATA_TOKEN = "{% $states.context.Task.Token %}"


def findings(
    machine: dict[str, Any] | str, name: str = "x.asl.json", **known: Any
) -> list[Finding]:
    """Check a state machine."""
    text = machine if isinstance(machine, str) else json.dumps(machine, indent=2)
    return findings_of(subject_of(read_text(text, name), LintSettings(**known)))


def of(rule: str, machine: dict[str, Any] | str, **known: Any) -> list[Finding]:
    """What one rule finds."""
    return [each for each in findings(machine, **known) if each.rule.id == rule]


def attribute(value: str = "$$.Task.Token", key: str = "StringValue.$") -> dict[str, Any]:
    """The attributes that carry a token."""
    return {"cirrus-task-token": {"DataType": "String", key: value}}


def send(body: Any = None, attributes: Any = None, **fields: Any) -> dict[str, Any]:
    """A state machine of one task that sends a message to the process queue."""
    parameters: dict[str, Any] = {"QueueUrl": "${process_queue_url}", "MessageBody": body or "{}"}
    if attributes is not None:
        parameters["MessageAttributes"] = attributes
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": parameters,
        "TimeoutSeconds": 60,
        "ResultPath": "$.answer",
        "End": True,
        **fields,
    }
    return machine(Wait={key: value for key, value in state.items() if value is not None})


def jsonata(arguments: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The same in JSONata."""
    given = {"QueueUrl": "{% $states.input.process_queue_url %}", **arguments}
    output = "{% $merge([$states.input, {'answer': $states.result}]) %}"
    fields = {"Output": output, **fields}
    made = send(Parameters=None, ResultPath=None, Arguments=given, **fields)
    return {"QueryLanguage": "JSONata", **made}


def machine(**states: Any) -> dict[str, Any]:
    """A state machine that starts at its first state."""
    return {"StartAt": next(iter(states)), "States": states}
