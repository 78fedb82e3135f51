"""Rows that cannot be read: each is named and counted, and stops no other row."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.naming import visible

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.waits.row import Key

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Malformed:
    """A row that cannot be read.

    Attributes:
        key: its key; None where that cannot be read either.
        why: which attribute is not what it must be; quotes no value.
    """

    key: Key | None
    why: str

    @property
    def name(self) -> str | None:
        """What logs call its token."""
        return None if self.key is None else self.key.name

    @property
    def payload_id(self) -> str | None:
        """The payload that is waited for, as the key tells it."""
        return None if self.key is None else self.key.payload_id


def log_malformed(row: Malformed) -> None:
    """Say which row was passed over, and why."""
    logger.error(
        "Wait %s for payload %s cannot be read and is passed over: %s",
        row.name or "without a key",
        visible(row.payload_id) if row.payload_id is not None else "of no name",
        row.why,
    )
