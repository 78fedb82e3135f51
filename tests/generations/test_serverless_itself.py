"""The template that the other tests use is the one that Serverless itself makes.

Only where ``SERVERLESS_NODE_MODULES`` names the ``node_modules`` of an initialised project
(``cirrus init`` and ``npm install``): Serverless is not a Python package.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cirrus_callbacks_plugin.serverless import documents
from support.generation import IS_OLDEST, PREDECESSOR
from support.serverless_project import Project, wheel
from support.serverless_template import BUCKET, template_of
from support.serverless_world import definition_of

MODULES = os.environ.get("SERVERLESS_NODE_MODULES")
if not PREDECESSOR or IS_OLDEST:
    pytest.skip("the command of cirrus 0.15 runs where it is installed", allow_module_level=True)
if not MODULES:
    pytest.skip("SERVERLESS_NODE_MODULES names no installed Serverless", allow_module_level=True)


def test_serverless_makes_the_same_template(tmp_path: Path) -> None:
    """Resource by resource, as far as the translation goes: it leaves out the HTTP API."""
    project = Project.create(tmp_path)
    assert project.cirrus("init").returncode == 0
    project.add_workflows()
    config = project.folder / "cirrus.yml"
    ours = "  pythonRequirements:\n    pythonBin: python3\n"
    config.write_text(config.read_text().replace("  pythonRequirements:\n", ours))
    project.install(wheel(tmp_path / "wheels"))
    build = project.built()
    (project.folder / "node_modules").symlink_to(Path(str(MODULES)))
    for requirements in build.glob("lambdas/*/requirements.txt"):
        requirements.write_text("")  # what pip installs is not in the template
    (build / ".serverless" / "lambdas").mkdir(parents=True)
    subprocess.run(
        ["node", "../../node_modules/serverless/bin/serverless.js", "package"],
        cwd=build,
        env={**os.environ, "SLS_TELEMETRY_DISABLED": "1", "SLS_NOTIFICATIONS_MODE": "off"},
        check=True,
        capture_output=True,
        timeout=300,
    )
    made = build / ".serverless" / "cloudformation-template-update-stack.json"
    theirs = json.loads(made.read_text())["Resources"]
    translated = template_of(documents.load(build / "serverless.yml"))["Resources"]
    del translated[BUCKET]  # where Serverless keeps the code
    differing = [
        name for name in translated if _essence(translated[name]) != _essence(theirs.get(name))
    ]
    assert differing == []


def _essence(resource: Any) -> Any:
    """A resource without what differs by spelling, and without where its code is kept."""
    if resource is None:
        return None
    made = json.loads(json.dumps(resource))
    made.pop("DependsOn", None)
    properties = made.get("Properties", {})
    properties.pop("Code", None)
    if made["Type"] == "AWS::IAM::Role":
        properties.pop("ManagedPolicyArns", None)
        of_a_machine = "states." in json.dumps(properties["AssumeRolePolicyDocument"])
        policies = [] if of_a_machine else properties.get("Policies", [])
        properties["Policies"] = [_statements(each) for each in policies]
    if made["Type"] == "AWS::StepFunctions::StateMachine":
        text, parameters = definition_of(made)
        for name, value in parameters.items():
            text = text.replace(f"${{{name}}}", json.dumps(value).replace('"', "'"))
        properties["DefinitionString"] = json.loads(text)
    return made


def _statements(policy: dict[str, Any]) -> list[dict[str, Any]]:
    statements: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    for statement in statements:
        if isinstance(statement["Action"], str):
            statement["Action"] = [statement["Action"]]
    return statements
