"""What a task comes to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.lint.data.shape import (
    NO_PAYLOAD,
    PLAIN,
    UNKNOWN,
    Shape,
    listed,
    listed_object,
)

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.asl.machine import State

PAUSES = ".waitForTaskToken"
"""How the resource of a task ends that waits for its token."""

ANSWER = listed_object(
    dict.fromkeys(("payload_id", "workflow_state", "execution_arn", "output_payload_url"), PLAIN)
)
"""What a wait for one payload is answered with."""

_MEMBER = listed_object(
    {
        **dict(ANSWER.members),
        "index": PLAIN,
        "error": listed_object({"name": PLAIN, "cause": PLAIN}),
    }
)
JOIN_ANSWER = listed_object(
    {
        **dict.fromkeys(("join_id", "name", "total", "succeeded", "failed", "pending"), PLAIN),
        "members": listed(each=_MEMBER),
        "members_at": listed_object({"bucket": PLAIN, "key": PLAIN}),
    }
)
"""What a join is answered with."""


def result_of(state: State) -> Shape:
    """What a task comes to that does not wait for a payload.

    A service's response is not a payload, though there may be one in it (``$.Payload`` of a
    function's). What a function, an activity, or the holder of a token answers may be one.
    """
    prefix, integrated, action = state.resource.partition(":states:::")
    if not integrated or "${" in action or action.endswith(PAUSES):
        return UNKNOWN
    return NO_PAYLOAD if prefix else UNKNOWN
