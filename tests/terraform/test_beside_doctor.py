"""``doctor`` and ``waits`` on what Terraform applied: found by its name, and whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cirrus_callbacks_plugin.operations.doctor import code as code_of
from support.command_line import CommandLine
from support.terraform_walks import DEPLOYMENT, PREFIX
from support.whole_deployment import code

if TYPE_CHECKING:
    from support.terraform_walks import Beside

pytestmark = pytest.mark.xdist_group("terraform-beside")


def test_what_terraform_applied_is_whole(
    beside: Beside,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every part is as it should be, but what moto does not have: code, runs, account settings."""
    monkeypatch.setattr(code_of, "download", lambda _, path: path.write_bytes(code()))
    where = ("--deployment", DEPLOYMENT, "--region", "us-west-2")
    ran = CommandLine(capsys)("doctor", "--json", *where, "--endpoint-url", beside.world.endpoint)
    told = ran.json
    assert told["deployment"]["prefix"] == PREFIX
    amiss = [check for check in told["checks"] if check["ok"] is False]
    assert [(check["area"], check["name"]) for check in amiss] == [("reconciler", "last runs")], (
        amiss
    )
    unknown = [check["name"] for check in told["checks"] if check["ok"] is None]
    assert unknown == ["concurrent executions"]
