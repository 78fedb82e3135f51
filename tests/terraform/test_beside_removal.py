"""Changing and removing what was applied beside a deployment.

Runs last of those that walk it, which are named ``test_beside_*`` and so come before it.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from cirrus_callbacks_plugin.config import EnabledWorkflows
from cirrus_callbacks_plugin.sender.filters import filter_patterns
from support.terraform_cli import Terraform
from support.terraform_walks import PREFIX

if TYPE_CHECKING:
    from support.terraform_walks import Beside

pytestmark = pytest.mark.xdist_group("terraform-beside")

KEPT = [
    "aws_dynamodb_table.this[0]",
    "aws_kms_key.this[0]",
    "aws_kms_alias.this[0]",
    "terraform_data.deletion_guard[0]",
]
"""What terraform/README.md takes out of the state to keep the table."""


def test_a_changed_flag_updates_two_things_in_place(beside: Beside) -> None:
    """The sender's environment and the mapping's filter change, nothing else, in this order."""
    flags = {"sentinel-2-cog": {"enabled": True}, "landsat": {"enabled": True}}
    plan = beside.callbacks.changes_of(workflows=flags)
    assert plan == {
        "module.sender[0].aws_lambda_function.this": ["update"],
        "aws_lambda_event_source_mapping.stream[0]": ["update"],
    }
    done = beside.callbacks.applied(workflows=flags).out
    function = done.index("module.sender[0].aws_lambda_function.this: Modifications complete")
    assert function < done.index("aws_lambda_event_source_mapping.stream[0]: Modifying")
    variables = beside.world.function("sender")["Environment"]["Variables"]
    assert variables["CIRRUS_CALLBACKS_WORKFLOWS"] == "landsat,sentinel-2-cog"
    wanted = filter_patterns(EnabledWorkflows.parse("landsat,sentinel-2-cog"))
    there = beside.world.patterns()
    assert len(there) == len(wanted)
    assert all(pattern in there for pattern in wanted)


@pytest.mark.parametrize(
    "renamed",
    [{"table_name": "cirrus-waits"}, {"prefix": "fd-other-cirrus"}],
    ids=["table", "prefix"],
)
def test_protection_stops_another_name_before_anything_changes(
    beside: Beside,
    renamed: dict[str, str],
) -> None:
    """Another name would replace the table: refused, and what is deployed stays as it is.

    As terraform/README.md says under Renaming. The waits in the table stay, and are answered.
    """
    roles = {"cirrus_role_names": beside.outputs["cirrus_role_names"]}
    before, rows = beside.callbacks.state_list(), beside.world.rows()
    applied = beside.callbacks.run(
        "apply",
        auto_approve=True,
        **beside.callbacks._with_variables({**roles, **renamed}),
    )
    assert applied.code == 1
    told = " ".join(applied.err.split())
    assert "deletion_protection is true for the tracking table" in told
    assert f"{PREFIX}-callbacks" in told
    assert beside.callbacks.state_list() == before
    assert beside.callbacks.changes_of() == {}
    assert beside.world.rows() == rows


def test_the_table_can_be_kept_and_taken_over(beside: Beside) -> None:
    """Two steps remove everything but the table and its key; another deployment imports both.

    As terraform/README.md says under Removal: the rows, open waits among them, survive.
    """
    rows = beside.world.rows()
    assert rows
    beside.callbacks.run("state rm", *KEPT).ok()
    beside.callbacks.destroyed().ok()
    assert beside.callbacks.state_list() == []
    assert beside.world.rows() == rows
    key_arn = beside.outputs["kms_key_arn"]
    kms = beside.world.client("kms")
    assert kms.describe_key(KeyId=key_arn)["KeyMetadata"]["KeyState"] == "Enabled"
    names = [each["FunctionName"] for each in _functions(beside)]
    assert names == [f"{PREFIX}-process", f"{PREFIX}-update-state"]

    folder = beside.callbacks.folder.parent / "terraform-again"
    ignore = shutil.ignore_patterns("*.tfstate*", ".terraform")
    shutil.copytree(beside.callbacks.folder, folder, ignore=ignore)
    again = Terraform(folder, beside.callbacks.environment, **beside.callbacks.variables)
    again.start()
    for address, name in (
        ("aws_dynamodb_table.this[0]", f"{PREFIX}-callbacks"),
        ("aws_kms_key.this[0]", key_arn.rpartition("/")[2]),
        ("aws_kms_alias.this[0]", f"alias/{PREFIX}-callbacks"),
    ):
        again.run("import", address, name, input=False, var=again.variables).ok()
    changes = again.changes_of()
    # Some of a key's arguments (how long its deletion is pending) cannot be read back from
    # AWS: Terraform writes them into its state by an update in place.
    taken_over = [changes.pop(address, ["update"]) for address in KEPT[:3]]
    assert taken_over == [["update"]] * 3
    assert set(map(tuple, changes.values())) == {("create",)}


def _functions(beside: Beside) -> list[dict[str, str]]:
    listed = beside.world.client("lambda").list_functions()["Functions"]
    return sorted(listed, key=lambda function: function["FunctionName"])
