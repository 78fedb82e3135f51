"""States of a machine, written short."""

from __future__ import annotations

from typing import Any

END: dict[str, Any] = {"Type": "Pass", "End": True}


def machine(states: dict[str, Any]) -> dict[str, Any]:
    """A branch or an item processor that begins with its first state."""
    return {"StartAt": next(iter(states)), "States": states}


def passing(**fields: Any) -> dict[str, Any]:
    """A Pass state; the last one unless ``Next`` is given."""
    return {"Type": "Pass", **({} if "Next" in fields else {"End": True}), **fields}


def each(states: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """An Inline Map over the input; the last state unless ``Next`` is given."""
    last = {} if "Next" in fields else {"End": True}
    return {"Type": "Map", "ItemProcessor": machine(states), **last, **fields}


def parallel(*branches: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A Parallel; the last state unless ``Next`` is given."""
    last = {} if "Next" in fields else {"End": True}
    return {"Type": "Parallel", "Branches": [machine(one) for one in branches], **last, **fields}


def choice(*rules: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A Choice state."""
    return {"Type": "Choice", "Choices": list(rules), **fields}


def calling(function: str, **fields: Any) -> dict[str, Any]:
    """A task that calls a function of the stack ``local`` with its input, and is its answer."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": f"local-{function}", "Payload.$": "$"},
        "OutputPath": "$.Payload",
        **({} if "Next" in fields else {"End": True}),
        **fields,
    }


def catching(*errors: str, **fields: Any) -> list[dict[str, Any]]:
    """A Catch of these errors that goes on to the state ``Caught``."""
    return [{"ErrorEquals": list(errors), "Next": "Caught", **fields}]


def retrying(*errors: str, times: int = 1) -> list[dict[str, Any]]:
    """A Retry of these errors after a second."""
    return [{"ErrorEquals": list(errors), "IntervalSeconds": 1, "MaxAttempts": times}]
