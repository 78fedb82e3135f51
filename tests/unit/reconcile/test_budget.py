"""The pass's time and policy, and what it says it did."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest

from cirrus_callbacks_plugin.config import ReconcilerSettings
from cirrus_callbacks_plugin.errors import ConfigurationError
from cirrus_callbacks_plugin.lambda_functions.reconciler import budget_seconds
from cirrus_callbacks_plugin.reconcile.summary import Did, Summary

GRACE = "CIRRUS_CALLBACKS_GRACE_SECONDS"
REDELIVERY = "CIRRUS_CALLBACKS_REDELIVERY_SECONDS"
INTERVAL = "CIRRUS_CALLBACKS_INTERVAL_SECONDS"
RETENTION = "CIRRUS_CALLBACKS_RETENTION_DAYS"
HEARTBEAT = "CIRRUS_CALLBACKS_HEARTBEAT"
CYCLES = "CIRRUS_CALLBACKS_CYCLES"


class Context:
    """Lambda's context with so many seconds left."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds left."""
        return int(self.seconds * 1000)


@pytest.mark.parametrize(
    ("context", "interval", "seconds"),
    [
        (Context(900), 300, 270),  # the next pass starts after 300 s
        (Context(120), 300, 90),  # the lambda ends before that
        (Context(300), 300, 270),
        (None, 300, 270),
        (object(), 600, 570),
        (Context(10), 300, 1),  # a pass always has a second
        (Context(900), 60, 30),
    ],
)
def test_a_pass_ends_before_the_lambda_and_before_the_next_pass(
    context: Any,
    interval: int,
    seconds: float,
) -> None:
    """The smaller of the context's time and the schedule's interval, less 30 s."""
    settings = ReconcilerSettings(interval=timedelta(seconds=interval))
    assert budget_seconds(context, settings) == pytest.approx(seconds)


def test_policy_has_defaults() -> None:
    """15 minutes' grace, 90 minutes' redelivery, every 5 minutes, no heartbeats."""
    assert ReconcilerSettings.from_env({}) == ReconcilerSettings(
        timedelta(minutes=15), timedelta(minutes=90), timedelta(minutes=5), heartbeat=False
    )
    empty = dict.fromkeys((GRACE, REDELIVERY, INTERVAL, HEARTBEAT, CYCLES), "")
    assert ReconcilerSettings.from_env(empty) == ReconcilerSettings()


def test_policy_is_what_the_environment_says() -> None:
    """Every variable is read; ``TRUE`` is true as well."""
    env = {
        GRACE: "0",
        REDELIVERY: "1209600",
        INTERVAL: "86400",
        HEARTBEAT: " TRUE ",
        CYCLES: "true",
        RETENTION: "7",
    }
    assert ReconcilerSettings.from_env(env) == ReconcilerSettings(
        timedelta(0),
        timedelta(days=14),
        timedelta(days=1),
        heartbeat=True,
        retention_days=7,
        cycles=True,
    )
    assert ReconcilerSettings.from_env({HEARTBEAT: "false"}).heartbeat is False


@pytest.mark.parametrize(
    ("variable", "text", "give"),
    [
        (GRACE, "-1", "a whole number of seconds from 0 to 86400"),
        (GRACE, "86401", "a whole number of seconds from 0 to 86400"),
        (GRACE, "15m", "a whole number of seconds from 0 to 86400"),
        (REDELIVERY, "1209601", "a whole number of seconds from 0 to 1209600"),
        (REDELIVERY, "1e3", "a whole number of seconds from 0 to 1209600"),
        (REDELIVERY, "900.0", "a whole number of seconds from 0 to 1209600"),
        (INTERVAL, "59", "a whole number of seconds from 60 to 86400"),
        (INTERVAL, "rate(5 minutes)", "a whole number of seconds from 60 to 86400"),
        (HEARTBEAT, "yes", "true or false"),
        (HEARTBEAT, "1", "true or false"),
        (CYCLES, "on", "true or false"),
    ],
)
def test_a_wrong_value_says_which_variable_and_what_to_give(
    variable: str,
    text: str,
    give: str,
) -> None:
    """One sentence that can be acted on."""
    with pytest.raises(ConfigurationError, match=re.escape(f"{variable}={text!r}: give {give}")):
        ReconcilerSettings.from_env({variable: text})


def test_a_summary_is_json_and_names_a_hundred_stuck_payloads() -> None:
    """All counts, and the stuck ones by name as far as they fit a lambda's answer."""
    summary = Summary(open_waits=7, oldest_open_seconds=1.23456, is_complete=False)
    summary.add(Did.LOOKED_AT, 6)
    summary.stuck.update(f"payload-{number:03}" for number in range(150))
    told = json.loads(json.dumps(summary.to_json()))
    assert told.pop("stuck_payloads") == [f"payload-{number:03}" for number in range(100)]
    assert told == {
        "open_waits": 7,
        "oldest_open_seconds": 1.235,
        "looked_at": 6,
        "settled": 0,
        "never_started": 0,
        "answered": 0,
        "expanded": 0,
        "stale": 0,
        "still_running": 0,
        "failed": 0,
        "heartbeats": 0,
        "cycles": 0,
        "cycles_told": 0,
        "stuck": 150,
        "refused_descriptions": 0,
        "is_complete": False,
    }
