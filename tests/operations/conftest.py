"""One deployment for all tests of the operators' commands, with waits in every state."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import moto.core.models  # noqa: F401 - sessions that are made before it know nothing of moto
import pytest

from cirrus_callbacks_plugin.operations import deployment
from cirrus_callbacks_plugin.operations.aws import Aws
from support.aws_calls import AwsCalls
from support.command_line import CommandLine
from support.open_waits import OpenWaits, seeded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.command_line import Ran, Run


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep them on one worker: the stack is made once."""
    for item in items:
        if "stack_of_waits" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("operations"))


_of = Aws.of


@functools.cache
def _kept(region: str | None, profile: str | None, endpoint_url: str | None) -> Aws:
    """In the place of ``Aws.of``: reading AWS's models is what costs a command its time."""
    return _of(region, profile, endpoint_url)


@pytest.fixture(scope="session")
def stack_of_waits() -> Iterator[OpenWaits]:
    """The deployment; what repairs change is put back by those who change it."""
    with seeded() as waits:
        yield waits


@pytest.fixture
def waits(stack_of_waits: OpenWaits, monkeypatch: pytest.MonkeyPatch) -> OpenWaits:
    """The stack, two hours after its children ended."""
    monkeypatch.setattr(deployment, "now", stack_of_waits.now)
    return stack_of_waits


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> AwsCalls:
    """Every AWS call of every client: counted, and failed on demand."""
    return AwsCalls(monkeypatch)


@pytest.fixture
def run(
    waits: OpenWaits,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Run:
    """The command line on that stack."""
    cli = CommandLine(capsys)
    monkeypatch.setattr(Aws, "of", _kept)

    def call(command: str, *arguments: str) -> Ran:
        return cli(command, *arguments, *waits.options)

    return call
