"""Marks of answers that are being sent: written in batches while others are still sent."""

from __future__ import annotations

import threading
from collections.abc import Callable  # noqa: TC003 - a field's type
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.waits.row import Key, Wait
    from cirrus_callbacks_plugin.waits.table import Mark


@dataclass(slots=True, eq=False, repr=False)
class Marks:
    """Collects marks, and has each batch written by the thread that completes it.

    A token is answered before its row's mark is collected. Between the two lie at most one
    batch of rows and those under way: of so many a crash leaves it open whether they were
    answered, as of each row where it is marked by itself.

    Attributes:
        write: writes marks; returns in their order what each came to.
        size: marks in a batch.
        failed: what marks met that are not written.
    """

    write: Callable[[list[tuple[Wait, Mark]]], list[bool | Exception]]
    size: int
    failed: dict[Key, Exception] = field(default_factory=dict)
    _waiting: list[tuple[Wait, Mark]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, row: Wait, mark: Mark) -> None:
        """Collect a row's mark; write a batch where this one completes it."""
        with self._lock:
            self._waiting.append((row, mark))
            if len(self._waiting) < self.size:
                return
            batch, self._waiting = self._waiting, []
        self._write(batch)

    def finish(self) -> None:
        """Write what is left, once nothing is added any more."""
        batch, self._waiting = self._waiting, []
        if batch:
            self._write(batch)

    def _write(self, batch: list[tuple[Wait, Mark]]) -> None:
        try:
            results = self.write(batch)
        except Exception as error:  # noqa: BLE001 - told of each row, which then comes again
            results = [error] * len(batch)
        for (row, _), result in zip(batch, results, strict=True):
            if isinstance(result, Exception):
                self.failed[row.key] = result
