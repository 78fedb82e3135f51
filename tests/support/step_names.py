"""The steps of a wait's life that log lines name, as the product's module has them."""

from __future__ import annotations

from cirrus_callbacks_plugin.protocol import wait_log
from cirrus_callbacks_plugin.waits import step_log


def step_names() -> set[str]:
    """Every value of ``"callback"`` in a log line."""
    return {
        value
        for name, value in (vars(wait_log) | vars(step_log)).items()
        if name.isupper() and isinstance(value, str) and name != "PACKAGE"
    }
