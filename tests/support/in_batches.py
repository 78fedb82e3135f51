"""Even one row written in a batch, as more than a few are: for tests of what a batch needs."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any
from unittest import mock

from cirrus_callbacks_plugin.waits.batches import Batching

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


def in_batches() -> AbstractContextManager[Any]:
    """Until the end of the block every table that is begun writes its rows in batches."""
    begin = functools.partialmethod(Batching.__init__, above=0)
    return mock.patch.object(Batching, "__init__", begin)
