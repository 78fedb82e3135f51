"""The decisions that log lines name, as the product's module has them."""

from __future__ import annotations

from cirrus_callbacks_plugin import decisions


def decision_names() -> set[str]:
    """Every value of ``"callback"`` in a log line."""
    return {
        value
        for name, value in vars(decisions).items()
        if name.isupper() and isinstance(value, str) and name != "PACKAGE"
    }
