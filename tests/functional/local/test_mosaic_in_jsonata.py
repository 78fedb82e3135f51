"""The example's parent in both query languages, in one stack: the same answers, the same mosaic."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.local.example import example_folder
from cirrus_callbacks_plugin.local.stack import StackSettings, running
from cirrus_callbacks_plugin.local.timeline import Timeline

if TYPE_CHECKING:
    from pathlib import Path

PARENTS = ("20-mosaic-three-scenes", "40-mosaic-with-a-gap")
LANGUAGES = {"mosaic": "JSONPath", "mosaic-jsonata": "JSONata"}


def _in_both_languages(folder: Path) -> None:
    """A copy of the example with nothing but two parents, each for either workflow."""
    shutil.copytree(example_folder(), folder, dirs_exist_ok=True)
    for path in sorted(folder.glob("payloads/*.json")):
        body = json.loads(path.read_text())
        path.unlink()
        for workflow in LANGUAGES if path.stem in PARENTS else ():
            body["process"][0]["workflow"] = workflow
            collection, _, name = body["id"].split("/")
            body["id"] = f"{collection}/workflow-{workflow}/{name}"
            path.with_name(f"{path.stem}-{workflow}.json").write_text(json.dumps(body))


def _of_no_language(output: dict[str, Any]) -> Any:
    """An output without what tells the two workflows apart: their names, runs of children."""
    text = json.dumps(output, sort_keys=True).replace("workflow-mosaic-jsonata", "workflow-mosaic")
    text = re.sub(r":execution:[^\"]+", ":execution:any", text)
    found = json.loads(text)
    found["process"][0]["workflow"] = "mosaic"
    return found


@pytest.mark.e2e
def test_both_forms_make_the_same_mosaic(tmp_path: Path) -> None:
    """Two parents in JSONPath and in JSONata: as many answers of each kind, equal outputs."""
    _in_both_languages(tmp_path)
    with running(tmp_path, StackSettings(), Timeline(lambda _: None, "cirrus-local")) as stack:
        for stored in stack.project.objects:
            stack.upload(stored)
        for payload in stack.project.payloads:
            stack.send(payload.body)
        assert stack.wait_until(stack.nothing_left, 240)
        report = stack.report()
        stepfunctions = stack.deployment.client("stepfunctions")
        ended = {
            each.payload_id: stepfunctions.describe_execution(executionArn=each.arn)
            for each in report.executions
            if each.payload_id is not None and "/workflow-mosaic" in each.payload_id
        }
    failed = {name: each.get("cause") for name, each in ended.items() if "output" not in each}
    assert not failed
    answers: dict[str, list[tuple[str, str]]] = {workflow: [] for workflow in LANGUAGES}
    outputs: dict[str, list[Any]] = {workflow: [] for workflow in LANGUAGES}
    for payload_id, execution in sorted(ended.items()):
        workflow = payload_id.split("/")[1].removeprefix("workflow-")
        outputs[workflow].append(_of_no_language(json.loads(execution["output"])))
        answers[workflow] += sorted(
            (wait.payload_id, str(wait.answer))
            for wait in report.waits
            if wait.waiter_payload_id == payload_id
        )
    assert len(outputs["mosaic"]) == len(PARENTS)
    assert outputs["mosaic-jsonata"] == outputs["mosaic"]
    assert set(answers["mosaic-jsonata"]) == set(answers["mosaic"])
