"""The zip for sender and reconciler."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import botocore
import pytest
from click.testing import CliRunner

from cirrus_callbacks_plugin.cli.package import SENDERS_PYTHON, command
from cirrus_callbacks_plugin.errors import MissingExtraError, PackageError
from cirrus_callbacks_plugin.package import sender
from cirrus_callbacks_plugin.package.archive import OF_THE_INSTALLER
from cirrus_callbacks_plugin.package.plugin import ANSWERING, plugin_files

if TYPE_CHECKING:
    from support.dist_zip import Made

HANDLERS = ("sender", "reconciler")
HERE = f"3.{sys.version_info.minor}"
TERRAFORM = Path(__file__).parents[2] / "terraform"

# What a fresh interpreter sees that has nothing but the zip and the runtime's boto3.
_CALL = """
import importlib
for name in {handlers}:
    module = importlib.import_module("cirrus_callbacks_plugin.lambda_functions." + name)
    assert module.__file__.startswith({root!r}), module.__file__
    try:
        module.lambda_handler({{"Records": []}})
    except Exception as error:
        print(type(error).__name__, error)
"""


def make(path: Path, *options: str) -> str:
    """Run the command; returns what it printed."""
    result = CliRunner().invoke(command, ["--sender", "-o", str(path), *options])
    assert result.exit_code == 0, result.output
    return result.output


def test_the_same_input_makes_the_same_bytes(sender_zip: Made, tmp_path: Path) -> None:
    """Reproducible, compiled code included; the last lines tell for which Python, and the sizes."""
    make(tmp_path / "b.zip", "--python", HERE)
    assert sender_zip.path.read_bytes() == (tmp_path / "b.zip").read_bytes()
    *_, compiled, sizes = sender_zip.said
    assert compiled.startswith(f"compiled for Python {HERE}: ")
    assert sizes.endswith("MB unzipped")


def test_it_is_compiled_for_the_modules_own_runtime() -> None:
    """Where the command is told no other: what Terraform gives both functions by default."""
    variables = (TERRAFORM / "variables.functions.tf").read_text()
    runtime = re.search(
        r'variable "runtime" \{.*?default += "python([\d.]+)"', variables, re.DOTALL
    )
    assert runtime is not None
    assert runtime[1] == SENDERS_PYTHON


def test_it_holds_the_plugin_and_its_dependencies_and_no_boto3(sender_zip: Made) -> None:
    """Lambda's runtime has boto3; commands and local stack stay at home; no library is in it."""
    names = zipfile.ZipFile(sender_zip.path).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert {"cirrus_callbacks_plugin", "aws_lambda_powertools", "typing_extensions.py"} <= tops
    assert not tops & {"boto3", "botocore", "click", "moto", "cirrus", "s3transfer"}
    assert not any(name.startswith("cirrus_callbacks_plugin/local/") for name in names)
    assert not any(name.endswith(".so") for name in names)


def test_both_handlers_run_from_the_zip_alone(sender_zip: Made, tmp_path: Path) -> None:
    """A fresh interpreter with the zip and boto3 comes as far as the missing configuration."""
    root = tmp_path / "root"
    zipfile.ZipFile(sender_zip.path).extractall(root)
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    for name in ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six.py"):
        source = Path(boto3.__file__).parents[1] / name
        if source.exists():
            (runtime / name).symlink_to(source)
    assert botocore.__version__
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join((str(root), str(runtime))),
        "AWS_DEFAULT_REGION": "us-west-2",
    }
    done = subprocess.run(
        [sys.executable, "-S", "-c", _CALL.format(handlers=HANDLERS, root=str(root))],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == len(HANDLERS)
    assert all(line.startswith("ConfigurationError CIRRUS_STATE_DB is not set") for line in lines)


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Powertools there is no sender: the message says what to install."""

    def missing(name: str) -> object:
        if name == "aws-lambda-powertools":
            raise PackageNotFoundError(name)
        return distribution(name)

    monkeypatch.setattr(sender, "distribution", missing)
    with pytest.raises(MissingExtraError, match=r"pip install 'cirrus-callbacks-plugin\[lambda\]'"):
        sender.sender_files()


def test_how_a_dependency_was_installed_makes_no_other_zip(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What pip and uv leave beside a distribution differs from machine to machine."""
    info = tmp_path / "needed-1.0.dist-info"
    info.mkdir()
    (tmp_path / "needed.py").write_text("")
    for name in ("METADATA", *OF_THE_INSTALLER):
        (info / name).write_text("Name: needed\nVersion: 1.0\n")
    listed = ["needed.py", *(f"{info.name}/{each.name}" for each in info.iterdir())]
    (info / "RECORD").write_text("".join(f"{name},,\n" for name in listed))
    found = {"needed": Distribution.at(info)}
    monkeypatch.setattr(sender, "_dependencies", lambda: found)
    files = set(sender.sender_files()) - set(plugin_files(ANSWERING))
    assert files == {"needed.py", f"{info.name}/METADATA"}
    assert "uv_cache.json" in OF_THE_INSTALLER


def test_a_compiled_dependency_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library of this machine's architecture would fail on the other one, in Lambda."""
    found = {"greenlet": distribution("greenlet")}
    monkeypatch.setattr(sender, "_dependencies", lambda: found)
    with pytest.raises(PackageError, match=r"greenlet is installed with a compiled library"):
        sender.sender_files()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "Give one of"),
        (["--sender"], "Name the zip"),
        (["--sender", "--check", "x.zip"], "Give one of"),
        (["--sender", "--arch", "arm64", "-o", "x.zip"], "pure Python"),
    ],
)
def test_options_that_do_not_fit(options: list[str], said: str) -> None:
    """One clear message, exit status 2."""
    result = CliRunner().invoke(command, options)
    assert result.exit_code == 2
    assert said in result.output


def test_an_existing_file_is_kept(tmp_path: Path) -> None:
    """Unless --force says otherwise."""
    path = tmp_path / "sender.zip"
    path.write_text("mine")
    result = CliRunner().invoke(command, ["--sender", "-o", str(path)])
    assert isinstance(result.exception, PackageError)
    assert path.read_text() == "mine"
    make(path, "--force", "--no-compile")
