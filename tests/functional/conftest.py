"""The real cirrus handlers on an in-process moto with its Step Functions interpreter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest

from cirrus_callbacks_plugin.hooks import own_time
from cirrus_callbacks_plugin.local import deployment
from cirrus_callbacks_plugin.local.moto_corrections.corrected import batches_executed, lookups_kept
from faults.known import Noted
from support.aws_calls import AwsCalls
from support.cirrus_world import World
from support.elsewhere import why_not
from support.generation import GENERATION, IS_NEWEST
from support.kept_clients import kept_clients
from support.older_world import OlderWorld

if TYPE_CHECKING:
    from collections.abc import Iterator


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, with the reason, what the installed cirrus is too old for."""
    for item in items:
        reason = why_not(item.path.name, item.name, GENERATION)
        if reason is not None:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A fresh deployment with the workflow ``sentinel-2-cog``, every workflow enabled."""
    from moto import mock_aws

    monkeypatch.setattr(deployment, "Session", kept_clients)
    # Cirrus builds its clients again for every event: half of what its handlers cost here.
    monkeypatch.setattr(boto3, "client", kept_clients().client)
    # What a machine under load makes of two seconds is not a test's business; those of outages
    # bring a stopwatch of their own.
    monkeypatch.setattr(own_time, "OWN_SECONDS", 600.0)
    with (
        mock_aws(config={"stepfunctions": {"execute_state_machine": True}}),
        lookups_kept(),
        batches_executed(),
    ):
        deployed = World() if IS_NEWEST else OlderWorld()
        if isinstance(deployed, OlderWorld):
            deployed.install(monkeypatch)
            for name, value in deployed.environment().items():
                monkeypatch.setenv(name, value)
        for name, value in deployed.names.environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("CIRRUS_CALLBACKS_WORKFLOWS", "*")
        deployed.add_workflow("sentinel-2-cog")
        yield deployed


@pytest.fixture(autouse=True)
def no_unknown_call(
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[None]:
    """Whatever a test makes the product call, the fault matrix has a row for it.

    The hooks, the sender and the reconciler are the same under every cirrus: one will do.
    """
    if not IS_NEWEST:
        yield
        return
    noted = Noted(monkeypatch)
    yield
    assert not noted.unknown(), "tests/faults/scenarios.py goes no way on which these are made"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> AwsCalls:
    """Every AWS call of every client: counted, and failed on demand."""
    return AwsCalls(monkeypatch)
