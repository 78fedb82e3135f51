"""What is wrong with the call that a task makes of an AWS API.

An operation that there is not, or a parameter that it does not take: Step Functions refuses
both when a state machine is created.
https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html;
https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.aws_apis import near_action, operation, unknown_parameters

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TOKEN = "waitForTaskToken"  # noqa: S105 - a pattern's name
_OPTIMIZED: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "dynamodb": (("getItem", "putItem", "updateItem", "deleteItem"), ()),
    "events": (("putEvents",), (_TOKEN,)),
    "lambda": (("invoke",), (_TOKEN,)),
    "sns": (("publish",), (_TOKEN,)),
    "sqs": (("sendMessage",), (_TOKEN,)),
    "states": (("startExecution",), (_TOKEN, "sync", "sync:2")),
}
"""Each optimized integration with a local part: its operations, and how they may be waited for."""

LOCAL_SERVICES = frozenset(_OPTIMIZED)
"""Optimized integrations that have a local part."""

LOCAL_SDK_SERVICES = frozenset({"dynamodb", "eventbridge", "s3", "sfn", "sns", "sqs"})
"""Services whose ``aws-sdk`` integrations have a local part."""


def wrong_call(service: str, call: str, body: Mapping[str, Any]) -> Iterator[str]:
    """Say what is wrong with a task's call, each a part of a sentence after its name.

    Args:
        service: the service, one with a local part: ``sqs``, ``aws-sdk:s3``.
        call: what follows in the resource: ``sendMessage.waitForTaskToken``.
        body: the state as it stands in the definition.
    """
    action, _, pattern = call.partition(".")
    is_sdk = service.startswith("aws-sdk:")
    api = service.removeprefix("aws-sdk:")
    actions, patterns = _OPTIMIZED.get(api, ((), ())) if not is_sdk else ((), (_TOKEN,))
    model = operation(api, action)
    if model is None or (not is_sdk and action not in actions):
        yield f"with the action {action!r}, which {service} has not{_hint(api, action, actions)}"
        return
    if pattern and pattern not in patterns:
        known = " or ".join(f".{each}" for each in patterns) or "no ending"
        yield f"with the resource's ending .{pattern}, which {service} has not: it takes {known}"
    for field in ("Parameters", "Arguments"):
        for name, names in unknown_parameters(model.input_shape, body.get(field)):
            yield (
                f"with {field}/{name}, which {service}:{action} does not take: it takes "
                f"{', '.join(sorted(names))}"
            )


def _hint(api: str, action: str, actions: tuple[str, ...]) -> str:
    if actions:
        near = next(iter(difflib.get_close_matches(action, actions, 1, 0.8)), None)
        elsewhere = operation(api, action) is not None and near is None
        others = f": it has {', '.join(actions)}"
        return f"{others}; aws-sdk:{api}:{action} may be what you mean" if elsewhere else others
    near = near_action(api, action)
    return f": did you mean {near}?" if near else ""
