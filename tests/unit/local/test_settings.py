"""What of the caller's environment holds in a local run."""

from __future__ import annotations

import os

import pytest

from cirrus_callbacks_plugin.errors import ConfigurationError
from cirrus_callbacks_plugin.local.environment import isolated
from cirrus_callbacks_plugin.local.stack import StackSettings


def test_tables_follow_from_the_prefix() -> None:
    """Without variables both tables are named as FilmDrop's modules name them."""
    names = StackSettings("trial", environment={}).names()
    assert (names.state_table, names.callbacks_table) == ("trial-state", "trial-callbacks")


@pytest.mark.parametrize(
    ("environment", "tables"),
    [
        ({"CIRRUS_STATE_DB": "fd-state"}, ("fd-state", "fd-callbacks")),
        ({"CIRRUS_CALLBACKS_TABLE": "waits"}, ("trial-state", "waits")),
        ({"CIRRUS_STATE_DB": "statedb", "CIRRUS_CALLBACKS_TABLE": "waits"}, ("statedb", "waits")),
    ],
)
def test_tables_may_be_named(environment: dict[str, str], tables: tuple[str, str]) -> None:
    """The plugin's two variables name the tables, as in a deployment."""
    names = StackSettings("trial", environment=environment).names()
    assert (names.state_table, names.callbacks_table) == tables
    assert names.environment()["CIRRUS_CALLBACKS_TABLE"] == tables[1]


def test_a_name_that_tells_none_is_refused() -> None:
    """The message names the variable to set."""
    with pytest.raises(ConfigurationError, match="CIRRUS_CALLBACKS_TABLE"):
        StackSettings(environment={"CIRRUS_STATE_DB": "statedb"}).names()


def test_the_flag_is_the_options() -> None:
    """--workflows outranks the caller's flag; the plugin's other variables hold."""
    environment = {
        "CIRRUS_CALLBACKS_WORKFLOWS": "*",
        "CIRRUS_CALLBACKS_RETENTION_DAYS": "7",
        "CIRRUS_PAYLOAD_BUCKET": "real",
    }
    assert StackSettings(workflows="a", environment=environment).own_variables() == {
        "CIRRUS_CALLBACKS_WORKFLOWS": "a",
        "CIRRUS_CALLBACKS_RETENTION_DAYS": "7",
    }


def test_nothing_of_the_callers_aws_reaches_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """No profile, endpoint, credential or table of the caller's; all are back afterwards."""
    theirs = {
        "AWS_PROFILE": "production",
        "AWS_SESSION_TOKEN": "secret",
        "AWS_ENDPOINT_URL_DYNAMODB": "https://dynamodb.example.com",
        "CIRRUS_STATE_DB": "production-state",
        "HOME_OF_MINE": "stays",
    }
    for name, value in theirs.items():
        monkeypatch.setenv(name, value)
    before = dict(os.environ)
    with isolated({"AWS_REGION": "us-west-2"}):
        assert [name for name in theirs if name in os.environ] == ["HOME_OF_MINE"]
        assert os.environ["AWS_REGION"] == "us-west-2"
        assert os.environ["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert dict(os.environ) == before
