"""The hooks' AWS clients: how they are configured, and how long they are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest

from cirrus_callbacks_plugin.aws.side_by_side import WORKERS
from cirrus_callbacks_plugin.hooks.services import HookClients, Services, clients

if TYPE_CHECKING:
    from botocore.config import Config


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://one.example")
    monkeypatch.setenv("CIRRUS_STATE_DB", "x-state")
    monkeypatch.delenv("CIRRUS_CALLBACKS_TABLE", raising=False)


def retries(config: Config) -> dict[str, object]:
    return config.retries  # type: ignore[attr-defined, no-any-return]


def test_every_client_gives_up_after_a_second() -> None:
    """And keeps as many connections as there are workers."""
    for config in (HookClients.config, HookClients.single):
        assert config.connect_timeout == 1.0  # type: ignore[attr-defined]
        assert config.read_timeout == 1.0  # type: ignore[attr-defined]
        assert config.max_pool_connections == WORKERS  # type: ignore[attr-defined]


def test_only_dynamodb_repeats_by_itself() -> None:
    """Its legacy mode pauses least; the others make one attempt."""
    assert retries(HookClients.config) == {"mode": "legacy", "total_max_attempts": 2}
    assert retries(HookClients.single) == {"mode": "legacy", "total_max_attempts": 1}
    kept = clients()
    for client, attempts in ((kept.dynamodb, 2), (kept.s3, 1), (kept.sqs, 1)):
        assert client.meta.config.retries["total_max_attempts"] == attempts  # type: ignore[attr-defined]
        assert client.meta.config.read_timeout == 1.0


def test_a_client_is_built_once() -> None:
    """Each for its service."""
    kept = clients()
    assert clients() is kept
    for name in ("dynamodb", "s3", "sqs"):
        client = getattr(kept, name)
        assert client is getattr(kept, name)
        assert client.meta.service_model.service_name == name


def test_another_endpoint_or_region_makes_other_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    """A local stack changes both in one process."""
    first = clients()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://two.example")
    second = clients()
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    third = clients()
    assert len({id(each) for each in (first, second, third)}) == 3
    assert second.dynamodb.meta.endpoint_url == "http://two.example"


def test_services_are_the_tables_that_the_environment_names() -> None:
    """With the kept clients."""
    found = Services.from_env()
    kept = clients()
    assert found.clients is kept
    assert (found.waits.client, found.waits.name) == (kept.dynamodb, "x-callbacks")
    assert (found.states.client, found.states.name) == (kept.dynamodb, "x-state")


def test_where_boto3_hides_its_session_models_are_read_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is shared is a saving, and no condition."""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", object())
    assert HookClients().dynamodb.meta.service_model.service_name == "dynamodb"
