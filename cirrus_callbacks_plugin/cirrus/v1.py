"""cirrus-geo 1.1 to 1.3: as 2, but a payload is ``COMPLETED`` and its output has no URL."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.cirrus import payloads
from cirrus_callbacks_plugin.cirrus.adapter import reads_back
from cirrus_callbacks_plugin.cirrus.generations import V1, Generation
from cirrus_callbacks_plugin.cirrus.handlers import BESIDE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cirrus_callbacks_plugin.cirrus.adapter import Identity


@dataclass(frozen=True, slots=True)
class CirrusGeo1:
    """The adapter of cirrus-geo 1.x, from the version on that has ``CirrusPayload``."""

    version: str
    generation: Generation = V1
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

    def output_url(self, payload_id: str, execution_arn: str) -> None:
        """There is none: outputs are stored from cirrus-geo 2 on."""

    def reads_back(self, payload_id: str) -> bool:
        """As ``StateDB.key_to_payload_id``."""
        from cirrus.lib.statedb import StateDB  # noqa: PLC0415 - cirrus is optional

        return reads_back(StateDB, payload_id)

    def state_setters(self) -> tuple[type, Mapping[str, str]]:
        """``StateDB`` and its four setters of final states."""
        from cirrus.lib.statedb import StateDB  # noqa: PLC0415 - cirrus is optional

        return StateDB, {
            "set_completed": "COMPLETED",
            "set_failed": "FAILED",
            "set_invalid": "INVALID",
            "set_aborted": "ABORTED",
        }
