"""What importing the hooks loads: cold starts are cirrus's, not ours."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

MODULES = [
    "cirrus_callbacks_plugin.hooks.process",
    "cirrus_callbacks_plugin.hooks.update_state",
    "cirrus_callbacks_plugin.hooks.registry",
    "cirrus_callbacks_plugin.lambda_functions.process",
    "cirrus_callbacks_plugin.lambda_functions.update_state",
]
OURS = {"cirrus_callbacks_plugin"}
BOTO = {"boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3", "certifi"}

LIST = """
import importlib, json, sys
before = set(sys.modules)
for name in {names}:
    importlib.import_module(name)
loaded = {{name.partition(".")[0] for name in set(sys.modules) - before}}
print(json.dumps(sorted(loaded - set(sys.stdlib_module_names))))
"""


def loaded_by(names: list[str]) -> set[str]:
    """Top-level packages outside the standard library that importing loads."""
    found = subprocess.run(
        [sys.executable, "-I", "-c", LIST.format(names=names)],
        check=True,
        capture_output=True,
        text=True,
    )
    return {name for name in json.loads(found.stdout) if not name.startswith("_")}


@pytest.mark.parametrize("module", MODULES)
def test_importing_loads_boto_and_the_standard_library_alone(module: str) -> None:
    """No cirrus, no Powertools, no rich: nothing that is not in every Lambda runtime."""
    assert loaded_by([module]) - loaded_by(["boto3", "botocore"]) <= OURS | BOTO


def test_boto_itself_loads_what_is_expected() -> None:
    """The list above is boto's own, not a place to hide something."""
    assert loaded_by(["boto3"]) <= BOTO | {"awscrt"}
