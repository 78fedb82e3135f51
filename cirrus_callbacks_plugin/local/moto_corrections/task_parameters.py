"""What a task may send to SQS, and the errors of SQS."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.moto_corrections.state_failures import (
    failure,
    unusable_parameters,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.local.moto_corrections.patches import Patches

_TEXTS = ("QueueUrl", "MessageDeduplicationId", "MessageGroupId")
_OF_A_MESSAGE = (*_TEXTS, "DelaySeconds", "MessageAttributes", "MessageBody")
_OF_AN_ATTRIBUTE = ("BinaryValue", "DataType", "StringValue")
_MOST_ATTRIBUTES = 10
_ERRORS = {
    "AWS.SimpleQueueService.NonExistentQueue": "SQS.QueueDoesNotExistException",
    "QueueDoesNotExist": "SQS.QueueDoesNotExistException",
}
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)


def judge_messages(patches: Patches) -> None:
    """``sqs:sendMessage`` sends what AWS would send, and fails as on AWS before it sends.

    A field that Step Functions does not know is refused with the definition; a value of the
    wrong type fails the task with ``States.Runtime``; what SQS itself refuses fails it with
    ``SQS.AmazonSQSException``.
    https://docs.aws.amazon.com/step-functions/latest/dg/connect-sqs.html;
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_MessageAttributeValue.html

    moto passes everything on: an attribute without a value is sent, another of the wrong
    type ends in a traceback, and every error is ``SQS.SdkClientException``, which on AWS
    says that SQS was not reached.
    """
    from botocore.exceptions import ClientError
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sqs import (  # noqa: E501 - moto's path
        StateTaskServiceSqs,
    )

    run = StateTaskServiceSqs._eval_service_task  # noqa: SLF001 - moto has no public seam
    from_error = StateTaskServiceSqs._from_error  # noqa: SLF001
    from_state_props = StateTaskServiceSqs.from_state_props

    def _eval_service_task(
        self: Any,
        env: Any,
        resource_runtime_part: Any,
        normalised_parameters: dict[str, Any],
        state_credentials: Any,
    ) -> None:
        wrong = list(_wrong_types(normalised_parameters))
        if wrong:
            raise unusable_parameters(env, wrong)
        refused = next(_refused_by_sqs(normalised_parameters), None)
        if refused is not None:
            raise failure(env, "SQS.AmazonSQSException", refused)
        run(self, env, resource_runtime_part, normalised_parameters, state_credentials)

    def _from_error(self: Any, env: Any, ex: Exception) -> Any:
        event = from_error(self, env, ex)
        if isinstance(ex, ClientError):
            error = _ERRORS.get(ex.response["Error"]["Code"], "SQS.AmazonSQSException")
            event.error_name.error_name = error
            for details in event.event_details.values():
                details["error"] = error
        return event

    def checked(self: Any, state_props: Any) -> None:
        from_state_props(self, state_props)
        template = getattr(self.parargs, "template_eval_component", None) or getattr(
            self.parargs, "jsonata_template_value_object", None
        )
        for path, name, known in _unknown_fields(template):
            raise ValueError(
                f"The field {name!r} is not supported by Step Functions at {path} "
                f"(sqs:sendMessage takes {', '.join(known)})",
            )

    patches.set(StateTaskServiceSqs, "_eval_service_task", _eval_service_task)
    patches.set(StateTaskServiceSqs, "_from_error", _from_error)
    patches.set(StateTaskServiceSqs, "from_state_props", checked)


def _unknown_fields(template: Any) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Where a definition's payload template has fields that sendMessage does not know."""
    for name, value in _fields(template):
        if name not in _OF_A_MESSAGE:
            yield "Parameters", name, _OF_A_MESSAGE
        if name != "MessageAttributes":
            continue
        for attribute, parts in _fields(value):
            for part, _ in _fields(parts):
                if part not in _OF_AN_ATTRIBUTE:
                    yield f"Parameters/MessageAttributes/{attribute}", part, _OF_AN_ATTRIBUTE


def _fields(template: Any) -> Iterator[tuple[str, Any]]:
    for binding in getattr(template, "payload_bindings", ()):
        yield binding.field, getattr(binding, "payload_value", None)
    for binding in getattr(template, "bindings", ()):  # JSONata
        yield binding.identifier, binding.value


def _wrong_types(parameters: dict[str, Any]) -> Iterator[str]:
    for name in _TEXTS:
        if not isinstance(parameters.get(name, ""), str):
            yield f"The value for the field '{name}' must be a STRING"
    delay = parameters.get("DelaySeconds", 0)
    if isinstance(delay, bool) or not isinstance(delay, int):
        yield "The value for the field 'DelaySeconds' must be an INTEGER"
    if "QueueUrl" not in parameters:
        yield "The field 'QueueUrl' is required but was missing"
    attributes = parameters.get("MessageAttributes", {})
    if isinstance(attributes, dict):
        yield from _wrong_attributes(attributes)
    else:
        yield "The value of the field 'MessageAttributes' has an invalid format"


def _wrong_attributes(attributes: dict[str, Any]) -> Iterator[str]:
    for name, attribute in attributes.items():
        if not isinstance(attribute, dict):
            yield f"The value of the field '{name}' has an invalid format"
            continue
        for part, value in attribute.items():
            if part not in _OF_AN_ATTRIBUTE:
                yield f"The field '{part}' is not supported by Step Functions"
            elif not isinstance(value, str):
                yield f"The value for the field '{part}' must be a STRING"


def _refused_by_sqs(parameters: dict[str, Any]) -> Iterator[str]:
    body = parameters.get("MessageBody")
    attributes = parameters.get("MessageAttributes", {})
    if len(attributes) > _MOST_ATTRIBUTES:
        yield _refusal(
            f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum "
            f"[{_MOST_ATTRIBUTES}].",
        )
    if body is None or body == "":
        yield _refusal("The request must contain the parameter MessageBody.", "MissingParameter")
    for name, attribute in attributes.items():
        kind = attribute.get("DataType")
        if not kind:
            yield _refusal(
                f"The message attribute '{name}' must contain a non-empty message attribute type.",
            )
            return
        value = attribute.get("BinaryValue" if kind.startswith("Binary") else "StringValue")
        if not value:
            yield _refusal(
                f"The message attribute '{name}' must contain a non-empty message attribute value "
                f"for message attribute type '{kind}'.",
            )
        elif kind.startswith("Number") and not _NUMBER.fullmatch(value):
            yield _refusal(
                f"Can't cast the value of message (user) attribute '{name}' to a number."
            )


def _refusal(reason: str, code: str = "InvalidParameterValue") -> str:
    return f"{reason} (Service: AmazonSQS; Status Code: 400; Error Code: {code})"
