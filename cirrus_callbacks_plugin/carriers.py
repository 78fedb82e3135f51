"""Where a task token may travel: the one place that finds it, and takes it out.

Four carriers (README, "How a token travels"):

1. in the payload, ``process[0].callback``
2. beside a payload reference, ``{"url": ..., "callback": ...}``
3. in SQS message attributes, ``cirrus-task-token`` and two optional ones; in an SNS
   notification (SNS in SQS without raw delivery, or SNS itself) they stand in
   ``MessageAttributes``
4. in the envelope of AWS's documentation, ``{"Payload": ..., "TaskToken": ...}``

Cirrus logs events, stores payloads and hands them to the child execution; none of those
may hold a parent's token, so what is found here is removed here, from usable and unusable
messages alike. A record without a token is handed on as the very same object.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from typing import Any

from cirrus_callbacks_plugin.waits.row import MAX_TOKEN_CHARS

logger = logging.getLogger(__name__)

TOKEN_ATTRIBUTE = "cirrus-task-token"  # noqa: S105 - an attribute's name
WAITER_PAYLOAD_ATTRIBUTE = "cirrus-waiter-payload-id"
WAITER_EXECUTION_ATTRIBUTE = "cirrus-waiter-execution-arn"
_ATTRIBUTES = (TOKEN_ATTRIBUTE, WAITER_PAYLOAD_ATTRIBUTE, WAITER_EXECUTION_ATTRIBUTE)

MAX_WAITER_CHARS = 4096
"""A longer name of a waiter is no name: it is left out of the row."""

_RESERVED = "#"
_HINTS = ("callback", "TaskToken", TOKEN_ATTRIBUTE, "\\")
"""A body without any of these texts holds no carrier; a backslash may hide one."""


@dataclass(frozen=True, slots=True)
class Callback:
    """A task token and who waits with it, when told."""

    task_token: str = field(repr=False)
    waiter_payload_id: str | None = None
    waiter_execution_arn: str | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What is left of a record, and what was taken out of it.

    Attributes:
        record: the record without tokens; the same object where there was nothing to take.
        callbacks: one for each distinct token, in the order of the carriers.
    """

    record: Any
    callbacks: tuple[Callback, ...] = ()


def records_of(event: Any) -> list[Any] | None:
    """The records of an SQS or SNS event; None where the event itself is the payload."""
    if isinstance(event, dict) and isinstance(event.get("Records"), list):
        return list(event["Records"])
    return None


def take(record: Any) -> Taken:
    """Take every token out of one record (or of a directly invoked payload)."""
    if not isinstance(record, dict):
        return Taken(record)
    found: list[Callback] = []
    cleaned = _from_record(record, found)
    distinct = {callback.task_token: callback for callback in reversed(found)}
    ordered = tuple(
        distinct.pop(callback.task_token) for callback in found if callback.task_token in distinct
    )
    return Taken(cleaned, ordered)


def _from_record(record: dict[str, Any], found: list[Callback]) -> dict[str, Any]:
    """An SQS message, an SNS record, or a payload by itself."""
    changed = _without_attributes(record, "messageAttributes", "stringValue", found)
    if isinstance(changed.get("body"), str):
        return _with_text(changed, "body", found)
    if isinstance(changed.get("Sns"), dict):
        notification = _from_notification(changed["Sns"], found)
        if notification is not changed["Sns"]:
            changed = {**changed, "Sns": notification}
        return changed
    if isinstance(changed.get("Message"), str):
        return _from_notification(changed, found)
    return _from_body(changed, found)


def _from_notification(notification: dict[str, Any], found: list[Callback]) -> dict[str, Any]:
    changed = _without_attributes(notification, "MessageAttributes", "Value", found)
    if isinstance(changed.get("Message"), str):
        return _with_text(changed, "Message", found)
    return changed


def _with_text(holder: dict[str, Any], key: str, found: list[Callback]) -> dict[str, Any]:
    """Look into a JSON text inside a record; write it anew only where a token was in it."""
    text = holder[key]
    if not any(hint in text for hint in _HINTS):
        return holder
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return holder  # a body that is not JSON carries no token
    if not isinstance(body, dict):
        return holder
    is_notification = key == "body" and isinstance(body.get("Message"), str)
    cleaned = _from_notification(body, found) if is_notification else _from_body(body, found)
    return holder if cleaned is body else {**holder, key: json.dumps(cleaned)}


def _from_body(body: dict[str, Any], found: list[Callback]) -> dict[str, Any]:
    """A payload, a reference to one, or an envelope around either."""
    inner: Any = body
    while isinstance(inner, dict) and "TaskToken" in inner and "Payload" in inner:
        # Always unwrapped, an envelope in an envelope too: cirrus sees the payload.
        _add(found, {"task_token": inner["TaskToken"]}, "the envelope's TaskToken")
        inner = inner["Payload"]
    return _from_payload(inner, found) if isinstance(inner, dict) else inner


def _from_payload(payload: dict[str, Any], found: list[Callback]) -> dict[str, Any]:
    if "url" in payload and "callback" in payload:
        _add(found, payload["callback"], "callback")
        payload = {name: value for name, value in payload.items() if name != "callback"}
    process = payload.get("process")
    if isinstance(process, dict):
        cleaned = _without_callback(process, found, "process.callback")
        return payload if cleaned is process else {**payload, "process": cleaned}
    if not isinstance(process, list):
        return payload
    entries: list[Any] = [
        _without_callback(entry, found, "process[0].callback")
        if index == 0 and isinstance(entry, dict)
        else _without_later_callbacks(entry, index)
        for index, entry in enumerate(process)
    ]
    if all(new is old for new, old in zip(entries, process, strict=True)):
        return payload
    return {**payload, "process": entries}


def _without_callback(
    entry: dict[str, Any],
    found: list[Callback],
    place: str,
) -> dict[str, Any]:
    if "callback" not in entry:
        return entry
    _add(found, entry["callback"], place)
    return {name: value for name, value in entry.items() if name != "callback"}


def _without_later_callbacks(entry: Any, index: int) -> Any:
    """A callback of a chained workflow that does not exist yet can wait for nothing.

    An entry may be a list of workflows; nothing deeper is one, for cirrus neither.
    """
    if isinstance(entry, list):
        cleaned = [_without_later_callback(each, index) for each in entry]
        return entry if all(a is b for a, b in zip(cleaned, entry, strict=True)) else cleaned
    return _without_later_callback(entry, index)


def _without_later_callback(entry: Any, index: int) -> Any:
    if not isinstance(entry, dict) or "callback" not in entry:
        return entry
    logger.warning(
        "Removed a callback from process[%d]: only process[0] can be waited for; "
        "send the token with the message of the workflow that is to be waited for",
        index,
    )
    return {name: value for name, value in entry.items() if name != "callback"}


def _without_attributes(
    holder: dict[str, Any],
    key: str,
    value_key: str,
    found: list[Callback],
) -> dict[str, Any]:
    attributes = holder.get(key)
    if not isinstance(attributes, dict) or not any(name in attributes for name in _ATTRIBUTES):
        return holder
    values = {
        name: attributes[name].get(value_key)
        for name in _ATTRIBUTES
        if isinstance(attributes.get(name), dict)
    }
    if TOKEN_ATTRIBUTE in attributes:
        waiter = {
            "payload_id": values.get(WAITER_PAYLOAD_ATTRIBUTE),
            "execution_arn": values.get(WAITER_EXECUTION_ATTRIBUTE),
        }
        callback = {"task_token": values.get(TOKEN_ATTRIBUTE), "waiter": waiter}
        _add(found, callback, f"the message attribute {TOKEN_ATTRIBUTE}")
    kept = {name: value for name, value in attributes.items() if name not in _ATTRIBUTES}
    return {**holder, key: kept}


def _add(found: list[Callback], callback: Any, place: str) -> None:
    """Note a usable token; warn, without its content, about one that is none."""
    if not isinstance(callback, dict):
        logger.warning("Ignored %s: it is no object with a task_token", place)
        return
    token = callback.get("task_token")
    problem = _problem(token)
    if not isinstance(token, str) or problem is not None:
        logger.warning("Ignored %s: the task token %s", place, problem)
        return
    waiter = callback.get("waiter")
    told = waiter if isinstance(waiter, dict) else {}
    found.append(
        Callback(token, _name(told.get("payload_id")), _name(told.get("execution_arn"))),
    )


def _problem(token: Any) -> str | None:
    """Why a token cannot be registered; None where it can."""
    if token is None:
        return "is missing"
    if not isinstance(token, str):
        return "is not a string"
    if not token:
        return "is empty"
    if len(token) > MAX_TOKEN_CHARS:
        return f"is longer than the {MAX_TOKEN_CHARS} characters that Step Functions accepts"
    if token.startswith(_RESERVED):
        return f"begins with the reserved character {_RESERVED!r}"
    return None if _is_text(token) else "is not valid Unicode"


def _name(value: Any) -> str | None:
    usable = isinstance(value, str) and 0 < len(value) <= MAX_WAITER_CHARS and _is_text(value)
    return value if usable else None


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
