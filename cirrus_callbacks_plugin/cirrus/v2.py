"""cirrus-geo 2: ``cirrus.lib`` with one zip for all functions."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.cirrus.adapter import Identity
from cirrus_callbacks_plugin.cirrus.generations import V2, Generation
from cirrus_callbacks_plugin.errors import UnacceptablePayload

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class CirrusGeo2:
    """The adapter of cirrus-geo 2.x."""

    version: str
    generation: Generation = V2
    handlers: Mapping[str, str] = field(
        default_factory=lambda: {
            "process": "cirrus.lambda_functions.process.lambda_handler",
            "update_state": "cirrus.lambda_functions.update_state.lambda_handler",
        },
    )

    def extract(self, record: Any) -> Any:
        """As ``cirrus.lib.utils.extract_record``."""
        from cirrus.lib.utils import extract_record  # noqa: PLC0415 - cirrus is optional

        try:
            return extract_record(record)
        except Exception as error:  # whatever it is, cirrus meets it too
            raise UnacceptablePayload(f"the message cannot be read: {error}") from error

    def identify(self, payload: Any) -> Identity:
        """As ``PayloadManager`` does, which wraps and validates a ``CirrusPayload``."""
        from cirrus.lib.cirrus_payload import CirrusPayload  # noqa: PLC0415

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # cirrus itself will warn, once
                wrapped = CirrusPayload(payload, set_id_if_missing=True)
                wrapped.validate()
                replace = bool(wrapped.process_definition.get("replace", False))
                payload_id = wrapped["id"]
        except Exception as error:  # whatever it is, cirrus meets it too
            raise UnacceptablePayload(f"{type(error).__name__}: {error}") from error
        if not isinstance(payload_id, str):
            raise UnacceptablePayload("the payload's id is not a string")
        return Identity(payload_id, replace)

    def output_url(self, payload_id: str, execution_arn: str) -> str | None:
        """As ``PayloadBucket.get_output_payload_url``."""
        from cirrus.lib.errors import UndefinedPayloadBucketError  # noqa: PLC0415
        from cirrus.lib.payload_bucket import PayloadBucket  # noqa: PLC0415

        name = execution_arn.rpartition(":")[2]
        try:
            return str(PayloadBucket.from_env().get_output_payload_url(payload_id, name))
        except UndefinedPayloadBucketError:
            return None

    def state_setters(self) -> tuple[type, Mapping[str, str]]:
        """``StateDB`` and its four setters of final states."""
        from cirrus.lib.statedb import StateDB  # noqa: PLC0415

        return StateDB, {
            "set_succeeded": "SUCCEEDED",
            "set_failed": "FAILED",
            "set_invalid": "INVALID",
            "set_aborted": "ABORTED",
        }
