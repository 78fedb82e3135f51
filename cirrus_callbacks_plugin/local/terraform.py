"""The Terraform module, applied to the local stack's moto server in the place of its own table."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boto3.session import Session

from cirrus_callbacks_plugin.config import EnabledWorkflows
from cirrus_callbacks_plugin.errors import CallbackError
from cirrus_callbacks_plugin.package import archive
from cirrus_callbacks_plugin.package.sender import sender_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cirrus_callbacks_plugin.local.deployment import Names

_HERE = Path(__file__).parent
_LEFT_OUT = shutil.ignore_patterns(".terraform*", "*.tfstate*", "tests")
"""What is not a part of the module: its tests, and what Terraform leaves where it has run."""

_INIT_SECONDS = 300.0
_APPLY_SECONDS = 300.0

# moto's S3 has no host names of buckets, and its errors are not worth minutes of retries.
_PROVIDER = {
    "provider": {
        "aws": {
            "max_retries": 2,
            "s3_use_path_style": True,
            "skip_credentials_validation": True,
            "skip_metadata_api_check": True,
        },
    },
}


class TerraformError(CallbackError):
    """Terraform, its AWS provider or the module is missing, or an apply failed."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What the module made, as far as the stack needs it.

    Attributes:
        stream_arn: the tracking table's stream.
        patterns: filter patterns of the deployed event source mapping.
        environment: the deployed sender's environment.
    """

    stream_arn: str
    patterns: list[dict[str, Any]]
    environment: Mapping[str, str]


@contextmanager
def applied(names: Names, workflows: str) -> Iterator[Applied]:
    """Apply the module to ``names.endpoint_url``; its state is forgotten with the server.

    Nothing is attached to cirrus's functions, which are not Lambda functions here.

    Args:
        names: the deployment's names, its endpoint among them.
        workflows: the per-workflow flag, as ``CIRRUS_CALLBACKS_WORKFLOWS`` holds it.

    Raises:
        TerraformError: it could not be applied; the message says why.
    """
    if shutil.which("terraform") is None:
        raise TerraformError("terraform is not on PATH: install it, or leave out --terraform")
    with tempfile.TemporaryDirectory(prefix="cirrus-callbacks-terraform-") as name:
        folder = Path(name)
        shutil.copytree(module_folder(), folder, ignore=_LEFT_OUT, dirs_exist_ok=True)
        (folder / "local_provider.tf.json").write_text(json.dumps(_PROVIDER))
        archive.write(folder / "sender.zip", sender_files())
        variables = _variables(names, workflows, folder / "sender.zip")
        (folder / "terraform.tfvars.json").write_text(json.dumps(variables))
        _run(folder, "init", "-backend=false", seconds=_INIT_SECONDS)
        _run(folder, "apply", "-auto-approve", seconds=_APPLY_SECONDS)
        yield _read(names, json.loads(_run(folder, "output", "-json", seconds=_INIT_SECONDS)))


def module_folder() -> Path:
    """Where the module is: in an installed wheel beside this file, or in the repository.

    Raises:
        TerraformError: it is in neither place.
    """
    for folder in (_HERE / "terraform_module", _HERE.parents[1] / "terraform"):
        if (folder / "versions.tf").is_file():
            return folder
    raise TerraformError("The Terraform module is missing: install cirrus-callbacks-plugin again")


def _variables(names: Names, workflows: str, sender_zip: Path) -> dict[str, Any]:
    enabled = EnabledWorkflows.parse(workflows).names
    flagged = ["*"] if enabled is None else sorted(enabled)
    return {
        "prefix": names.prefix,
        "state_table_name": names.state_table,
        "table_name": names.callbacks_table,
        "process_queue_url": names.process_queue_url,
        "lambda_package": {"zip_path": str(sender_zip)},
        "workflows": {workflow: {"enabled": True} for workflow in flagged},
        "attach_policies": False,
        "deletion_protection": False,
        "log_format": None,
        "failure_destination": {"create_bucket": False, "bucket_name": names.payload_bucket},
    }


def _run(folder: Path, *arguments: str, seconds: float) -> str:
    command = ["terraform", *arguments, "-no-color"]
    if arguments[0] != "output":
        command.append("-input=false")
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as error:
        raise TerraformError(
            f"terraform {arguments[0]} did not end within {seconds:g} s: try again, or leave out "
            "--terraform",
        ) from error
    if done.returncode:
        said = " ".join(line.strip("│╷╵ ") for line in done.stderr.splitlines()).split()
        hint = ""
        if arguments[0] == "init":
            hint = (
                " Where the provider registry cannot be reached, name a folder that holds the AWS "
                "provider: TF_CLI_ARGS_init=-plugin-dir=FOLDER"
            )
        raise TerraformError(f"terraform {arguments[0]} failed: {' '.join(said)[:2000]}.{hint}")
    return done.stdout


def _read(names: Names, outputs: dict[str, Any]) -> Applied:
    client = Session(region_name=names.region).client("lambda", endpoint_url=names.endpoint_url)
    mapping = client.get_event_source_mapping(UUID=outputs["event_source_mapping_uuid"]["value"])
    sender = outputs["sender_function_name"]["value"]
    function = client.get_function_configuration(FunctionName=sender)
    return Applied(
        stream_arn=outputs["stream_arn"]["value"],
        patterns=[json.loads(each["Pattern"]) for each in mapping["FilterCriteria"]["Filters"]],
        environment=function["Environment"]["Variables"],
    )
