"""The example holds to what the README teaches, whatever it is run on."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.local import asl
from cirrus_callbacks_plugin.local.deployment import Names
from cirrus_callbacks_plugin.local.project import Project

if TYPE_CHECKING:
    from types import ModuleType

EXAMPLE = Path(__file__).parents[3] / "examples" / "mosaic"
NAMES = Names("local", "us-west-2", "123456789012", "http://127.0.0.1:1")
WORKFLOWS = sorted(EXAMPLE.glob("workflows/*.asl.json"))
PAYLOADS = sorted(EXAMPLE.glob("payloads/*.json"))
TRANSIENT = {"CirrusCallback.Failed", "CirrusCallback.Aborted", "CirrusCallback.NeverStarted"}
HOPELESS = {"CirrusCallback.Invalid", "CirrusCallback.InvalidPayload", "CirrusCallback.NotEnabled"}


def _states(path: Path) -> list[asl.State]:
    name = path.name.removesuffix(".asl.json")
    definition = Project.read(EXAMPLE).workflows[name].definition(NAMES, {}, None)
    return list(asl.states(definition))


def _waiting(name: str) -> list[asl.State]:
    return [
        state
        for path in WORKFLOWS
        for state in _states(path)
        if str(state.body.get("Resource", "")).endswith(".waitForTaskToken") and state.name == name
    ]


def _waiting_tasks() -> list[asl.State]:
    """Those that wait for one scene."""
    return _waiting("WaitForScene")


def _join() -> asl.State:
    """The one that waits for all of them."""
    (state,) = _waiting("WaitForScenes")
    return state


def _errors(entries: list[dict[str, Any]]) -> list[set[str]]:
    return [set(entry["ErrorEquals"]) for entry in entries]


def test_cirrus_accepts_every_payload() -> None:
    """The installed cirrus takes each payload, and each has its state machine."""
    project = Project.read(EXAMPLE)
    assert [payload.path.name for payload in project.payloads] == [path.name for path in PAYLOADS]


def test_every_state_machine_parses() -> None:
    """The interpreter's grammar takes each of them, and nothing in them is refused."""
    project = Project.read(EXAMPLE)
    project.check_definitions(NAMES, {})
    assert len(project.definitions(NAMES, {})) == len(WORKFLOWS) == 5


def test_parents_of_one_scene_have_ids_of_their_own() -> None:
    """Two payloads with one id are one to cirrus, so every payload's id differs."""
    ids = [payload.payload_id for payload in Project.read(EXAMPLE).payloads]
    assert len(set(ids)) == len(ids)


def test_there_is_a_waiting_task() -> None:
    """The rules below are about something."""
    assert [(state.name, state.around) for state in _waiting_tasks()] == [
        ("WaitForScene", "JSONata"),
        ("WaitForScene", "JSONPath"),
    ]


@pytest.mark.parametrize("state", _waiting_tasks(), ids=lambda state: state.around)
def test_every_waiting_task_has_a_timeout(state: asl.State) -> None:
    """Without TimeoutSeconds a lost answer would keep the parent for about three years."""
    assert state.body["TimeoutSeconds"] > 0


@pytest.mark.parametrize("state", _waiting_tasks(), ids=lambda state: state.around)
def test_only_what_may_pass_is_retried(state: asl.State) -> None:
    """A retry is for what the next run may mend, never for what only people can."""
    retried = set().union(*_errors(state.body["Retry"]))
    assert retried >= TRANSIENT
    assert not retried & (HOPELESS | {"States.ALL", "States.TaskFailed", "States.Timeout"})


@pytest.mark.parametrize("state", _waiting_tasks(), ids=lambda state: state.around)
def test_catch_tells_the_outcomes_apart(state: asl.State) -> None:
    """Failed, Invalid and a timeout go three different ways."""
    ways = {name: entry["Next"] for entry in state.body["Catch"] for name in entry["ErrorEquals"]}
    outcomes = ["CirrusCallback.Failed", "CirrusCallback.Invalid", "States.Timeout"]
    assert len({ways[name] for name in outcomes}) == 3


@pytest.mark.parametrize("state", _waiting_tasks(), ids=lambda state: state.around)
def test_the_token_travels_beside_the_payload(state: asl.State) -> None:
    """Message attributes carry token and waiter; the body is the child's payload alone."""
    message = state.body.get("Arguments") or state.body["Parameters"]
    suffix = "" if state.around == "JSONata" else ".$"
    attributes = message["MessageAttributes"]
    assert {name: value[f"StringValue{suffix}"] for name, value in attributes.items()} == {
        "JSONPath": {
            "cirrus-task-token": "$$.Task.Token",
            "cirrus-waiter-payload-id": "$.waiter",
            "cirrus-waiter-execution-arn": "$$.Execution.Id",
        },
        "JSONata": {
            "cirrus-task-token": "{% $states.context.Task.Token %}",
            "cirrus-waiter-payload-id": "{% $states.input.waiter %}",
            "cirrus-waiter-execution-arn": "{% $states.context.Execution.Id %}",
        },
    }[state.around]
    assert "Token" not in json.dumps(message[f"MessageBody{suffix}"])


def test_the_join_has_a_timeout_and_no_way_to_fail_but_its_own() -> None:
    """Too few scenes end the parent: a redrive then waits again."""
    body = _join().body
    assert body["TimeoutSeconds"] > 0
    assert "Catch" not in body
    retried = set().union(*_errors(body["Retry"]))
    assert all(name.startswith("SQS.") for name in retried)  # members are not retried by it


def test_the_joins_token_travels_beside_the_request() -> None:
    """As with one child; the body is the request alone."""
    message = _join().body["Arguments"]
    assert set(message["MessageAttributes"]) == {
        "cirrus-task-token",
        "cirrus-waiter-payload-id",
        "cirrus-waiter-execution-arn",
    }
    assert set(message["MessageBody"]) == {"join"}
    assert "Token" not in json.dumps(message["MessageBody"])


def _function(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLE / "functions" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_projection_properties_follow_from_the_tile() -> None:
    """MGRS tile 39QTA is 109.8 km square on UTM zone 39's grid, from (199980, 2100000) down."""
    item = json.loads((EXAMPLE / "payloads/10-scene-39QTA.json").read_text())["features"][0]
    (info,) = EXAMPLE.glob(f"objects/**/{item['id']}/tileinfo_metadata.json")
    _function("add-projection").add_projection(item, json.loads(info.read_text()))
    assert item["properties"]["proj:code"] == "EPSG:32639"
    assert item["assets"]["blue"]["proj:transform"] == [10, 0, 199980, 0, -10, 2100000]
    assert item["assets"]["blue"]["proj:shape"] == [10980, 10980]
    assert item["assets"]["nir08"]["proj:shape"] == [5490, 5490]
    assert "proj:shape" not in item["assets"]["tileinfo_metadata"]


@pytest.mark.parametrize(
    ("href", "place"),
    [
        ("s3://bucket/a/b.json", ("bucket", "a/b.json")),
        ("https://bucket.s3.us-west-2.amazonaws.com/a/b.json", ("bucket", "a/b.json")),
        ("https://bucket.s3.amazonaws.com/a/b.json", ("bucket", "a/b.json")),
    ],
)
def test_an_asset_may_have_either_kind_of_url(href: str, place: tuple[str, str]) -> None:
    """Earth Search writes HTTPS URLs, other catalogues s3 ones."""
    assert _function("add-projection").bucket_and_key(href) == place


def test_a_footprints_area_is_that_of_its_tile() -> None:
    """A Sentinel-2 tile of 109.8 km square covers about 12,056 square kilometres."""
    ring = json.loads((EXAMPLE / "payloads/10-scene-39QTA.json").read_text())["features"][0]
    area = _function("add-area").area_km2(ring["geometry"]["coordinates"][0])
    assert area == pytest.approx(109.8**2, rel=0.01)


def test_functions_need_nothing_but_boto3() -> None:
    """What runs in Lambda's own runtime needs no layer."""
    allowed = set(sys.stdlib_module_names) | {"boto3"}
    for path in sorted(EXAMPLE.glob("functions/*.py")):
        words = [line.split() for line in path.read_text().splitlines()]
        imported = {
            line[1].partition(".")[0] for line in words if line[:1] in (["import"], ["from"])
        }
        assert imported <= allowed, path
