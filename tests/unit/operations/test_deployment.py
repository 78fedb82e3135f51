"""A deployment's parts by name, and the pointers behind a deployment's name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from cirrus_callbacks_plugin import config
from cirrus_callbacks_plugin.errors import ConfigurationError
from cirrus_callbacks_plugin.operations.deployment import Deployment, find
from cirrus_callbacks_plugin.operations.doctor import code

if TYPE_CHECKING:
    from pathlib import Path


class Ssm:
    """Parameters by name, and queues that there are none of."""

    region = "us-west-2"

    def __init__(self, parameters: dict[str, str], error: str | None = None) -> None:
        self.parameters = parameters
        self.error = error

    def client(self, _: str) -> Any:
        """Any client."""
        return self

    def get_parameter(self, Name: str) -> Any:  # noqa: N803
        """GetParameter."""
        if self.error is not None:
            raise ClientError({"Error": {"Code": self.error}}, "GetParameter")
        return {"Parameter": {"Value": self.parameters[Name]}}

    def get_paginator(self, _: str) -> Any:
        """GetParametersByPath, in pages."""
        return self

    def paginate(self, Path: str, **_: Any) -> Any:  # noqa: N803
        """One page."""
        found = [
            {"Name": name, "Value": value}
            for name, value in self.parameters.items()
            if name.startswith(Path)
        ]
        return [{"Parameters": found}]

    def get_queue_url(self, **_: str) -> Any:
        """GetQueueUrl."""
        raise ClientError({"Error": {"Code": self.error or "QueueDoesNotExist"}}, "GetQueueUrl")


def named(value: str, **parameters: str) -> Deployment:
    aws: Any = Ssm({"/cirrus/deployments/d": value, **parameters})
    return find(aws, deployment="d")


POINTER = '{"type": "parameter_store", "value": "/deployment/d/"}'


@pytest.mark.parametrize(
    ("pointer", "told"),
    [
        ("{", "is not a pointer"),
        ("{}", "is not a pointer"),
        ('{"type": "file", "value": "x"}', "'file', which is not known"),
        (POINTER, "name no CIRRUS_STATE_DB"),
    ],
)
def test_pointers_that_lead_nowhere(pointer: str, told: str) -> None:
    """Each says what is wrong with it."""
    with pytest.raises(ConfigurationError, match=told):
        named(pointer)


def test_names_come_from_parameters_first() -> None:
    """Else from the prefix, else from the state table's name."""
    found = named(
        POINTER,
        **{
            "/deployment/d/CIRRUS_STATE_DB": "p-state",
            "/deployment/d/CIRRUS_CALLBACKS_SENDER_FUNCTION": "own-sender",
        },
    )
    assert found.prefix == "p"
    assert found.sender_function == "own-sender"
    assert found.reconciler_function == "p-callbacks-reconciler"
    assert (found.process_function, found.update_state_function) == ("p-process", "p-update-state")


def test_tables_of_their_own_names_have_no_prefix() -> None:
    """Then no function's name is known."""
    aws: Any = Ssm({})
    environ = {"CIRRUS_STATE_DB": "statedb", "CIRRUS_CALLBACKS_TABLE": "callbacks"}
    found = find(aws, environ=environ)
    assert (found.prefix, found.process_function) == (None, None)
    with pytest.raises(ConfigurationError, match="set CIRRUS_PROCESS_QUEUE_URL"):
        _ = found.process_queue_url


def test_the_process_queue() -> None:
    """By its URL where that is told; a queue that is not there is said to be missing."""
    tables = config.Tables("p-state", "p-callbacks")
    aws: Any = Ssm({}, "AWS.SimpleQueueService.NonExistentQueue")
    told = Deployment("d", aws, tables, "p", {"CIRRUS_PROCESS_QUEUE_URL": "https://q"})
    assert told.process_queue_url == "https://q"
    with pytest.raises(ConfigurationError, match="there is no queue p-process"):
        _ = Deployment("d", aws, tables, "p").process_queue_url
    denied: Any = Ssm({}, "AccessDenied")
    with pytest.raises(ClientError, match="AccessDenied"):
        _ = Deployment("d", denied, tables, "p").process_queue_url


def test_a_pointer_that_may_not_be_read() -> None:
    """It is AWS's refusal, not a missing deployment."""
    aws: Any = Ssm({}, "AccessDeniedException")
    with pytest.raises(ClientError, match="AccessDenied"):
        find(aws, deployment="d")
    none: Any = Ssm({}, "ParameterNotFound")
    with pytest.raises(ConfigurationError, match="none is published there"):
        find(none, deployment="d")


def test_code_is_fetched_in_parts(tmp_path: Path) -> None:
    """A zip may have 50 MB."""
    source = tmp_path / "source"
    source.write_bytes(b"x" * (3 << 20))
    code.download(source.as_uri(), tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == source.read_bytes()
