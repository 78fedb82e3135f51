"""What is wrong with a folder given to the local stack, and with a run of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.errors import CallbackError

if TYPE_CHECKING:
    from pathlib import Path


class LocalProjectError(CallbackError):
    """A file of the folder cannot be used; the message names it and says what to do."""

    def __init__(self, path: Path, problem: str, *, where: str = "") -> None:
        self.path = path
        super().__init__(f"{path}{where} {problem}")


class NoWorkflowsError(LocalProjectError):
    """A folder has no state machine at all."""
