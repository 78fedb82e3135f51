"""Rows that cannot be read: each is named and counted, and stops no other row."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.waits.step_log import NOT_READ, log_step

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.waits.row import Key


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
    """Say which row is passed over, and why."""
    log_step(NOT_READ, row.payload_id, level=logging.ERROR, wait=row.name, why=row.why)
