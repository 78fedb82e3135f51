"""Which payload a message with a token is about, as cirrus itself would say."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.cirrus.state_table import StateKey
from cirrus_callbacks_plugin.errors import UnacceptablePayload
from cirrus_callbacks_plugin.naming import is_join_id, is_text, workflow_of
from cirrus_callbacks_plugin.waits.row import UNKNOWN_WORKFLOW

if TYPE_CHECKING:
    from collections.abc import Callable

    from cirrus_callbacks_plugin.cirrus.adapter import Adapter
    from cirrus_callbacks_plugin.hooks.delivery import Message

MAX_ID_BYTES = 16_384
"""A longer id makes no record in any state table; its row is named by the message."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a message's tokens wait for.

    Attributes:
        payload_id: the payload's id; ``invalid:<message>`` where it has none.
        workflow: the workflow that cirrus runs for it (``process[0].workflow``); the id's
            segment where the message does not tell, or ``unknown``.
        key: the payload's key in the state table, None where it can have no record.
        reads_back: False where cirrus does not take the record under that key for the
            payload's own, and so runs the payload whatever the record says.
        replace: True for a message that asks for the payload to be run anew.
        refused: why cirrus cannot accept the payload, None where it can.
        spoils_batch: True where the object behind the ``url`` cannot be had, or the payload is
            not a JSON object: cirrus raises for the whole batch then, and runs none of it.
        record: the record in a form that this cirrus takes; None: as it came.
    """

    payload_id: str
    workflow: str
    key: StateKey | None
    reads_back: bool = True
    replace: bool = False
    refused: str | None = None
    spoils_batch: bool = False
    record: Any = None


def target_of(
    message: Message,
    adapter: Adapter,
    fetch: Callable[[str], str],
) -> Target:
    """Say what a message is about, by cirrus's own code, run on a copy.

    Args:
        message: a cleaned message.
        adapter: the installed cirrus.
        fetch: reads the object behind an ``s3://`` URL.

    Raises:
        ClientError, BotoCoreError, OutOfTime: the object behind a ``url`` could not be
            fetched now; it may be there when the message comes again.
    """
    payload: Any = None
    spoils_batch = False
    try:
        payload = adapter.extract(_copy(message.record))
        if isinstance(payload, dict) and "url" in payload:
            spoils_batch = True  # cirrus catches nothing of what goes wrong here
            payload = _payload_at(payload["url"], fetch)
        # Of a payload that is not an object cirrus cannot even tell the id.
        spoils_batch = not isinstance(payload, dict)
        identity = adapter.identify(_copy(payload))
    except UnacceptablePayload as error:
        return _refused(_own_id(payload), message, str(error), spoils_batch=spoils_batch)
    key = StateKey.of(identity.payload_id)
    if key is None:
        return _refused(
            identity.payload_id,
            message,
            "the payload's id makes no key of the state table: its parts before and after "
            "'/workflow-NAME/' must be present, at most 2,048 and 1,024 bytes long",
        )
    return Target(
        payload_id=identity.payload_id,
        workflow=identity.workflow or workflow_of(identity.payload_id) or UNKNOWN_WORKFLOW,
        key=key,
        reads_back=adapter.reads_back(identity.payload_id),
        replace=identity.replace,
        record=adapter.deliverable(message.record, payload),
    )


def _copy(value: Any) -> Any:
    """A copy by way of JSON, which goes as deep as JSON does: ``deepcopy`` gives up earlier.

    Raises:
        UnacceptablePayload: the value is not JSON; cirrus writes it as JSON and cannot either.
    """
    try:
        return json.loads(json.dumps(value))
    except (TypeError, ValueError, RecursionError) as error:
        raise UnacceptablePayload(f"the payload is not JSON: {type(error).__name__}") from error


def _payload_at(url: Any, fetch: Callable[[str], str]) -> Any:
    if not isinstance(url, str):
        raise UnacceptablePayload("the payload's url is not a string")
    body = fetch(url)
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnacceptablePayload(f"the payload's object is not JSON: {url}") from error


def _refused(
    payload_id: str | None,
    message: Message,
    why: str,
    *,
    spoils_batch: bool = False,
) -> Target:
    named = None
    is_name = payload_id and is_text(payload_id) and not is_join_id(payload_id)
    if payload_id and is_name and len(payload_id.encode()) <= MAX_ID_BYTES:
        named = payload_id
    return Target(
        payload_id=named or f"invalid:{message.name}",
        workflow=(workflow_of(named) if named else None) or UNKNOWN_WORKFLOW,
        key=None,
        refused=why,
        spoils_batch=spoils_batch,
    )


def _own_id(payload: Any) -> str | None:
    value = payload.get("id") if isinstance(payload, dict) else None
    return value if isinstance(value, str) else None
