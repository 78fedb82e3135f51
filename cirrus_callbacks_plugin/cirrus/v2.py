"""cirrus-geo 2: ``cirrus.lib`` with one zip for all functions, and a URL for every output."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.cirrus import payloads
from cirrus_callbacks_plugin.cirrus.adapter import reads_back
from cirrus_callbacks_plugin.cirrus.generations import V2, Generation
from cirrus_callbacks_plugin.cirrus.handlers import BESIDE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cirrus_callbacks_plugin.cirrus.adapter import Identity


@dataclass(frozen=True, slots=True)
class CirrusGeo2:
    """The adapter of cirrus-geo 2.x."""

    version: str
    generation: Generation = V2
    handlers: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: {
            "process": (BESIDE["process"], "cirrus.lambda_functions.process.lambda_handler"),
            "update_state": (
                BESIDE["update_state"],
                "cirrus.lambda_functions.update_state.lambda_handler",
            ),
        },
    )

    def extract(self, record: Any) -> Any:
        """The payload in a record, or the reference to one."""
        return payloads.extract(record)

    def identify(self, payload: Any) -> Identity:
        """The id of a payload."""
        return payloads.identify(payload)

    def deliverable(self, record: Any, payload: Any) -> Any:
        """The record itself: cirrus takes every form and follows references."""
        del payload
        return record

    def output_url(self, payload_id: str, execution_arn: str) -> str | None:
        """As ``PayloadBucket.get_output_payload_url``."""
        from cirrus.lib.errors import UndefinedPayloadBucketError  # noqa: PLC0415
        from cirrus.lib.payload_bucket import PayloadBucket  # noqa: PLC0415

        name = execution_arn.rpartition(":")[2]
        try:
            return str(PayloadBucket.from_env().get_output_payload_url(payload_id, name))
        except UndefinedPayloadBucketError:
            return None

    def reads_back(self, payload_id: str) -> bool:
        """As ``StateDB.key_to_payload_id``."""
        from cirrus.lib.statedb import StateDB  # noqa: PLC0415 - cirrus is optional

        return reads_back(StateDB, payload_id)

    def state_setters(self) -> tuple[type, Mapping[str, str]]:
        """``StateDB`` and its four setters of final states."""
        from cirrus.lib.statedb import StateDB  # noqa: PLC0415

        return StateDB, {
            "set_succeeded": "SUCCEEDED",
            "set_failed": "FAILED",
            "set_invalid": "INVALID",
            "set_aborted": "ABORTED",
        }
