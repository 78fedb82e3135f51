"""The lines that tell what became of a wait."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.protocol import wait_log
from cirrus_callbacks_plugin.waits import step_log

if TYPE_CHECKING:
    import pytest


def listen(caplog: pytest.LogCaptureFixture) -> None:
    """Let every line through."""
    caplog.set_level(logging.DEBUG, logger=wait_log.PACKAGE)


def lines(caplog: pytest.LogCaptureFixture) -> list[tuple[str, dict[str, Any]]]:
    """Level and content of the lines told since the last time, in their order."""
    found = [
        (record.levelname, json.loads(record.getMessage()))
        for record in caplog.records
        if record.name == step_log.__name__
    ]
    caplog.clear()
    return found
