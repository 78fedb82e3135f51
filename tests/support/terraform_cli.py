"""Terraform for tests: python-terraform with timeouts, and a provider wherever one is found."""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import python_terraform

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).parents[2]
MODULE = REPOSITORY / "terraform"
EXAMPLES = REPOSITORY / "examples"

INIT_SECONDS = 180
COMMAND_SECONDS = 420

# moto's S3 has no host names of buckets; its errors are not worth ten minutes of retries.
_LOCAL_PROVIDER = """\
provider "aws" {
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  max_retries                 = 2
}
"""


@dataclass(frozen=True)
class Result:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str
    seconds: float

    @property
    def text(self) -> str:
        """Both outputs."""
        return self.out + self.err

    def ok(self) -> Result:
        """Itself, if the command succeeded."""
        assert self.code in (0, 2), f"exit status {self.code}:\n{self.text[-6000:]}"
        return self


class Terraform(python_terraform.Terraform):  # type: ignore[misc]
    """python-terraform builds the command lines; every call has a time after which it ends."""

    def __init__(self, folder: Path, environment: dict[str, str], **variables: Any) -> None:
        super().__init__(working_dir=str(folder), variables=variables)
        self.folder = folder
        self.environment = environment

    def run(
        self, command: str, *args: str, seconds: float = COMMAND_SECONDS, **options: Any
    ) -> Result:
        """Run a command; one that does not end in time is stopped and fails the test."""
        options.setdefault("no_color", python_terraform.IsFlagged)
        words = self.generate_cmd_string(command, *args, **options)
        started = time.monotonic()
        try:
            done = subprocess.run(
                words,
                cwd=self.folder,
                env=self.environment,
                capture_output=True,
                text=True,
                check=False,
                timeout=seconds,
                stdin=subprocess.DEVNULL,
            )
        finally:
            self.temp_var_files.clean_up()
        return Result(done.returncode, done.stdout, done.stderr, time.monotonic() - started)

    def _with_variables(self, variables: dict[str, Any]) -> dict[str, Any]:
        return {
            "input": False,
            "var": {**self.variables, **variables},
            "compact_warnings": python_terraform.IsFlagged,
        }

    def start(self) -> Result:
        """``terraform init``."""
        done = self.run("init", backend=False, seconds=INIT_SECONDS).ok()
        # Where the lock file holds a checksum, every command first reads the provider's 700 MB.
        lock = self.folder / ".terraform.lock.hcl"
        if lock.exists():  # not where a provider is served
            text = re.sub(r"\n  hashes = \[.*?\n  \]", "", lock.read_text(), flags=re.DOTALL)
            lock.write_text(text)
        return done

    def applied(self, **variables: Any) -> Result:
        """``terraform apply`` with the root's variables, or others; must succeed."""
        self.variables = {**self.variables, **variables}
        return self.run(
            "apply", auto_approve=python_terraform.IsFlagged, **self._with_variables({})
        ).ok()

    def plan_of(self, *args: str, **variables: Any) -> dict[str, Any]:
        """What ``terraform plan`` would do, as Terraform tells it to machines."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "plan")
            self.run("plan", *args, out=str(file), **self._with_variables(variables)).ok()
            shown = self.run("show", "-json", str(file), no_color=None).ok()
        plan: dict[str, Any] = json.loads(shown.out)
        return plan

    def changes_of(self, *args: str, **variables: Any) -> dict[str, list[str]]:
        """Addresses of the resources that a plan would touch, with what it would do to them."""
        return {
            change["address"]: change["change"]["actions"]
            for change in self.plan_of(*args, **variables).get("resource_changes", [])
            if change["change"]["actions"] not in (["no-op"], ["read"])
        }

    def destroyed(self, **variables: Any) -> Result:
        """``terraform destroy``, succeeding or not."""
        return self.run(
            "destroy",
            auto_approve=python_terraform.IsFlagged,
            **self._with_variables(variables),
        )

    def outputs(self) -> dict[str, Any]:
        """The root's outputs."""
        shown = json.loads(self.run("output", "-json").ok().out)
        return {name: output["value"] for name, output in shown.items()}

    def state_list(self) -> list[str]:
        """Addresses in the state, data sources left out."""
        listed = self.run("state list").out.split("\n")
        return [
            line
            for line in listed
            if line and ".data." not in line and not line.startswith("data.")
        ]


def environment(endpoint: str | None = None) -> dict[str, str]:
    """A process environment in which Terraform reaches nothing but moto."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "TF_", "CIRRUS_", "MOTO_"))
    }
    kept.update(
        AWS_ACCESS_KEY_ID="local",
        AWS_SECRET_ACCESS_KEY="local",
        AWS_REGION="us-west-2",
        AWS_EC2_METADATA_DISABLED="true",
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        CHECKPOINT_DISABLE="1",
        TF_IN_AUTOMATION="1",
        # A quarter of what Terraform and its provider compute is collecting garbage.
        GOGC="off",
        GOMEMLIMIT="1GiB",
    )
    if endpoint:
        kept["AWS_ENDPOINT_URL"] = endpoint
    return {**kept, **provider_variables()}


def provider_variables() -> dict[str, str]:
    """What to add to an environment so that ``terraform init`` finds the AWS provider."""
    provider = _provider()
    assert not isinstance(provider, str)
    return provider.found


@contextmanager
def provider_served(variables: dict[str, str]) -> Iterator[dict[str, str]]:
    """Run the AWS provider once for all commands of the block.

    Half of what a Terraform command computes is starting the provider and asking it for its
    schemas. As one that is being debugged, a provider serves many commands: each one configures
    it again, so they have to come one after the other.

    Args:
        variables: what ``environment`` returned: the provider reads its endpoint from there.

    Yields:
        The environment of these commands. Where Terraform keeps no provider on this machine,
        ``variables`` themselves: every command then starts its own.
    """
    provider = _provider()
    assert not isinstance(provider, str)
    if provider.program is None:
        yield variables
        return
    quiet = {f"TF_LOG{name}": "off" for name in ("", "_SDK", "_SDK_PROTO", "_PROVIDER")}
    # It has to end with this process, however that ends: with its input.
    script = 'trap "" INT; exec 3<&0; "$0" -debug <&- & trap "kill $!" EXIT; cat <&3 > /dev/null'
    serving = subprocess.Popen(
        ["sh", "-c", script, provider.program],
        env={**variables, **quiet},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert serving.stdin is not None
    assert serving.stdout is not None
    try:
        attach = ""
        for line in serving.stdout:
            if (told := re.search(r"TF_REATTACH_PROVIDERS='(.*)'", line)) is not None:
                attach = told[1]
                break
        assert attach, "the provider did not start"
        yield {**variables, "TF_REATTACH_PROVIDERS": attach}
    finally:
        serving.stdin.close()
        serving.stdout.close()
        serving.wait(timeout=30)


@dataclass(frozen=True)
class _Provider:
    """The AWS provider, as ``terraform init`` found it.

    Attributes:
        found: what to add to the environment so that it is found.
        program: its path, None where it was fetched for one folder alone.
    """

    found: dict[str, str]
    program: str | None

    @classmethod
    def in_folder(cls, folder: str, found: dict[str, str]) -> _Provider:
        """Look at what init left in a folder."""
        root = Path(folder).resolve()
        for program in root.glob(".terraform/providers/*/*/*/*/*/terraform-provider-aws_*"):
            if not program.resolve().is_relative_to(root):
                return cls(found, str(program.resolve()))
        return cls(found, None)


def why_not() -> str | None:
    """Why Terraform cannot run here; None where it can."""
    if shutil.which("terraform") is None:
        return "terraform is not on PATH: install Terraform 1.7 or later to run these tests"
    provider = _provider()
    return provider if isinstance(provider, str) else None


@functools.lru_cache(maxsize=1)
def _provider() -> _Provider | str:
    """Find the AWS provider, or say why it cannot be had.

    A plain init is tried first. Where the registry cannot be reached, a folder of the
    machine that holds the provider (``registry.terraform.io``) will do.
    """
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(MODULE / "versions.tf", folder)

        def works(found: dict[str, str]) -> bool:
            try:
                done = subprocess.run(
                    ["terraform", "init", "-backend=false", "-input=false"],
                    cwd=folder,
                    env={**os.environ, "CHECKPOINT_DISABLE": "1", **found},
                    capture_output=True,
                    check=False,
                    timeout=INIT_SECONDS,
                )
            except subprocess.TimeoutExpired:  # a registry that never answers is out of reach
                return False
            return done.returncode == 0

        if works({}):
            return _Provider.in_folder(folder, {})
        for place in _provider_folders():
            found = {"TF_CLI_ARGS_init": f"-plugin-dir={place}"}
            if works(found):
                return _Provider.in_folder(folder, found)
    return (
        "the AWS provider cannot be had: the provider registry is out of reach, and no folder "
        "registry.terraform.io with a fitting hashicorp/aws was found on this machine"
    )


def _provider_folders() -> list[str]:
    found = subprocess.run(
        ["find", "/", "-xdev", "-maxdepth", "4", "-type", "d", "-name", "registry.terraform.io"],
        capture_output=True,
        text=True,
        check=False,
        timeout=INIT_SECONDS,
    )
    return [str(Path(line).parent) for line in found.stdout.splitlines()]


def working_copy(folder: Path) -> Path:
    """The module and its examples, beside each other as in the repository, to run in."""
    ignore = shutil.ignore_patterns(".terraform*", "*.tfstate*", "mosaic")
    shutil.copytree(MODULE, folder / "terraform", ignore=ignore)
    shutil.copytree(EXAMPLES, folder / "examples", ignore=ignore)
    for root in (folder / "examples").iterdir():
        if any(root.glob("*.tf")):
            (root / "local_provider.tf").write_text(_LOCAL_PROVIDER)
    return folder
