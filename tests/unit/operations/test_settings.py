"""What repairs are made by, and who makes them."""

from __future__ import annotations

import getpass
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cirrus_callbacks_plugin import config
from cirrus_callbacks_plugin.operations.deployment import Deployment
from cirrus_callbacks_plugin.operations.identity import operator
from cirrus_callbacks_plugin.operations.settings import reconciler_settings


class Refusing:
    """Every client; each call raises or answers as told."""

    region = "us-west-2"

    def __init__(self, told: Any) -> None:
        self.told = told

    def client(self, _: str) -> Any:
        """Any client."""
        return self

    def get_function_configuration(self, **_: str) -> Any:
        """GetFunctionConfiguration."""
        return self._answer("GetFunctionConfiguration")

    def get_caller_identity(self) -> Any:
        """GetCallerIdentity."""
        return self._answer("GetCallerIdentity")

    def _answer(self, operation: str) -> Any:
        if isinstance(self.told, str):
            raise ClientError({"Error": {"Code": self.told}}, operation)
        return self.told


def deployment(told: Any, prefix: str | None = "x") -> Deployment:
    aws: Any = Refusing(told)
    return Deployment("x", aws, config.Tables("x-state", "x-callbacks"), prefix)


def test_the_reconcilers_own_environment_is_the_policy() -> None:
    """As it reads it itself."""
    variables = {
        "CIRRUS_CALLBACKS_GRACE_SECONDS": "60",
        "CIRRUS_CALLBACKS_REDELIVERY_SECONDS": "6000",
        "CIRRUS_CALLBACKS_RETENTION_DAYS": "7",
    }
    settings = reconciler_settings(
        deployment({"Environment": {"Variables": variables}}), must_know=True
    )
    assert (settings.grace, settings.redelivery, settings.retention_days) == (
        timedelta(seconds=60),
        timedelta(seconds=6000),
        7,
    )


@pytest.mark.parametrize(("told", "prefix"), [("ResourceNotFoundException", "x"), ("unused", None)])
def test_without_a_reconciler_ones_own_environment_counts(
    told: str,
    prefix: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As on a local stack."""
    monkeypatch.setenv("CIRRUS_CALLBACKS_REDELIVERY_SECONDS", "77")
    settings = reconciler_settings(deployment(told, prefix), must_know=True)
    assert settings.redelivery == timedelta(seconds=77)


def test_looking_may_be_done_by_defaults_and_acting_may_not() -> None:
    """The one who may not see the redelivery time must not settle by a guess of it."""
    denied = deployment("AccessDeniedException")
    assert reconciler_settings(denied, must_know=False).redelivery == timedelta(seconds=5400)
    with pytest.raises(ClientError, match="AccessDenied"):
        reconciler_settings(denied, must_know=True)
    with pytest.raises(ClientError, match="Throttling"):
        reconciler_settings(deployment("ThrottlingException"), must_know=False)


def test_the_operator_is_the_one_whose_credentials_are_used() -> None:
    """By ARN."""
    assert operator(deployment({"Arn": "arn:aws:iam::1:user/ada"})) == "arn:aws:iam::1:user/ada"


def test_where_aws_does_not_say_it_is_the_machines_user(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Or nobody that is known."""
    monkeypatch.setattr(getpass, "getuser", lambda: "ada")
    assert operator(deployment("AccessDenied")) == "ada"

    def nobody() -> str:
        raise OSError

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert operator(deployment("AccessDenied")) == "unknown"
