"""Passes of the reconciler's lambda at a later time than now."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.lambda_functions import reconciler
from cirrus_callbacks_plugin.waits.table import utc_now

if TYPE_CHECKING:
    import pytest

GRACE = 900
REDELIVERY = 5400


class Later:
    """The schedule's next pass, so many seconds from now."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._seconds = 0.0
        monkeypatch.setattr(
            reconciler,
            "utc_now",
            lambda: utc_now() + timedelta(seconds=self._seconds),
        )

    def __call__(self, seconds: float, event: Any = None) -> dict[str, Any]:
        """Make a pass."""
        self._seconds = seconds
        return reconciler.lambda_handler(event, None)
