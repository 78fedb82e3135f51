"""What cirrus-geo 1.1 and later share: ``cirrus.lib``, and one zip for all functions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.cirrus.adapter import (
    identity_of,
    raising_unacceptable,
)
from cirrus_callbacks_plugin.cirrus.handlers import BESIDE
from cirrus_callbacks_plugin.cirrus.state_db import StateDBAdapter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cirrus_callbacks_plugin.cirrus.adapter import Identity


@dataclass(slots=True, eq=False, repr=False)
class CirrusGeo(StateDBAdapter):
    """The adapter of cirrus-geo from the version on that has ``CirrusPayload``.

    Attributes:
        handlers: where cirrus's own handlers may be.
    """

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
        """As ``cirrus.lib.utils.extract_record``."""
        from cirrus.lib.utils import extract_record  # noqa: PLC0415 - cirrus is optional

        with raising_unacceptable("the message cannot be read"):
            return extract_record(record)

    def identify(self, payload: Any) -> Identity:
        """As ``PayloadManager`` does, which wraps and validates a ``CirrusPayload``."""
        from cirrus.lib.cirrus_payload import CirrusPayload  # noqa: PLC0415

        with raising_unacceptable("cirrus refuses the payload"):
            wrapped = CirrusPayload(payload, set_id_if_missing=True)
            wrapped.validate()
            process = wrapped.process_definition
            return identity_of(wrapped["id"], process.get("replace", False), process["workflow"])

    def deliverable(self, record: Any, payload: Any) -> Any:
        """The record itself: cirrus takes every form and follows references."""
        del payload
        return record
