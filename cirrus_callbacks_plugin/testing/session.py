"""What the stacks of a pytest session share: one server, started when the first stack is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.local.server import MotoServer
from cirrus_callbacks_plugin.testing.stack import TIMEOUT_SECONDS, CirrusStack
from cirrus_callbacks_plugin.testing.throttling import Throttling

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(slots=True)
class StackSession:
    """Makes one stack a test; what is started once is kept for the next one.

    Attributes:
        throttling: in front of the server.
        timeout: seconds of real time that each stack waits for anything.
    """

    throttling: Throttling = field(default_factory=Throttling)
    timeout: float = TIMEOUT_SECONDS
    _server: MotoServer | None = None

    def stack(self, *folders: Path) -> CirrusStack:
        """A stack for a test; nothing is started before its folder is loaded.

        Args:
            folders: where relative paths are looked for, in this order.
        """
        return CirrusStack(
            folders, server=self._kept, throttling=self.throttling, timeout=self.timeout
        )

    def close(self) -> None:
        """Stop the server; neither its thread nor its port is left behind."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def _kept(self) -> MotoServer:
        if self._server is None:
            self._server = MotoServer(around=self.throttling.around)
        return self._server
