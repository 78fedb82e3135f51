"""The contracts in pyproject.toml: who may import whom."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = "cirrus_callbacks_plugin"
BELOW = {
    "lint": ["rich", "cirrus.lib"],
    "operations": ["click", "rich"],
    "lambda_functions": [f"{PACKAGE}.waits.row", f"{PACKAGE}.protocol.rules", "cirrus.lib"],
    "hooks": [
        f"{PACKAGE}.protocol.answer",
        f"{PACKAGE}.joins.answering",
        f"{PACKAGE}.waits.queries",
        f"{PACKAGE}.package",
        "requests",
    ],
    "sender": [f"{PACKAGE}.cirrus.adapter", f"{PACKAGE}.aws.queues", f"{PACKAGE}.waits.queries"],
    "reconcile": [f"{PACKAGE}.cirrus.installed", f"{PACKAGE}.carriers"],
    "joins": [f"{PACKAGE}.package", f"{PACKAGE}.cirrus.handlers", "yaml"],
    "package": [f"{PACKAGE}.waits", "boto3"],
    "protocol": [f"{PACKAGE}.cirrus.v2", f"{PACKAGE}.carriers", "cirrus.lib"],
    "waits": ["jsonata", "types_boto3_stepfunctions"],
    "asl": ["moto"],
    "aws": [f"{PACKAGE}.{name}" for name in ("config", "contract", "errors", "iam", "naming")],
}
"""By folder: what is below it or comes from outside, and not its business."""


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=folder,
        env={**os.environ, "COLUMNS": "500", "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_layers_hold() -> None:
    """What ``make lint`` checks; types count as imports."""
    ran = _lint(ROOT)
    assert ran.returncode == 0, ran.stdout
    assert "0 broken" in ran.stdout


def test_what_a_folder_knows_nothing_of_is_found_out(tmp_path: Path) -> None:
    """Each import of something that CONTRIBUTING's table keeps from a folder is found."""
    shutil.copytree(ROOT / PACKAGE, tmp_path / PACKAGE, ignore=shutil.ignore_patterns("*.pyc"))
    shutil.copytree(ROOT / "tests/support", tmp_path / "tests/support")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for folder, modules in BELOW.items():
        text = "".join(f"import {module}\n" for module in modules)
        (tmp_path / PACKAGE / folder / "planted.py").write_text(text)
    ran = _lint(tmp_path)
    assert ran.returncode == 1, ran.stdout
    found = set(re.findall(rf"{PACKAGE}\.(\w+)\.planted -> ([\w.]+)", ran.stdout))
    squashed = {  # of a package from outside its first name alone counts
        (folder, module if module.startswith(PACKAGE) else module.partition(".")[0])
        for folder, modules in BELOW.items()
        for module in modules
    }
    assert found >= squashed, squashed - found
