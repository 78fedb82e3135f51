"""Environment names and defaults."""

from __future__ import annotations

import pytest

from cirrus_callbacks_plugin import config
from cirrus_callbacks_plugin.errors import ConfigurationError


def test_the_tracking_tables_name_follows_from_the_state_tables() -> None:
    """``-state`` becomes ``-callbacks``, at the end only; a given name wins."""
    from_env = config.Tables.from_env
    assert from_env({"CIRRUS_STATE_DB": "a-state-state"}).callbacks == "a-state-callbacks"
    assert from_env({"CIRRUS_STATE_DB": "x", "CIRRUS_CALLBACKS_TABLE": "y"}).callbacks == "y"
    empty = {"CIRRUS_STATE_DB": "a-state", "CIRRUS_CALLBACKS_TABLE": ""}
    assert from_env(empty) == config.Tables("a-state", "a-callbacks")


@pytest.mark.parametrize(
    ("env", "variable"),
    [
        ({}, "CIRRUS_STATE_DB is not set"),
        ({"CIRRUS_STATE_DB": ""}, "CIRRUS_STATE_DB is not set"),
        ({"CIRRUS_STATE_DB": "state-table"}, "set CIRRUS_CALLBACKS_TABLE"),
        ({"CIRRUS_STATE_DB": "a-STATE"}, "set CIRRUS_CALLBACKS_TABLE"),
    ],
)
def test_a_name_that_cannot_be_known_says_which_variable_to_set(
    env: dict[str, str],
    variable: str,
) -> None:
    """One clear message."""
    with pytest.raises(ConfigurationError, match=variable):
        config.Tables.from_env(env)


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("", [], ["a", "", "*"]),
        (" , ,", [], ["a", ""]),
        ("a, b", ["a", "b"], ["c", "A", "a, b"]),
        ("*", ["a", "unknown"], []),
        ("a,*", ["a", "b"], []),
    ],
)
def test_the_flag_is_a_list_a_star_or_nothing(
    text: str,
    inside: list[str],
    outside: list[str],
) -> None:
    """Names are compared whole; unset means none."""
    enabled = config.EnabledWorkflows.from_env({"CIRRUS_CALLBACKS_WORKFLOWS": text})
    assert all(name in enabled for name in inside)
    assert not any(name in enabled for name in outside)
    assert "a" not in config.EnabledWorkflows.from_env({})


@pytest.mark.parametrize(("text", "days"), [("", 60), ("1", 1), ("3650", 3650), (" 7 ", 7)])
def test_the_retention_in_days(text: str, days: int) -> None:
    """60 unless told."""
    assert config.read_retention_days({"CIRRUS_CALLBACKS_RETENTION_DAYS": text}) == days
    assert config.read_retention_days({}) == 60


@pytest.mark.parametrize("text", ["0", "-1", "3651", "1.5", "x", "60d"])
def test_a_retention_that_is_none_is_refused(text: str) -> None:
    """A row that expires at once would be a lost wait."""
    with pytest.raises(ConfigurationError, match="from 1 to 3650"):
        config.read_retention_days({"CIRRUS_CALLBACKS_RETENTION_DAYS": text})


def test_variables_are_read_when_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A changed variable holds from the next invocation on."""
    monkeypatch.setenv("CIRRUS_STATE_DB", "a-state")
    assert config.Tables.from_env().callbacks == "a-callbacks"
    monkeypatch.setenv("CIRRUS_STATE_DB", "b-state")
    assert config.Tables.from_env().callbacks == "b-callbacks"
    monkeypatch.setenv("CIRRUS_CALLBACKS_PROCESS_HANDLER", "a.b")
    assert config.handler_path(config.PROCESS_HANDLER) == "a.b"
    assert config.handler_path(config.UPDATE_STATE_HANDLER) is None


def test_where_cirrus_keeps_payloads() -> None:
    """A bucket and a root prefix, as cirrus itself puts them together; unset is not a URL."""
    assert config.read_payloads_url({}) is None
    assert config.read_payloads_url({config.PAYLOADS_URL: ""}) is None
    assert config.read_payloads_url({config.PAYLOADS_URL: "s3://b/cirrus"}) == "s3://b/cirrus"
    assert config.read_payloads_url({config.PAYLOADS_URL: "s3://b/"}) == "s3://b/"


@pytest.mark.parametrize("url", ["b/cirrus", "s3://b", "s3:///cirrus", "https://b/cirrus"])
def test_what_is_no_place_of_payloads(url: str) -> None:
    """The message says what to give, and where cirrus has it from."""
    with pytest.raises(ConfigurationError, match="CIRRUS_PAYLOAD_ROOT_PREFIX"):
        config.read_payloads_url({config.PAYLOADS_URL: url})
