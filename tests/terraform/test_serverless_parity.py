"""What a Serverless project gets is what the Terraform module makes: permissions and numbers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("yaml")

from cirrus_callbacks_plugin.serverless import functions, names, permissions, template
from cirrus_callbacks_plugin.serverless.settings import ServerlessSettings

MODULE = Path(__file__).resolve().parents[2] / "terraform"
_STATEMENT = re.compile(
    r'Sid\s*=\s*"(?P<sid>\w+)"\s+Effect\s*=\s*"Allow"\s+Action\s*=\s*(?P<action>[^=]*?)\s+Resource',
)
BY_SERVERLESS = {"WriteLogs", "HoldNetworkInterfaces"}
"""Serverless itself grants what logs and a VPC need."""
BY_CHOICE = {"DecryptTrackingTable", "EncryptFailedRecords", "WriteTraces"}
"""Of options that a Serverless project does not have."""


def statements(file: str, block: str) -> dict[str, list[str]]:
    """Actions by Sid, of the statements written out in a block of a file."""
    text = (MODULE / file).read_text()
    text = text[text.index(block) :].partition("\n  }\n\n")[0].partition("\n}\n")[0]
    answers = re.search(r"answer_actions = (\[.*?\])", (MODULE / "functions.tf").read_text())
    assert answers is not None
    text = text.replace("local.answer_actions", answers[1])
    return {
        found["sid"]: sorted(re.findall(r'"(\w+:\w+)"', found["action"]))
        for found in _STATEMENT.finditer(text)
    }


def ours(allowed: list[dict[str, Any]]) -> dict[str, list[str]]:
    """The same of what a Serverless project gets."""
    return {statement["Sid"]: sorted(statement["Action"]) for statement in allowed}


@pytest.mark.parametrize(
    ("file", "block", "allowed"),
    [
        ("sender.tf", "sender_statements =", permissions.of_sender()),
        ("reconciler.tf", "reconciler_statements =", permissions.of_reconciler(heartbeat=True)),
        ("cirrus_roles.tf", "    process = {", permissions.of_process()),
        ("cirrus_roles.tf", "    update_state = {", permissions.of_update_state()),
    ],
    ids=["sender", "reconciler", "process", "update-state"],
)
def test_the_same_is_allowed(file: str, block: str, allowed: list[dict[str, Any]]) -> None:
    """Statement by statement, action by action."""
    wanted = statements(file, block)
    if file == "cirrus_roles.tf":
        wanted = {sid: wanted[sid] for sid in list(wanted)[:1]}
    assert wanted
    for sid in BY_SERVERLESS | BY_CHOICE:
        wanted.pop(sid, None)
    assert ours(allowed) == wanted


def test_no_heartbeat_is_allowed_unless_it_is_sent() -> None:
    """As in the module."""
    assert "states:SendTaskHeartbeat" not in json.dumps(permissions.of_reconciler(heartbeat=False))


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
