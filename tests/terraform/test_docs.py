"""The module's README and examples say what the code does."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest

from support import terraform_docs
from support.terraform_cli import EXAMPLES, MODULE, Terraform

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.xdist_group("terraform-module")

README = (MODULE / "README.md").read_text()

# The variables and outputs of FilmDrop's cirrus module that the example uses.
_FILMDROP = """\
variable "resource_prefix" { type = string }
variable "project_name" { type = string }
variable "environment" { type = string }
variable "vpc_id" { type = string }
variable "vpc_subnet_ids" { type = list(string) }
variable "vpc_security_group_ids" { type = list(string) }
variable "warning_sns_topic_arn" { type = string }
variable "critical_sns_topic_arn" { type = string }
variable "cirrus_lambda_zip_filepath" { type = string }
variable "cirrus_lambda_pyversion" { type = string }
variable "cirrus_workflow_definitions_dir" { type = string }
"""


def test_the_tables_are_those_of_the_code() -> None:
    """Every variable and output, with description and default.

    ``python tests/support/terraform_docs.py`` writes them again.
    """
    assert terraform_docs.written() == terraform_docs.tables()


def _block(language: str, heading: str) -> str:
    section = README.partition(f"### {heading}\n")[2]
    found = re.search(rf"```{language}\n(.*?)```", section, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_minimal_use_plans(
    tmp_path: Path,
    copied: Path,
    served: dict[str, str],
) -> None:
    """The README's first example is a whole root: valid as it stands, and its count is right."""
    minimal = _block("hcl", "Minimal").replace(
        "./cirrus-callbacks-plugin/terraform",
        str(copied / "terraform"),
    )
    (tmp_path / "main.tf").write_text(minimal)
    (tmp_path / "sender.zip").write_bytes(b"zip")
    shutil.copy(MODULE / "versions.tf", tmp_path)
    # Planned with a mocked provider, as terraform test does: nothing here is on AWS.
    (tmp_path / "plan.tftest.hcl").write_text(
        'mock_provider "aws" {\n'
        '  mock_data "aws_lambda_function" {\n'
        '    defaults = { role = "arn:aws:iam::123456789012:role/r" }\n  }\n}\n'
        'run "plan" {\n  command = plan\n}\n',
    )
    terraform = Terraform(tmp_path, served)
    terraform.start()
    terraform.run("validate").ok()
    planned = terraform.run("test", "-verbose").ok().out
    found = re.search(r"Plan: (\d+) to add, 0 to change, 0 to destroy", planned)
    assert found is not None, planned[-2000:]
    assert f"creates {found[1]} resources" in " ".join(README.split())


def test_the_filmdrop_example_fits_its_interface(
    tmp_path: Path,
    copied: Path,
    served: dict[str, str],
) -> None:
    """Valid against a stub of FilmDrop's cirrus module, which is read here and not copied."""
    shutil.copytree(copied / "terraform", tmp_path / "terraform")
    root = tmp_path / "examples" / "filmdrop"
    shutil.copytree(EXAMPLES / "filmdrop", root)
    stub = root / "filmdrop" / "modules" / "cirrus"
    stub.mkdir(parents=True)
    (stub / "main.tf").write_text(_FILMDROP)
    terraform = Terraform(root, served)
    terraform.start()
    terraform.run("validate").ok()


def test_every_variable_that_the_readme_names_exists() -> None:
    """No name in code font that neither module, outputs nor AWS know."""
    prose = README.partition(terraform_docs.BEGIN)[0]
    named = set(re.findall(r"`(alarm_\w+|cirrus_\w+_names?|\w+_policies|\w+_topic_arns)`", prose))
    known = {*terraform_docs.blocks("variable"), *terraform_docs.blocks("output")}
    assert named - {"aws_iam_role_policies_exclusive"} <= known
