"""The deployment on which faults are tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from faults.world import Deployed, deployed

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def where() -> Iterator[Deployed]:
    """A fresh one; it holds the whole process as long as it stands."""
    with deployed() as found:
        yield found
