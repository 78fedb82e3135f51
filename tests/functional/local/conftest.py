"""moto's interpreter, fresh for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.interpreter import Interpreter

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def interpreter() -> Iterator[Interpreter]:
    """A fresh moto with its interpreter."""
    from moto import mock_aws

    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        yield Interpreter()
