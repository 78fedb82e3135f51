"""The corpus against the reference implementation, where Node is on the machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

from support.jsonata_corpus import FILES, agrees, outcome_of, read

VERSION = "2.0.6"
"""What Step Functions implements."""
ROOT = Path(__file__).parents[3]
KEPT = ROOT / ".tools" / f"jsonata-{VERSION}"
NOT_IN_THE_REFERENCE = {"jsonata-step-functions"}

SCRIPT = """
const jsonata = require('jsonata');
const files = JSON.parse(require('fs').readFileSync(0));
const isFunction = (value) => typeof value === 'function'
  || (value !== null && typeof value === 'object'
    && (value._jsonata_lambda || value._jsonata_function || Object.values(value).some(isFunction)));
const outcome = async (expression, variables) => {
  try {
    const value = await jsonata(expression).evaluate(undefined, structuredClone(variables));
    if (value === undefined) return {undefined: true};
    if (isFunction(value)) return {function: true};
    // JSON has no such number: Step Functions says that the result is out of range.
    if (typeof value === 'number' && !Number.isFinite(value)) return {error: 'D1001'};
    return {value};
  } catch (error) {
    return {error: error.code ?? ''};
  }
};
(async () => {
  const found = [];
  for (const {variables, expressions} of files) {
    const outcomes = [];
    for (const expression of expressions) outcomes.push(await outcome(expression, variables));
    found.push(outcomes);
  }
  console.log(JSON.stringify(found));
})();
"""


@pytest.fixture(scope="module")
def modules() -> Path:
    """The folder with the npm package, installed once below a folder that git ignores."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("node and npm are not on this machine: JSONata is not compared with npm's")
    if (KEPT / "node_modules" / "jsonata").is_dir():
        return KEPT
    KEPT.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=KEPT.parent) as scratch:
        installed = subprocess.run(
            ["npm", "install", "--silent", "--no-audit", "--no-fund", f"jsonata@{VERSION}"],
            cwd=scratch,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        if installed.returncode != 0:
            pytest.skip(f"npm could not install jsonata {VERSION}: JSONata is not compared with it")
        shutil.copytree(scratch, KEPT, dirs_exist_ok=True)
    return KEPT


def _reference(modules: Path, corpora: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    asked = [
        {
            "variables": corpus["variables"],
            "expressions": [case["expression"] for case in corpus["cases"]],
        }
        for corpus in corpora
    ]
    answered = subprocess.run(
        ["node", "-e", SCRIPT],
        input=json.dumps(asked),
        cwd=modules,
        env={**os.environ, "TZ": "UTC"},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    outcomes: list[list[dict[str, Any]]] = json.loads(answered.stdout)
    return outcomes


def test_the_reference_says_the_same(modules: Path) -> None:
    """Each value and each error code of the corpus is that of the ``jsonata`` package of npm."""
    corpora = [read(path) for path in FILES if path.stem not in NOT_IN_THE_REFERENCE]
    for corpus, outcomes in zip(corpora, _reference(modules, corpora), strict=True):
        wrong = {
            case["expression"]: {"npm": outcome, "corpus": outcome_of(case)}
            for case, outcome in zip(corpus["cases"], outcomes, strict=True)
            if not agrees(outcome, outcome_of(case))
        }
        assert not wrong
