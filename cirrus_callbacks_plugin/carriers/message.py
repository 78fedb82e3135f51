"""Where a task token may travel: the one place that finds it, and takes it out.

Four carriers (docs/reference/carriers.md):

1. in the payload, ``process[0].callback``
2. beside a payload reference, ``{"url": ..., "callback": ...}``, or a join, ``{"join": ...}``
3. in SQS message attributes, ``cirrus-task-token`` and two optional ones, in upper or lower
   case; in an SNS notification (SNS in SQS without raw delivery, or SNS itself) they stand
   in ``MessageAttributes``
4. in the envelope of AWS's documentation, ``{"Payload": ..., "TaskToken": ...}``

Cirrus logs events, stores payloads and hands them to the child execution; none of those
may hold a parent's token, so what is found here is removed here, from usable and unusable
messages alike. JSON may give a name twice: cirrus reads the last value, and its logs show
both, so a carrier counts wherever it stands. A record without a token is handed on as the
very same object.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.carriers import json_text
from cirrus_callbacks_plugin.carriers.json_text import earlier_values, values
from cirrus_callbacks_plugin.carriers.tokens import Callback, TokenCollector
from cirrus_callbacks_plugin.contract import (
    TOKEN_ATTRIBUTE,
    WAITER_EXECUTION_ATTRIBUTE,
    WAITER_PAYLOAD_ATTRIBUTE,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_ATTRIBUTES = (TOKEN_ATTRIBUTE, WAITER_PAYLOAD_ATTRIBUTE, WAITER_EXECUTION_ATTRIBUTE)


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
    collector = TokenCollector()
    cleaned = _from_record(record, collector)
    collector.warn(record.get("messageId"))
    return Taken(cleaned, collector.callbacks)


def _from_record(record: dict[str, Any], collector: TokenCollector) -> Any:
    """An SQS message, an SNS record, or a payload by itself; told apart as cirrus does."""
    record = _without_attributes(record, "messageAttributes", "stringValue", collector)
    if "body" in record:
        return _with_text(record, "body", collector)
    if "Sns" in record:
        notification = record["Sns"]
        if not isinstance(notification, dict):
            return record
        cleaned = _from_body(notification, collector)
        return record if cleaned is notification else {**record, "Sns": cleaned}
    return _from_body(record, collector)


def _with_text(holder: dict[str, Any], key: str, collector: TokenCollector) -> dict[str, Any]:
    """Look into a JSON text inside a record; write it again only where a carrier was in it."""
    text = holder.get(key)
    if not isinstance(text, str) or not _may_hold_carrier(text):
        return holder
    try:
        body = json_text.read(text)
    except ValueError:
        return holder  # a body that is not JSON carries no token
    if not isinstance(body, dict):
        return holder
    cleaned = _from_body(body, collector)
    return holder if cleaned is body else {**holder, key: json_text.write(cleaned)}


def _may_hold_carrier(text: str) -> bool:
    """A quick look; a backslash may hide any name."""
    return (
        "\\" in text or "callback" in text or "TaskToken" in text or TOKEN_ATTRIBUTE in text.lower()
    )


def _from_body(body: dict[str, Any], collector: TokenCollector) -> Any:
    """A payload, a reference to one, a notification, or an envelope around any of them.

    A notification in a notification (a topic behind a topic) is one that cirrus refuses,
    logs and stores. Each is a text in a text, so a message holds a few at the most.
    """
    inner, hidden = _unwrapped(body, collector)
    while hidden:
        passed_over, more = _unwrapped(hidden.pop(), collector)
        _from_content(passed_over, collector)
        hidden += more
    return _from_content(inner, collector)


def _unwrapped(body: Any, collector: TokenCollector) -> tuple[Any, list[Any]]:
    """What is in an envelope, and in payloads that another one took the place of.

    Always unwrapped, an envelope in an envelope too: cirrus sees the payload.
    """
    hidden: list[Any] = []
    while isinstance(body, dict) and "TaskToken" in body and "Payload" in body:
        for token in values(body, "TaskToken"):
            collector.add_token(token, "the envelope's TaskToken")
        hidden += earlier_values(body, "Payload")
        body = body["Payload"]
    return body, hidden


def _from_content(content: Any, collector: TokenCollector) -> Any:
    if not isinstance(content, dict):
        return content
    if "Message" in content:
        content = _each_value(
            content,
            {
                "MessageAttributes": lambda holder: _without_attributes(
                    holder, "MessageAttributes", "Value", collector
                ),
                "Message": lambda holder: _with_text(holder, "Message", collector),
            },
        )
    return _from_payload(content, collector)


def _each_value(
    holder: dict[str, Any],
    looks: Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]],
) -> dict[str, Any]:
    """Look at the value of each name, and at those that it had before in the same object.

    A look takes an object with the name and returns it, the very same one where it took
    nothing out of it.
    """
    once = [{name: value} for name in looks for value in earlier_values(holder, name)]
    hid_something = [looks[next(iter(each))](each) is not each for each in once]
    cleaned = dict(holder) if any(hid_something) else holder
    for look in looks.values():
        cleaned = look(cleaned)
    return cleaned


def _from_payload(payload: dict[str, Any], collector: TokenCollector) -> dict[str, Any]:
    has_callback = "url" in payload or "join" in payload
    beside = values(payload, "callback") if has_callback else []
    for callback in beside:
        collector.add(callback, "callback")
    cleaned = _each_value(payload, {"process": lambda holder: _from_process(holder, collector)})
    return _without(cleaned, "callback") if beside else cleaned


def _from_process(payload: dict[str, Any], collector: TokenCollector) -> dict[str, Any]:
    process = payload.get("process")
    cleaned: Any
    if isinstance(process, dict):
        cleaned = _without_callback(process, collector, "process.callback")
        return payload if cleaned is process else {**payload, "process": cleaned}
    if not isinstance(process, list):
        return payload
    cleaned = [
        _without_callback(entry, collector, "process[0].callback")
        if index == 0 and isinstance(entry, dict)
        else _without_later_callbacks(entry, index, collector)
        for index, entry in enumerate(process)
    ]
    if all(new is old for new, old in zip(cleaned, process, strict=True)):
        return payload
    return {**payload, "process": cleaned}


def _without_callback(
    entry: dict[str, Any], collector: TokenCollector, place: str
) -> dict[str, Any]:
    if "callback" not in entry:
        return entry
    for callback in values(entry, "callback"):
        collector.add(callback, place)
    return _without(entry, "callback")


def _without_later_callbacks(entry: Any, index: int, collector: TokenCollector) -> Any:
    """A callback of a chained workflow that does not exist yet can wait for nothing.

    An entry may be a list of workflows; nothing deeper is one, for cirrus neither.
    """
    if isinstance(entry, list):
        cleaned = [_without_later_callback(each, index, collector) for each in entry]
        return entry if all(a is b for a, b in zip(cleaned, entry, strict=True)) else cleaned
    return _without_later_callback(entry, index, collector)


def _without_later_callback(entry: Any, index: int, collector: TokenCollector) -> Any:
    if not isinstance(entry, dict) or "callback" not in entry:
        return entry
    collector.problem(
        f"Removed a callback from process[{index}]: only process[0] can be waited for; "
        "send the token with the message of the workflow that is to be waited for",
    )
    return _without(entry, "callback")


def _without_attributes(
    holder: dict[str, Any],
    key: str,
    value_key: str,
    collector: TokenCollector,
) -> dict[str, Any]:
    attributes = holder.get(key)
    if not isinstance(attributes, dict):
        return holder
    ours = {name: name.lower() for name in attributes if name.lower() in _ATTRIBUTES}
    if not ours:
        return holder
    texts = {
        our_name: _texts(attributes, name, value_key) for name, our_name in reversed(ours.items())
    }
    waiter = {
        "payload_id": next(iter(texts.get(WAITER_PAYLOAD_ATTRIBUTE, ())), None),
        "execution_arn": next(iter(texts.get(WAITER_EXECUTION_ATTRIBUTE, ())), None),
    }
    place = f"the message attribute {TOKEN_ATTRIBUTE}"
    for name, our_name in ours.items():
        if our_name == TOKEN_ATTRIBUTE:
            for token in _texts(attributes, name, value_key):
                collector.add_token(token, place, waiter)
    kept = {name: value for name, value in attributes.items() if name not in ours}
    return {**holder, key: kept}


def _texts(attributes: dict[str, Any], name: str, value_key: str) -> list[Any]:
    """The values of an attribute; bytes and lists do not count as one."""
    return [
        text
        for attribute in values(attributes, name)
        for text in (
            (values(attribute, value_key) or [None]) if isinstance(attribute, dict) else [None]
        )
    ]


def _without(holder: dict[str, Any], name: str) -> dict[str, Any]:
    return {each: value for each, value in holder.items() if each != name}
