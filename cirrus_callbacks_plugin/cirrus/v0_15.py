"""cirrus-geo 0.15: ``cirrus.lib2``, one serverless package a function.

A serverless project packs ``cirrus/lib2`` without cirrus-geo's metadata, and the handler
as ``lambda_function.py`` at the package's root. Where that file is ours, cirrus's own
stands beside it under the name that the README gives it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from cirrus_callbacks_plugin.cirrus.adapter import (
    identity_of,
    raising_unacceptable,
)
from cirrus_callbacks_plugin.cirrus.generations import V0_15, Generation
from cirrus_callbacks_plugin.cirrus.handlers import BESIDE
from cirrus_callbacks_plugin.cirrus.state_db import StateDBAdapter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cirrus_callbacks_plugin.cirrus.adapter import Identity

SERVERLESS_HANDLERS = {
    "process": (
        BESIDE["process"],
        "lambda_function.lambda_handler",
        "cirrus.builtins.functions.process.lambda_function.lambda_handler",
    ),
    "update_state": (
        BESIDE["update_state"],
        "lambda_function.lambda_handler",
        "cirrus.builtins.functions.update-state.lambda_function.lambda_handler",
    ),
}


@dataclass(slots=True, eq=False, repr=False)
class CirrusGeo015(StateDBAdapter):
    """The adapter of cirrus-geo 0.15."""

    generation: Generation = V0_15
    handlers: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: SERVERLESS_HANDLERS)
    statedb_module: ClassVar[str] = "cirrus.lib2.statedb"

    def extract(self, record: Any) -> Any:
        """As ``cirrus.lib2.utils.extract_record``."""
        from cirrus.lib2.utils import extract_record  # noqa: PLC0415 - cirrus is optional

        with raising_unacceptable("the message cannot be read"):
            return extract_record(record)

    def identify(self, payload: Any) -> Identity:
        """As ``ProcessPayload`` does, which checks what it wraps."""
        from cirrus.lib2.process_payload import ProcessPayload  # noqa: PLC0415

        with raising_unacceptable("cirrus refuses the payload"):
            wrapped = ProcessPayload(payload, set_id_if_missing=True)
            process = wrapped.process
            return identity_of(wrapped["id"], process.get("replace", False), process["workflow"])

    def deliverable(self, record: Any, payload: Any) -> Any:
        """The record itself: cirrus takes every form and follows references."""
        del payload
        return record

    def output_url(self, payload_id: str, execution_arn: str) -> None:
        """It has none: outputs are stored from cirrus-geo 2 on."""
