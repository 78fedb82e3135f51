"""Which payload a delivery is about: its id, never any text that happens to be in it."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.carriers.message import take
from cirrus_callbacks_plugin.cirrus.installed import adapter
from cirrus_callbacks_plugin.errors import UnacceptablePayload
from cirrus_callbacks_plugin.joins.request import is_request
from cirrus_callbacks_plugin.joins.rows import join_id_of

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Subjects:
    """Reads payloads' ids from events.

    Attributes:
        payload_behind: follows a reference ``{"url": ...}``; everything else as it is.
    """

    payload_behind: Callable[[Any], Any]

    def payload_id(self, function: str, record: Any) -> str | None:
        """The payload that a record for a function is about; None where none can be told."""
        try:
            if function == "process":
                return self._of_message(record)
            if function == "update-state":
                given = self.payload_behind(json.loads(record["detail"]["input"]))
                return str(given["id"])
            keys, image = record["dynamodb"]["Keys"], record["dynamodb"].get("NewImage", {})
            return str(image.get("full_payload_id", keys["payload_id"])["S"])
        except (KeyError, TypeError, ValueError):
            return None

    def _of_message(self, record: Any) -> str | None:
        """As cirrus calls it, by cirrus's own code on a copy without tokens; or a join's id."""
        try:
            taken = take(copy.deepcopy(record))
            payload = adapter().extract(taken.record)
            if taken.callbacks and is_request(payload):
                return join_id_of(taken.callbacks[0].task_token)
            return adapter().identify(copy.deepcopy(self.payload_behind(payload))).payload_id
        except UnacceptablePayload:
            return None
