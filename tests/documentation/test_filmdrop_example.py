"""The FilmDrop example's parent on the local stack: real cirrus, seven items of a real size."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from support.command_line import CHILD, Folder
from support.large_items import items
from support.tried_folder import try_folder

EXAMPLE = Path(__file__).parents[2] / "examples/filmdrop"
WORKFLOWS = ("mosaic", "mosaic-jsonata")
"""The same parent in either query language."""
ITEMS = 7
STATE_LIMIT_BYTES = 262_144


def _project(root: Path, workflow: str, function: str) -> Folder:
    features = items(ITEMS)
    child = {"workflow": "sentinel-2-cog", "upload_options": {}, "tasks": {}}
    # The rest of a payload of 93 kB: what the parent's own tasks are told.
    options = {"child": child, "note": "x" * (92_700 - len(json.dumps(features)))}
    process = [{"workflow": workflow, "upload_options": {}, "tasks": {"mosaic": options}}]
    body = {"type": "FeatureCollection", "features": features, "process": process}
    folder = Folder(root)
    shutil.copytree(EXAMPLE / "workflows", root / "workflows")  # as it lies
    folder.write("workflows/sentinel-2-cog.asl.json", CHILD)
    folder.write("functions/work.py", function)
    return folder.write("payloads/parent.json", body)


def _ran(root: Path, workflow: str) -> tuple[str, dict[str, Any]]:
    """The parent's state in cirrus's own table, and its execution's output."""
    given = (root / "payloads/parent.json").read_text()
    assert 92_000 < len(given) < 94_000
    tried = try_folder(root)
    (parent,) = [key for key in tried.states if f"/workflow-{workflow}/" in key]
    (output,) = tried.outputs[workflow]
    assert len(json.dumps(output)) < STATE_LIMIT_BYTES / 2
    return tried.states[parent], output


WORKS = "def lambda_handler(event, context):\n    return event\n"
FAILS_FOR_ONE = """\
class BandMissing(Exception):
    pass


def lambda_handler(event, context):
    if event["features"][0]["id"] == "S2A_39QTA_20230603_0_L2A":
        raise BandMissing("no B02 " + "x" * 30_000)
    return event
"""


@pytest.mark.e2e
@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_the_parents_record_becomes_succeeded(tmp_path: Path, workflow: str) -> None:
    """Seven children of 12 kB each: the output is the payload and seven answers, no more.

    With each payload handed back beside its answer, EventBridge would leave the input out of
    the end's event, and cirrus would keep the parent at PROCESSING.
    """
    _project(tmp_path, workflow, WORKS)
    state, output = _ran(tmp_path, workflow)
    assert state == "SUCCEEDED"
    assert output["type"] == "FeatureCollection"
    assert output["process"][0]["workflow"] == workflow
    assert [each["workflow_state"] for each in output["answers"]] == ["SUCCEEDED"] * ITEMS
    assert set(output["answers"][0]) == {
        "payload_id",
        "workflow_state",
        "execution_arn",
        "output_payload_url",
    }


@pytest.mark.e2e
@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_a_child_that_fails_ends_nobody_elses_wait(tmp_path: Path, workflow: str) -> None:
    """Its iteration says which item and which error; the six others have their answers."""
    _project(tmp_path, workflow, FAILS_FOR_ONE)
    file = tmp_path / f"workflows/{workflow}/state-machine.json"
    machine = json.loads(file.read_text())
    wait = machine["States"]["WaitForPayloads"]["ItemProcessor"]["States"]["WaitForPayload"]
    wait["Retry"][0]["IntervalSeconds"] = 1  # instead of minutes
    wait["Retry"][0]["MaxAttempts"] = 1
    file.write_text(json.dumps(machine))
    state, output = _ran(tmp_path, workflow)
    assert state == "SUCCEEDED"
    failed = {"item": "S2A_39QTA_20230603_0_L2A", "error": "CirrusCallback.Failed"}
    assert output["answers"][2] == failed
    others = [each["workflow_state"] for each in output["answers"] if each != failed]
    assert others == ["SUCCEEDED"] * (ITEMS - 1)
