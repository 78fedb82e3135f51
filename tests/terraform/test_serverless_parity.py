"""A Serverless project gets the permissions of the one list, and the module's numbers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("yaml")

from cirrus_callbacks_plugin.iam.permissions import Condition, Function, Resource, needed_by
from cirrus_callbacks_plugin.serverless import functions, names, permissions, template
from cirrus_callbacks_plugin.serverless.settings import ServerlessSettings

MODULE = Path(__file__).resolve().parents[2] / "terraform"

ALL = ServerlessSettings(heartbeat=True)
BY_SERVERLESS = {Resource.LOG_STREAMS}
"""Serverless itself grants what logs (and a VPC) need."""


@pytest.mark.parametrize(
    ("function", "allowed"),
    [
        (Function.PROCESS, permissions.of_process()),
        (Function.UPDATE_STATE, permissions.of_update_state()),
        (Function.SENDER, permissions.of_sender(ALL)),
        (Function.RECONCILER, permissions.of_reconciler(ALL)),
    ],
    ids=lambda value: getattr(value, "value", ""),
)
def test_what_is_granted_is_what_the_list_says(
    function: Function,
    allowed: list[dict[str, Any]],
) -> None:
    """Statement by statement, action by action, each on its resource; nothing else.

    Of options that a Serverless project does not have nothing is granted.
    """
    holding = {
        Condition.ALWAYS,
        Condition.FAILURE_BUCKET,
        Condition.HEARTBEAT,
        Condition.JOINS_URL,
        Condition.PAYLOAD_BUCKET,
    }
    arns = permissions.resources(ALL)
    wanted = {
        (permission.statement, action, json.dumps([arns[permission.resource]]))
        for permission in needed_by(function)
        if permission.condition in holding and not permission.is_cirrus
        if permission.resource not in BY_SERVERLESS
        for action in permission.actions
    }
    granted = [
        (statement["Sid"], action, json.dumps(statement["Resource"]))
        for statement in allowed
        for action in statement["Action"]
    ]
    assert set(granted) == wanted
    assert len(granted) == len(wanted)
    assert {statement["Effect"] for statement in allowed} == {"Allow"}


def test_no_heartbeat_is_allowed_unless_it_is_sent() -> None:
    """As in the module."""
    plain = permissions.of_reconciler(ServerlessSettings())
    assert "states:SendTaskHeartbeat" not in json.dumps(plain)


@pytest.mark.parametrize("given", [{"joins_url": None}, {"has_payload_bucket": False}])
def test_no_list_is_written_where_there_is_no_place_for_one(given: dict[str, Any]) -> None:
    """Switched off, or without a payload bucket: no permission, and no variable."""
    settings = ServerlessSettings(**given)
    for allowed in (permissions.of_sender(settings), permissions.of_reconciler(settings)):
        assert "WriteJoins" not in {statement["Sid"] for statement in allowed}
    for function in functions.own_functions(settings, "python3.12").values():
        assert "CIRRUS_CALLBACKS_JOINS_URL" not in function["environment"]
    lists = "ReadMemberLists" in json.dumps(permissions.of_sender(settings))
    assert lists is settings.has_payload_bucket


def defaults(variable: str) -> dict[str, str]:
    """The defaults of an object variable's attributes."""
    text = (MODULE / "variables.functions.tf").read_text()
    text = text[text.index(f'variable "{variable}"') :].partition("\n}\n")[0]
    return dict(re.findall(r"(\w+)\s*= optional\(\w+, (.*)\)\n", text))


def test_the_numbers_are_the_modules_defaults() -> None:
    """Memory, time, batches, retries, schedule."""
    sender, reconciler = defaults("sender"), defaults("reconciler")
    settings = ServerlessSettings()
    made = template.resources(settings)
    mapping = made[names.MAPPING]["Properties"]
    assert int(sender["memory_size"]) == functions.SENDER_MEMORY
    assert int(sender["timeout_seconds"]) == functions.SENDER_TIMEOUT
    assert mapping["BatchSize"] == int(sender["batch_size"])
    assert mapping["ParallelizationFactor"] == int(sender["parallelization_factor"])
    assert mapping["MaximumRetryAttempts"] == int(sender["maximum_retry_attempts"])
    assert mapping["MaximumRecordAgeInSeconds"] == int(sender["maximum_record_age_seconds"])
    assert int(reconciler["memory_size"]) == functions.RECONCILER_MEMORY
    assert int(reconciler["timeout_seconds"]) == functions.RECONCILER_TIMEOUT
    assert json.dumps(settings.schedule) == reconciler["schedule"]
    assert f'default     = "{functions.RUNTIME}"' in (MODULE / "variables.functions.tf").read_text()


def test_failed_records_expire_as_in_the_module() -> None:
    """The default of ``failure_destination.retention_days``."""
    text = (MODULE / "variables.tf").read_text()
    found = re.search(r"retention_days = optional\(number, (\d+)\)", text)
    assert found is not None
    assert int(found[1]) == template.FAILURE_RETENTION_DAYS
