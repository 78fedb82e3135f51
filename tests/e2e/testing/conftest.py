"""Stacks for tests of the fixture: a parent that waits for a child, which calls a function."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.command_line import parent

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.testing.stack import CirrusStack
    from support.command_line import Folder


@pytest.fixture
def stack(cirrus_stack: CirrusStack, folder: Folder) -> CirrusStack:
    """The folder, loaded; its parent waits for a day."""
    folder.write("workflows/parent.asl.json", parent(TimeoutSeconds=86_400))
    return cirrus_stack.load(folder.root)
