"""The applies that the tests share: each is made once, and every check walks one of them."""

from __future__ import annotations

import json
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from support.applied_world import AppliedWorld
from support.moto_process import moto_process
from support.terraform_cli import Terraform, environment, provider_served, working_copy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PREFIX = "fd-demo-dev-cirrus"
DEPLOYMENT = "demo-dev"

# A child that fails where its payload asks for it, and returns the payload otherwise.
_CHILD = """{
  "StartAt": "Work",
  "States": {
    "Work": {
      "Type": "Choice",
      "Choices": [
        {"Variable": "$.process[0].tasks.fail", "IsPresent": true, "Next": "Break"}
      ],
      "Default": "Done"
    },
    "Break": {"Type": "Fail", "Error": "RuntimeError", "Cause": "it broke"},
    "Done": {"Type": "Pass", "End": true}
  }
}"""


@dataclass(frozen=True)
class Beside:
    """The module applied beside a deployment that another Terraform root made.

    Attributes:
        cirrus: the deployment's root.
        callbacks: the module as a root of its own.
        world: what stands there now.
        outputs: what the module put out.
    """

    cirrus: Terraform
    callbacks: Terraform
    world: AppliedWorld
    outputs: dict[str, Any]


@dataclass(frozen=True)
class Complete:
    """``examples/complete``: two deployments, the prefix of one extending the other's."""

    root: Terraform
    first: AppliedWorld
    second: AppliedWorld
    outputs: dict[str, Any]


@contextmanager
def beside(folder: Path) -> Iterator[Beside]:
    """Two of the three applies: cirrus, then the module beside it; then a parent workflow."""
    code = _code(folder)
    root = working_copy(folder)
    with moto_process() as endpoint, provider_served(environment(endpoint)) as variables:
        cirrus = Terraform(
            root / "examples" / "existing-deployment",
            variables,
            cirrus_lambda_zip_filepath=str(code),
            workflows={"sentinel-2-cog": {"definition": _CHILD}},
        )
        cirrus.start()
        cirrus.applied()
        world = AppliedWorld(endpoint, PREFIX)
        callbacks = Terraform(
            root / "terraform",
            variables,
            prefix=PREFIX,
            deployment_name=DEPLOYMENT,
            lambda_package={"zip_path": str(code)},
            workflows={"sentinel-2-cog": {"enabled": True}},
            encryption={"key": "create"},
            log_format=None,
        )
        callbacks.start()
        callbacks.applied()
        outputs = callbacks.outputs()
        # The parent takes its state and its statement from the module, as a FilmDrop
        # workflow does: one update of the deployment that is there.
        wait = json.loads(outputs["filmdrop_wait_for_payloads_state_json"])
        join = json.loads(outputs["filmdrop_wait_for_members_states_json"])
        statements = outputs["parent_role_statements"]
        cirrus.applied(
            workflows={
                "sentinel-2-cog": {"definition": _CHILD},
                "mosaic": {
                    "definition": json.dumps({"StartAt": "Wait", "States": {"Wait": wait}}),
                    "role_statements": statements,
                },
                "mosaic-joined": {
                    "definition": json.dumps({"StartAt": "WaitForMembers", "States": join}),
                    "role_statements": statements,
                },
            },
        )
        yield Beside(cirrus, callbacks, world, outputs)


@contextmanager
def complete(folder: Path) -> Iterator[Complete]:
    """The third apply: both deployments and both modules in one plan."""
    code = _code(folder)
    root = working_copy(folder)
    with moto_process() as endpoint, provider_served(environment(endpoint)) as variables:
        terraform = Terraform(
            root / "examples" / "complete",
            variables,
            cirrus_zip=str(code),
            sender_zip=str(code),
            log_format=None,
            deletion_protection=True,
        )
        terraform.start()
        terraform.applied()
        yield Complete(
            terraform,
            AppliedWorld(endpoint, "fd-demo"),
            AppliedWorld(endpoint, "fd-demo-b"),
            terraform.outputs(),
        )


def _code(folder: Path) -> Path:
    """A zip for functions that are never run in moto: they run in the tests' own process."""
    path = folder / "code.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("README", "The tests run the functions in their own process.")
    return path
