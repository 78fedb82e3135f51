"""The module and its examples, read and planned without AWS."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from cirrus_callbacks_plugin import config
from cirrus_callbacks_plugin.config import EnabledWorkflows
from cirrus_callbacks_plugin.sender.filters import filter_criteria
from support.terraform_cli import MODULE, Terraform

if TYPE_CHECKING:
    from pathlib import Path

TEST_FILES = sorted(path.name for path in (MODULE / "tests").glob("*.tftest.hcl"))
EXAMPLES = ("existing-deployment", "complete")
# One provider serves all commands that need no AWS, one after the other.
pytestmark = pytest.mark.xdist_group("terraform-module")


def _source(pattern: str = "*.tf") -> str:
    return "\n".join(path.read_text() for path in sorted(MODULE.glob(pattern)))


def test_everything_is_formatted(copied: Path, terraform_environment: dict[str, str]) -> None:
    """``terraform fmt`` has nothing to change, in the module, its tests and the examples."""
    for folder in ("terraform", "examples"):
        terraform = Terraform(copied / folder, terraform_environment)
        formatted = terraform.run("fmt", "-check", "-recursive", no_color=None)
        changed = [line for line in formatted.out.splitlines() if "local_provider" not in line]
        assert changed == []


@pytest.mark.parametrize("root", ["terraform", *(f"examples/{name}" for name in EXAMPLES)])
def test_it_is_valid(copied: Path, terraform_environment: dict[str, str], root: str) -> None:
    """``terraform validate`` accepts the module and every example."""
    terraform = Terraform(copied / root, terraform_environment)
    terraform.start()
    terraform.run("validate").ok()


@pytest.mark.parametrize("file", TEST_FILES)
def test_plans_are_as_its_own_tests_say(
    tmp_path: Path,
    copied: Path,
    served: dict[str, str],
    file: str,
) -> None:
    """``terraform test`` with a mocked provider: every variable, every rejection."""
    terraform = Terraform(copied / "terraform", served)
    terraform.start()
    tested = terraform.run("test", filter=f"tests/{file}").ok()
    assert " 0 failed" in tested.out
    runs = (MODULE / "tests" / file).read_text().count("\nrun ")
    assert f"Success! {runs} passed" in tested.out


def _blocks(kind: str, pattern: str = "*.tf") -> dict[str, str]:
    """Blocks of a kind by name, with their text."""
    source = _source(pattern)
    found = re.findall(rf'^{kind} "(\w+)" {{\n(.*?)^}}', source, re.DOTALL | re.MULTILINE)
    return dict(found)


def test_every_variable_is_typed_described_and_tested() -> None:
    """No variable without type and description, none that no plan of the tests sets."""
    tests = "\n".join(path.read_text() for path in (MODULE / "tests").glob("*.tftest.hcl"))
    for name, text in _blocks("variable").items():
        assert re.search(r"^  type +=", text, re.MULTILINE), name
        assert re.search(r"^  description +=", text, re.MULTILINE), name
        assert re.search(rf"^ +{name} +=", tests, re.MULTILINE), f"{name} is in no test"


def test_every_validation_has_a_rejection() -> None:
    """As many rejected plans a variable as it has validations, at least."""
    tests = "\n".join(path.read_text() for path in (MODULE / "tests").glob("*.tftest.hcl"))
    expected = " ".join(re.findall(r"expect_failures = \[(.*?)\]", tests, re.DOTALL))
    for name, text in _blocks("variable").items():
        rejected = len(re.findall(rf"\bvar\.{name}\b", expected))
        assert rejected >= text.count("  validation {"), name
    preconditions = re.findall(
        r'^resource "(\w+)" "(\w+)" {\n(?:(?!^}).)*?precondition',
        _source(),
        re.DOTALL | re.MULTILINE,
    )
    for kind, name in preconditions:
        assert re.search(rf"\b{kind}\.{name}\b", expected), f"{kind}.{name}"


@pytest.mark.parametrize("pattern", ["*.tf", "modules/*/*.tf"])
def test_every_output_is_described(pattern: str) -> None:
    """No output without a description."""
    for name, text in _blocks("output", pattern).items():
        assert re.search(r"^  description +=", text, re.MULTILINE), name


def test_the_private_module_is_typed_and_described() -> None:
    """No variable of it without type and description, none with a default: its caller decides."""
    for name, text in _blocks("variable", "modules/*/*.tf").items():
        assert re.search(r"^  type +=", text, re.MULTILINE), name
        assert re.search(r"^  description +=", text, re.MULTILINE), name
        assert not re.search(r"^  default +=", text, re.MULTILINE), name


def test_no_partition_region_or_account_is_written_down() -> None:
    """The module stands in every partition, region and account."""
    source = re.sub(r"#.*|error_message.*|description.*", "", _source("**/*.tf"))
    assert not re.search(r"arn:aws[:-]", source)
    assert not re.search(r"\b(us|eu|ap)-[a-z]+-\d\b", source)
    assert not re.search(r"\b\d{12}\b", source)


@pytest.mark.parametrize(
    "flag",
    ["", "*", "mosaic", "sentinel-2-cog,landsat-c2,a.b_c@d"],
    ids=["unset", "star", "one", "list"],
)
def test_the_filter_is_built_as_in_python(
    copied: Path,
    served: dict[str, str],
    flag: str,
) -> None:
    """HCL and Python build the same filter patterns, to the byte."""
    names = [name for name in flag.split(",") if name]
    workflows = json.dumps({name: {"enabled": True} for name in names})
    terraform = Terraform(copied / "terraform", served)
    terraform.start()
    console = subprocess.run(
        ["terraform", "console", "-var", "prefix=a", "-var", f"workflows={workflows}"],
        cwd=terraform.folder,
        env=served,
        input="jsonencode(local.filter_patterns)\n",
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    built = json.loads(json.loads(console.stdout.strip().splitlines()[-1]))
    wanted = filter_criteria(EnabledWorkflows.parse(flag))["Filters"]
    assert built == [each["Pattern"] for each in wanted]


def test_defaults_are_those_of_the_code() -> None:
    """A variable of the environment has one default, in Terraform and in Python."""
    variables = _blocks("variable")

    def default(name: str) -> str:
        found = re.search(r"^  default +=(.*)$", variables[name], re.MULTILINE)
        assert found is not None
        return found[1].strip()

    assert default("retention_days") == str(config.DEFAULT_RETENTION_DAYS)
    assert default("grace_seconds") == str(config.DEFAULT_GRACE_SECONDS)
    assert default("redelivery_seconds") == str(config.DEFAULT_REDELIVERY_SECONDS)
    assert default("queue_seconds") == str(config.DEFAULT_QUEUE_SECONDS)
    assert default("heartbeat") == "false"
    assert f"? {config.DEFAULT_INTERVAL_SECONDS} :" in _source()


def test_the_environment_has_the_names_of_the_code() -> None:
    """Every variable that Terraform sets is one that the code reads, and the other way round."""
    known = {
        value
        for name, value in vars(config).items()
        if name.isupper() and isinstance(value, str) and value.startswith("CIRRUS_")
    }
    hooks_alone = {config.PROCESS_HANDLER, config.UPDATE_STATE_HANDLER}
    cirrus_own = {config.PAYLOAD_BUCKET, config.PAYLOAD_ROOT_PREFIX}
    source = "\n".join(
        (MODULE / name).read_text()
        for name in ("functions.tf", "joins.tf", "sender.tf", "reconciler.tf")
    )
    set_by_terraform = set(re.findall(r"\b(CIRRUS_\w+) += ", source))
    assert set_by_terraform == known - hooks_alone - cirrus_own
