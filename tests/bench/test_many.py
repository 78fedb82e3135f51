"""Many on one, with few."""

from __future__ import annotations

import os
from typing import Any
from unittest import mock

from botocore.exceptions import ReadTimeoutError

from bench import many
from cirrus_callbacks_plugin.waits.table import WaitsTable


def test_every_waiter_is_answered_once() -> None:
    """Also those whose registration failed at first: their messages come again."""
    register, failures = WaitsTable.register, [ReadTimeoutError(endpoint_url="https://aws")]

    def unreliable(self: Any, row: Any) -> Any:
        if failures:
            raise failures.pop()
        return register(self, row)

    with mock.patch.dict(os.environ), mock.patch.object(WaitsTable, "register", unreliable):
        found = many.measure(25, lambda *_: None)
    assert (found.sent, found.twice, found.delivered_again > 0) == (25, 0, True)
    assert found.is_good
    assert found.settled_by_hook == 25
