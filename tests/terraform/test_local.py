"""``cirrus-callbacks local DIR --terraform``: the local stack on what the module made."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
import tomllib
from click.testing import CliRunner

from cirrus_callbacks_plugin.cli.local import command
from cirrus_callbacks_plugin.local import deployment, terraform
from cirrus_callbacks_plugin.local.terraform import TerraformError
from support.cirrus_world import payload
from support.terraform_cli import EXAMPLES, MODULE, REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

PARENT = "mosaic"
NAMES = deployment.Names("cirrus-local", "us-west-2", "123456789012", "http://127.0.0.1:9")


def _project(folder: Path) -> None:
    """A parent that waits for two children: one enabled, one not; it goes on in either case."""
    machine = json.loads((EXAMPLES / "filmdrop/workflows/mosaic/state-machine.json").read_text())
    wait = machine["States"]["WaitForPayloads"]
    # Two workflows to wait for: the payloads as they are to be sent, not one for each item.
    wait["ItemsPath"] = "$.process[0].tasks.wait.payloads"
    wait["ItemSelector"] = {
        "payload.$": "$$.Map.Item.Value",
        "item.$": "$$.Map.Item.Index",
        "waiter.$": "$.id",
    }
    inner = wait["ItemProcessor"]["States"]["WaitForPayload"]
    inner["Parameters"]["QueueUrl"] = "${process_queue_url}"
    workflows = folder / "workflows"
    workflows.mkdir()
    (workflows / f"{PARENT}.asl.json").write_text(json.dumps(machine))
    child = {"StartAt": "Work", "States": {"Work": {"Type": "Pass", "End": True}}}
    for name in ("sentinel-2-cog", "landsat"):
        (workflows / f"{name}.asl.json").write_text(json.dumps(child))
    children = [payload("a"), payload("b", "landsat")]
    parent = payload("p", PARENT, tasks={"wait": {"payloads": children}})
    (folder / "payloads").mkdir()
    (folder / "payloads" / "parent.json").write_text(json.dumps(parent))


def test_a_folder_runs_on_the_applied_module(
    tmp_path: Path,
    terraform_environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Table, flag and filter are Terraform's: one child answers, the other is refused."""
    _project(tmp_path)
    plugins = terraform_environment.get("TF_CLI_ARGS_init")
    if plugins:
        monkeypatch.setenv("TF_CLI_ARGS_init", plugins)
    ran = CliRunner().invoke(
        command,
        [str(tmp_path), "--terraform", "--workflows", "sentinel-2-cog", "--json"],
    )
    assert ran.exit_code == 0, ran.output
    callbacks = json.loads(ran.stdout)["callbacks"]
    answers = {each["workflow"]: (each["answer"], each["answer_error"]) for each in callbacks}
    assert answers == {
        "sentinel-2-cog": ("success", None),
        "landsat": ("failure", "CirrusCallback.NotEnabled"),
    }


def test_without_terraform_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names what is missing and what to leave out."""
    monkeypatch.setenv("PATH", "/nonexistent")
    with (
        pytest.raises(TerraformError, match="not on PATH: install it, or leave out --terraform"),
        terraform.applied(NAMES, "*"),
    ):
        pass


def _pretend(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = folder / "terraform"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")


def test_a_provider_out_of_reach_has_a_way_out(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A failed init tells what Terraform said, and how to name a folder of providers."""
    _pretend(tmp_path, "echo 'no registry' >&2; exit 1", monkeypatch)
    with (
        pytest.raises(TerraformError, match=r"init failed: no registry.*TF_CLI_ARGS_init"),
        terraform.applied(NAMES, ""),
    ):
        pass


def test_a_terraform_that_hangs_is_stopped(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every call has a time after which it ends."""
    _pretend(tmp_path, "exec sleep 30", monkeypatch)
    monkeypatch.setattr(terraform, "_INIT_SECONDS", 0.2)
    with (
        pytest.raises(TerraformError, match=r"init did not end within 0\.2 s"),
        terraform.applied(NAMES, "*"),
    ):
        pass


def test_a_missing_module_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither wheel nor repository: install again."""
    monkeypatch.setattr(terraform, "_HERE", tmp_path / "a" / "b")
    with pytest.raises(TerraformError, match="install cirrus-callbacks-plugin again"):
        terraform.module_folder()


def test_an_installed_wheel_has_the_module(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The wheel holds every file of the module, and the stack finds it there first."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    held = {
        source.removeprefix("terraform/"): target
        for source, target in included.items()
        if source.startswith("terraform/")
    }
    files = {path.relative_to(MODULE) for path in MODULE.rglob("*.tf")}
    assert set(held) == {path.as_posix() for path in files if ".terraform" not in path.parts}
    for name, target in held.items():
        assert target == f"cirrus_callbacks_plugin/local/terraform_module/{name}"
    shutil.copytree(MODULE, tmp_path / "terraform_module", ignore=shutil.ignore_patterns(".*"))
    monkeypatch.setattr(terraform, "_HERE", tmp_path)
    assert terraform.module_folder() == tmp_path / "terraform_module"
