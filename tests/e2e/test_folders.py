"""``cirrus-callbacks local`` takes the folders that people have, and says how it went.

Layouts and templates are rebuilt from what FilmDrop's modules, cirrus-geo's CloudFormation,
SAM and the CDK document; none of their files is here.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from support.command_line import CHILD, PARENT, Folder, payload

if TYPE_CHECKING:
    from pathlib import Path

    from support.command_line import CommandLine, Ran

pytestmark = pytest.mark.e2e

ITEM = "S2A_39QTA_20230628_0_L2A"
SWITCH = {
    "StartAt": "Look",
    "States": {
        "Look": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.process[0].go_on", "BooleanEquals": True, "Next": "Good"},
            ],
            "Default": "Bad",
        },
        "Good": {"Type": "Succeed"},
        "Bad": {"Type": "Fail", "Error": "SwitchIsOff", "Cause": "go_on was not true"},
    },
}
TASK = {
    "StartAt": "Work",
    "States": {
        "Work": {
            "Type": "Task",
            "Resource": "${tasks.make-cog.lambda.function_arn}",
            "TimeoutSeconds": 60,
            "End": True,
        },
    },
}
ECHO = "def lambda_handler(event, context):\n    return {**event, 'ran': context.function_name}\n"


@pytest.fixture
def bare(tmp_path: Path) -> Folder:
    """A folder with nothing in it."""
    return Folder(tmp_path / "project").write("README.txt", "nothing")


def by_workflow(ran: Ran) -> dict[str, dict[str, Any]]:
    return {each["workflow"]: each for each in ran.json["executions"]}


def template(kind: str, name: str = "MosaicStateMachine", **properties: Any) -> dict[str, Any]:
    return {"Resources": {name: {"Type": kind, "Properties": properties}}}


def test_filmdrops_layout(cli: CommandLine, bare: Folder) -> None:
    """definition.yaml names the workflow and its file; task references lead to functions/.

    FilmDrop's files hold Terraform's marks outside of quotes, which is not YAML.
    """
    bare.write(
        "workflows/anything/definition.yaml",
        "name: child\nstate_machine_filepath: elsewhere/workflows/anything/state-machine.json\n"
        "role_statements:\n  - resources:\n      - ${CIRRUS_PROCESS_QUEUE_ARN}\n",
    )
    bare.write("workflows/anything/state-machine.json", TASK)
    parent = json.dumps(PARENT).replace("${process_queue_url}", "${CIRRUS_PROCESS_QUEUE_URL}")
    bare.write("workflows/parent/state-machine.json", parent)
    bare.write("functions/make-cog.py", ECHO)
    bare.write("payloads/1.json", payload())
    ran = cli("local", bare.root, "--json")
    assert ran.status == 0, ran.err
    found = by_workflow(ran)
    assert {name: each["status"] for name, each in found.items()} == {
        "parent": "SUCCEEDED",
        "child": "SUCCEEDED",
    }
    assert found["child"]["output"]["ran"] == "make-cog"


def test_a_variable_with_dots_outranks_ours(cli: CommandLine, bare: Folder) -> None:
    """As FilmDrop's outputs are called: ``tasks.NAME.lambda.function_arn``."""
    bare.write("workflows/child/state-machine.json", TASK)
    bare.write("functions/other.py", ECHO)
    bare.write("payloads/1.json", payload("child"))
    arn = "arn:aws:lambda:us-west-2:123456789012:function:other"
    ran = cli("local", bare.root, "--json", "--var", f"tasks.make-cog.lambda.function_arn={arn}")
    assert by_workflow(ran)["child"]["output"]["ran"] == "other", ran.err


def test_a_batch_task_is_refused_with_what_to_do(cli: CommandLine, bare: Folder) -> None:
    """Its references are known, so that the message is about the task."""
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::batch:submitJob.sync",
        "Parameters": {"JobDefinition": "${tasks.make-cog.batch.job_definition_arn}"},
        "End": True,
    }
    machine = json.dumps({"StartAt": "Work", "States": {"Work": task}}, indent=2)
    bare.write("workflows/child/state-machine.json", machine)
    bare.write("payloads/1.json", payload("child"))
    ran = cli("local", bare.root)
    assert ran.status == 2
    assert "state-machine.json, line 4, has the task 'Work'" in ran.err
    assert "functions/NAME.py" in ran.err


@pytest.mark.parametrize(("go_on", "status"), [(True, "SUCCEEDED"), (False, "FAILED")])
def test_a_workflow_shaped_like_cirrus_geos(
    cli: CommandLine, bare: Folder, go_on: bool, status: str
) -> None:
    """A template with the definition as a text, a payload beside it; either value of a switch."""
    lines = json.dumps(SWITCH, indent=2).splitlines()
    bare.write(
        "state_machine.yaml",
        "Parameters:\n  ResourcePrefix:\n    Type: String\n"
        "Resources:\n  SmallestWorkflowStateMachine:\n    Type: AWS::StepFunctions::StateMachine\n"
        "    Properties:\n      StateMachineName: !Sub '${ResourcePrefix}-smallest'\n"
        "      RoleArn: !GetAtt Role.Arn\n      DefinitionString: |\n"
        + "".join(f"        {line}\n" for line in lines),
    )
    body = {
        "id": "collection/workflow-smallest/item",
        "type": "FeatureCollection",
        "features": [],
        "process": [{"workflow": "smallest", "go_on": go_on}],
    }
    bare.write("payload.json", body)
    ran = cli("local", bare.root, "--json")
    assert ran.status == 0, ran.err
    (execution,) = ran.json["executions"]
    assert (execution["workflow"], execution["status"]) == ("smallest", status)
    assert execution["payload_id"] == body["id"]
    assert execution["record"]["state"] == status
    assert execution["error"] == (None if go_on else "SwitchIsOff")


def test_what_the_cdk_makes(cli: CommandLine, bare: Folder) -> None:
    """Joined pieces; logical ids with eight digits; a function and a queue by reference."""
    parent = json.dumps(PARENT).split("${process_queue_url}")
    child = json.dumps(CHILD).split('"${prefix}-work"')
    stack = {
        "Resources": {
            "ParentStateMachine0A1B2C3D": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {
                    "DefinitionString": {
                        "Fn::Join": ["", [parent[0], {"Ref": "ProcessQueue9F8E7D6C"}, parent[1]]],
                    },
                },
            },
            "ChildE1F2A3B4": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {
                    "StateMachineName": "cirrus-local-child",
                    "DefinitionString": {
                        "Fn::Join": [
                            "",
                            [child[0], '"', {"Fn::GetAtt": ["Work01", "Arn"]}, '"', child[1]],
                        ],
                    },
                },
            },
            "Work01": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "work"}},
        },
    }
    bare.write("cdk.out/Stack.template.json", stack)
    bare.write("functions/work.py", ECHO)
    bare.write("payloads/1.json", payload())
    ran = cli("local", bare.root, "--json")
    assert ran.status == 0, ran.err
    assert {each["status"] for each in ran.json["executions"]} == {"SUCCEEDED"}
    assert by_workflow(ran)["child"]["output"]["ran"] == "work"


def test_sam_with_substitutions(cli: CommandLine, bare: Folder) -> None:
    """The definition in a file of its own, filled in by the template."""
    bare.write(
        "template.yaml",
        "Resources:\n  Parent:\n    Type: AWS::Serverless::StateMachine\n    Properties:\n"
        "      DefinitionUri: statemachine/parent.asl.json\n"
        "      DefinitionSubstitutions:\n        process_queue_url: !Ref CirrusProcessQueue\n"
        "  Child:\n    Type: AWS::Serverless::StateMachine\n    Properties:\n"
        "      Definition:\n        StartAt: Done\n"
        "        States:\n          Done: {Type: Succeed}\n",
    )
    bare.write("statemachine/parent.asl.json", PARENT)
    bare.write("payloads/1.json", payload())
    ran = cli("local", bare.root, "--json")
    assert ran.status == 0, ran.err
    assert {name: each["status"] for name, each in by_workflow(ran).items()} == {
        "parent": "SUCCEEDED",
        "child": "SUCCEEDED",
    }


def test_the_folders_own_settings(cli: CommandLine, bare: Folder) -> None:
    """vars, workflows, queue and payloads need not be typed; the command's own outrank them."""
    bare.write(
        ".cirrus-callbacks.toml",
        'queue = "InputOfCirrus"\npayloads = "tests/data"\n'
        '[vars]\n"tasks.make-cog.lambda.function_arn" = '
        '"arn:aws:lambda:us-west-2:123456789012:function:mine"\n'
        '[workflows]\nparent = "infra/t.json#P"\nchild = "infra/child.json"\n',
    )
    text = json.dumps(PARENT).replace("${process_queue_url}", "${InputOfCirrus}")
    kind = "AWS::StepFunctions::StateMachine"
    bare.write("infra/t.json", template(kind, "P", DefinitionString=text))
    bare.write("infra/child.json", TASK)
    bare.write("functions/mine.py", ECHO)
    bare.write("tests/data/1.json", payload())
    ran = cli("local", bare.root, "--json")
    assert ran.status == 0, ran.err
    assert by_workflow(ran)["child"]["output"]["ran"] == "mine"


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        (".cirrus-callbacks.toml", "vars = [", "is not valid TOML"),
        (".cirrus-callbacks.toml", "var = {}", "unknown setting 'var'"),
        (".cirrus-callbacks.toml", "queue = 7", "'queue', which must be a text"),
        (".cirrus-callbacks.toml", "[vars]\na = [1]", "vars.a, which must be a text"),
        (".cirrus-callbacks.toml", '[workflows]\nx = "gone.json"', "gone.json"),
        ("pyproject.toml", "[tool]\ncirrus-callbacks = 1", "make it a table"),
        ("pyproject.toml", '[tool.cirrus-callbacks]\nqueues = "x"', "unknown setting 'queues'"),
    ],
)
def test_wrong_settings_are_told(
    cli: CommandLine, folder: Folder, name: str, text: str, told: str
) -> None:
    """The file, the setting, and what it must be; nothing is started."""
    folder.write(name, text)
    ran = cli("local", folder.root)
    assert (ran.status, ran.out) == (2, "")
    assert told in ran.err
    assert "Traceback" not in ran.err


def test_a_payload_by_reference(cli: CommandLine, folder: Folder) -> None:
    """The object is in the folder; its id is in the report though the input is a reference."""
    folder.write("objects/my-bucket/in/parent.json", payload())
    folder.write("payloads/1.json", {"url": "s3://my-bucket/in/parent.json"})
    ran = cli("local", folder.root, "--json")
    assert ran.status == 0, ran.err
    ids = {name: each["payload_id"] for name, each in by_workflow(ran).items()}
    assert ids["parent"] == f"sentinel-2-l2a/workflow-parent/{ITEM}"


def test_a_payload_over_cirruss_limit_reaches_its_workflow_by_reference(
    cli: CommandLine, folder: Folder, tmp_path: Path
) -> None:
    """Cirrus itself puts it into S3; its id is told, and --keep keeps what S3 held."""
    body = payload("child")
    body["features"][0]["properties"]["much"] = "\u00fc" * 60_000
    folder.write("payloads/1.json", body)
    folder.write("workflows/child.asl.json", SWITCH)
    ran = cli("local", folder.root, "--json", "--keep", tmp_path / "kept")
    execution = by_workflow(ran)["child"]
    assert set(execution["input"]) == {"url"}
    assert execution["payload_id"] == f"sentinel-2-l2a/workflow-child/{ITEM}"
    kept = [path for path in (tmp_path / "kept").rglob("*") if path.is_file()]
    assert any("much" in path.read_text() for path in kept)


def test_only_some_payloads(cli: CommandLine, folder: Folder) -> None:
    """By file name or id; an unknown one is an error that names the others."""
    folder.write("payloads/2.json", payload("child", "S2A_39QUA_20230628_0_L2A"))
    ran = cli("local", folder.root, "--json", "--only", "2.json")
    assert [each["workflow"] for each in ran.json["executions"]] == ["child"]
    ran = cli("local", folder.root, "--only", "3.json")
    assert ran.status == 2
    assert "no payload '3.json': one of 1.json, 2.json" in ran.err


def test_why_an_execution_failed_is_told(cli: CommandLine, folder: Folder) -> None:
    """Error and cause stand in the timeline and in the table."""
    bad = SWITCH["States"]["Bad"]  # type: ignore[index]
    folder.write("workflows/child.asl.json", {"StartAt": "Bad", "States": {"Bad": bad}})
    ran = cli("local", folder.root)
    assert ran.status == 0, ran.err
    timeline, _, tables = ran.out.partition("Executions")
    assert f"child/{ITEM} FAILED with SwitchIsOff: go_on was not true" in timeline
    assert "SwitchIsOff: go_on was not true" in tables
    assert "graph LR" not in ran.out


def test_a_stuck_record_is_no_success(cli: CommandLine, folder: Folder) -> None:
    """A parent whose output is not a payload: cirrus never records its end."""
    wait = {**PARENT["States"]["Wait"]}  # type: ignore[index]
    del wait["ResultPath"]
    folder.write("workflows/parent.asl.json", {"StartAt": "Wait", "States": {"Wait": wait}})
    ran = cli("local", folder.root, "--json")
    assert ran.status == 1
    execution = by_workflow(ran)["parent"]
    assert (execution["status"], execution["record"]["state"]) == ("SUCCEEDED", "PROCESSING")
    assert execution["is_stuck"]
    assert "cirrus's record says PROCESSING" in ran.err


def test_a_child_that_never_had_a_run_shows_no_state(cli: CommandLine, folder: Folder) -> None:
    """Its flag is off: nothing is known of a state."""
    ran = cli("local", folder.root, "--json", "--workflows", "")
    (callback,) = ran.json["callbacks"]
    assert callback["answer_error"] == "CirrusCallback.NotEnabled"


def test_two_files_of_one_workflow(cli: CommandLine, folder: Folder) -> None:
    """Both are named: neither is preferred in silence."""
    folder.write("workflows/child/state-machine.json", SWITCH)
    ran = cli("local", folder.root)
    assert ran.status == 2
    assert "child.asl.json" in ran.err
    assert "child/state-machine.json" in ran.err


def test_a_template_that_cannot_be_read_whole(cli: CommandLine, bare: Folder) -> None:
    """The resource and the reason."""
    bare.write("template.json", template("AWS::Serverless::StateMachine", DefinitionUri="no.json"))
    bare.write("payloads/1.json", payload())
    ran = cli("local", bare.root)
    assert ran.status == 2
    assert "Resources.MosaicStateMachine" in ran.err
    assert "no.json, cannot be read" in ran.err
