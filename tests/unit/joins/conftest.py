"""What unit tests of joins share."""

from __future__ import annotations

import pytest

from support.joins_in_memory import JoinsInMemory


@pytest.fixture
def there() -> JoinsInMemory:
    """A table in memory."""
    return JoinsInMemory()
