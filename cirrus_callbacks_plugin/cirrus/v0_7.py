"""cirrus-lib 0.8 with the functions of cirrus-geo 0.7: SNS notifications in an SQS queue.

Its ``process`` takes three things in a notification's ``Message``: a payload, a bare Item
(with the default process of its collection) and ``payload_ids`` (payloads run before). It
takes no other form: the hook turns a message with a token, and only that, into one.
"""

from __future__ import annotations

import importlib
import json
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.cirrus.adapter import (
    Identity,
    identity_of,
    raising_unacceptable,
)
from cirrus_callbacks_plugin.cirrus.generations import V0_7, Generation
from cirrus_callbacks_plugin.cirrus.handlers import given_handler, locate
from cirrus_callbacks_plugin.cirrus.state_db import StateDBAdapter
from cirrus_callbacks_plugin.cirrus.v0_15 import SERVERLESS_HANDLERS
from cirrus_callbacks_plugin.errors import UnacceptablePayload

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(slots=True, eq=False, repr=False)
class CirrusLib08(StateDBAdapter):
    """The adapter of cirrus-lib 0.8."""

    generation: Generation = V0_7
    handlers: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: SERVERLESS_HANDLERS)

    def extract(self, record: Any) -> Any:
        """The payload in a notification, as ``process`` itself reads it, or in the body."""
        with raising_unacceptable("the message cannot be read"):
            if not isinstance(record, dict) or not isinstance(record.get("body"), str):
                raise UnacceptablePayload(
                    f"cirrus-lib {self.version} takes payloads from its SQS queue only",
                )
            body = json.loads(record["body"])
            return json.loads(body["Message"]) if _is_notification(body) else body

    def identify(self, payload: Any) -> Identity:
        """As ``ProcessPayload`` does, once the two short forms are spelled out."""
        from cirrus.lib.process_payload import ProcessPayload  # noqa: PLC0415 - optional

        with raising_unacceptable("cirrus refuses the payload"):
            if "payload_ids" in payload:
                return _one_of(payload["payload_ids"])
            if payload.get("type", "") == "Feature":
                payload = _with_default_process(payload)
            wrapped = ProcessPayload(payload, update=True)
            process = wrapped.process
            return identity_of(wrapped["id"], process.get("replace", False), process["workflow"])

    def deliverable(self, record: Any, payload: Any) -> Any:
        """A notification with the payload in it, wherever the payload came from."""
        body = json.loads(record["body"])
        notification = body if _is_notification(body) else {"Type": "Notification"}
        if notification is body and "url" not in json.loads(body["Message"]):
            return record
        return {**record, "body": json.dumps({**notification, "Message": json.dumps(payload)})}

    def output_url(self, payload_id: str, execution_arn: str) -> None:
        """It has none: outputs are stored from cirrus-geo 2 on."""


def _is_notification(body: Any) -> bool:
    return isinstance(body, dict) and isinstance(body.get("Message"), str)


def _one_of(payload_ids: Any) -> Identity:
    """``payload_ids`` always runs its payloads again; a token can wait for one only."""
    if not isinstance(payload_ids, list) or len(payload_ids) != 1:
        raise UnacceptablePayload(
            "a task token waits for one payload, but payload_ids does not name exactly one: "
            "send a message for each payload, with a token of its own",
        )
    return identity_of(payload_ids[0], replace=True)


def _with_default_process(item: dict[str, Any]) -> dict[str, Any]:
    """A payload from a bare Item, with the ``PROCESSES`` of the handler's own module."""
    path = given_handler("process") or locate("process", SERVERLESS_HANDLERS["process"])
    defaults = importlib.import_module(path.rpartition(".")[0]).PROCESSES
    process = deepcopy(defaults[item["collection"]])
    return {"type": "FeatureCollection", "features": [item], "process": process}
