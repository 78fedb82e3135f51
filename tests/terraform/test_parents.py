"""The states that the module hands out: right in a real execution of a real payload."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.local.deployment import EVENTBRIDGE_LIMIT_BYTES
from cirrus_callbacks_plugin.local.stack import StackSettings, running
from cirrus_callbacks_plugin.local.timeline import Timeline
from support import handed_out
from support.cirrus_world import payload
from support.command_line import CommandLine, Folder

if TYPE_CHECKING:
    from pathlib import Path

    States = dict[str, dict[str, Any]]

KINDS = ("", "filmdrop_")
ONE, MANY = "filmdrop_wait_for_payload_state_json", "filmdrop_wait_for_payloads_state_json"
JOIN = "filmdrop_wait_for_members_states_json"
LANGUAGES = ("jsonpath", "jsonata")
CHILD = "sentinel-2-cog"
ANSWER = {"payload_id", "workflow_state", "execution_arn", "output_payload_url"}

# A child that fails where its payload asks for it.
WORK = {
    "StartAt": "Look",
    "States": {
        "Look": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.process[0].tasks.fail", "IsPresent": True, "Next": "Break"}
            ],
            "Default": "Done",
        },
        "Break": {"Type": "Fail", "Error": "RuntimeError", "Cause": "it broke"},
        "Done": {"Type": "Pass", "End": True},
    },
}


@pytest.fixture(scope="module")
def states(
    tmp_path_factory: pytest.TempPathFactory,
    terraform_environment: dict[str, str],
) -> States:
    """Every state that is handed out, by the output's name."""
    return handed_out.states(tmp_path_factory.mktemp("states"), terraform_environment)


def machine(name: str, handed: dict[str, Any]) -> dict[str, Any]:
    """The smallest workflow that waits with a state, or with the states of a join."""
    if name.endswith("_states_json"):
        return {"StartAt": "WaitForMembers", "States": handed}
    return {"StartAt": "Wait", "States": {"Wait": handed}}


def in_jsonata(name: str) -> str:
    """The output that holds the same in JSONata."""
    return name.replace("_state", "_jsonata_state")


def child(item: str, *, fails: bool = False, size: int = 0) -> dict[str, Any]:
    """A child's payload, its one item padded to about ``size`` bytes."""
    made = payload(item, CHILD, tasks={"fail": {}} if fails else {})
    made["features"][0]["assets"] = {
        f"asset-{number:03}": {"href": f"s3://bucket/{item}/asset-{number:03}.tif", "roles": []}
        for number in range(size // 80)
    }
    return made


@dataclass(frozen=True)
class Ran:
    """What came of a parent.

    Attributes:
        status: of its execution.
        error: of its execution.
        given: the execution's input as text.
        output: the same of its output; empty where it failed.
        record: the state in cirrus's state table.
    """

    status: str
    error: str | None
    given: str
    output: str
    record: str

    @property
    def beside(self) -> dict[str, Any]:
        """What the output holds that the input did not; the rest must be the input's."""
        given, output = json.loads(self.given), json.loads(self.output)
        assert {name: output.pop(name) for name in given} == given
        return dict(output)


WAITS: dict[str, tuple[str, dict[str, Any]]] = {
    "one": ("one", {"child": child("one")}),
    "one-fails": ("one", {"child": child("one-fails", fails=True)}),
    "many": (
        "many",
        {
            "children": [
                child("many-a"),
                child("many-b", fails=True),
                child("many-c"),
                {"no": "payload"},
            ]
        },
    ),
    "joined": ("join", {"children": [child("joined-a"), child("joined-b")]}),
    "too-few": ("join", {"children": [child("few-a"), child("few-b", fails=True)]}),
    "seven": ("many", {"children": [child(f"seven-{n}", size=14_000) for n in range(7)]}),
}
"""Parents: which state they wait with, and the parameters of their task ``wait``."""


@pytest.fixture(scope="module", params=LANGUAGES)
def ran(
    states: States,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> dict[str, Ran]:
    """Every parent, run in the local stack by the real cirrus, in either query language."""
    root = tmp_path_factory.mktemp("parents")
    folder = Folder(root).write(f"workflows/{CHILD}.asl.json", WORK)
    for workflow, jsonpath in (("one", ONE), ("many", MANY), ("join", JOIN)):
        name = in_jsonata(jsonpath) if request.param == "jsonata" else jsonpath
        text = json.dumps(machine(name, states[name]))
        text = text.replace(handed_out.FILMDROPS_QUEUE, "${process_queue_url}")
        folder.write(f"workflows/{workflow}.asl.json", text)
    for name, (workflow, wait) in WAITS.items():
        folder.write(f"payloads/{name}.json", payload(name, workflow, tasks={"wait": wait}))
    found = {}
    with running(root, StackSettings(), Timeline(lambda _: None, "cirrus-local")) as stack:
        for each in stack.project.payloads:
            stack.send(each.body)
        assert stack.wait_until(stack.nothing_left, 120)
        stepfunctions = stack.deployment.client("stepfunctions")
        for parent in stack.report().executions:
            if parent.workflow == CHILD:
                continue
            described = stepfunctions.describe_execution(executionArn=parent.arn)
            record = stack.record(str(parent.payload_id))
            assert record is not None
            found[str(parent.payload_id).rpartition("/")[2]] = Ran(
                parent.status,
                parent.error,
                described["input"],
                described.get("output", ""),
                str(record.state),
            )
    return found


def test_both_languages_and_both_kinds_are_there(states: States) -> None:
    """One child, a list, a join; JSONPath or JSONata; any Terraform or FilmDrop's templates."""
    assert set(states) == {
        f"{kind}wait_for_payload{plural}_{language}state_json"
        for kind in KINDS
        for plural in ("", "s")
        for language in ("", "jsonata_")
    } | {
        f"{kind}wait_for_members_{language}states_json"
        for kind in KINDS
        for language in ("", "jsonata_")
    }
    for name, state in states.items():
        queue = handed_out.FILMDROPS_QUEUE if name.startswith("filmdrop_") else handed_out.QUEUE
        assert json.dumps(state).count(json.dumps(queue)) == 1
        first = state.get("WaitForMembers", state)
        assert (first.get("QueryLanguage") == "JSONata") is ("jsonata" in name)


def test_the_linter_warns_of_none(
    states: States,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each passes the project's own rules, as the one state of a workflow."""
    files = []
    for name, state in states.items():
        file = tmp_path / f"{name}.json"
        file.write_text(json.dumps(machine(name, state)))
        files.append(str(file))
    ran = CommandLine(capsys)("lint", "--fail-on", "warning", *files)
    assert ran.status == 0, ran.out
    assert f"{len(states)} waits in {len(states)} files" in " ".join(ran.out.split())


def test_the_answer_is_put_beside_the_payload(ran: dict[str, Ran]) -> None:
    """The output is the payload with the answer, so cirrus records the parent's end."""
    assert set(ran["one"].beside["answer"]) == ANSWER
    assert ran["one"].record == "SUCCEEDED"


def test_a_child_that_fails_fails_the_parent(ran: dict[str, Ran]) -> None:
    """One child alone is not caught: a redrive of the parent waits for it again."""
    failed = ran["one-fails"]
    ended = (failed.status, failed.error, failed.record)
    assert ended == ("FAILED", "CirrusCallback.Failed", "FAILED")


def test_one_failing_child_leaves_no_other_wait(ran: dict[str, Ran]) -> None:
    """The others are waited for; the failed one's error stands at its place in the list."""
    first, second, third, fourth = ran["many"].beside["answers"]
    assert second == {"error": "CirrusCallback.Failed"}
    assert fourth == {"error": "CirrusCallback.InvalidPayload"}
    for answer, item in ((first, "many-a"), (third, "many-c")):
        assert set(answer) == ANSWER
        assert answer["payload_id"].endswith(f"/{item}")
    assert ran["many"].record == "SUCCEEDED"


def test_a_join_answers_once_for_all(ran: dict[str, Ran]) -> None:
    """One answer with every member in the list's order, beside the payload."""
    answer = ran["joined"].beside["answer"]
    assert [each["payload_id"].rpartition("/")[2] for each in answer["members"]] == [
        "joined-a",
        "joined-b",
    ]
    assert (answer["total"], answer["succeeded"], answer["failed"]) == (2, 2, 0)
    assert ran["joined"].record == "SUCCEEDED"


def test_a_join_of_which_too_few_succeed_tells_who_failed(ran: dict[str, Ran]) -> None:
    """The second state has the error and its cause, and the parent may go on from there."""
    answer = ran["too-few"].beside["answer"]
    assert answer["error"] == "CirrusCallback.JoinFailed"
    (failed,) = answer["cause"]["members"]
    assert failed["payload_id"].endswith("/few-b")
    assert ran["too-few"].record == "SUCCEEDED"


def test_no_payload_comes_back_beside_its_answer(ran: dict[str, Ran]) -> None:
    """Seven children of 12 kB: EventBridge's event still has input and output, both whole.

    Where it had not, cirrus's update-state would raise, and the record would stay PROCESSING.
    """
    seven = ran["seven"]
    assert len(seven.given) > 85_000
    assert len(seven.output) - len(seven.given) < 7 * 1000
    event = len(json.dumps(seven.given)) + len(json.dumps(seven.output))
    assert event <= EVENTBRIDGE_LIMIT_BYTES
    assert len(seven.beside["answers"]) == 7
    assert seven.record == "SUCCEEDED"


def test_both_languages_say_the_same(states: States) -> None:
    """What is not a reference to data is equal: errors, times, attributes, states."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key.removesuffix(".$"): plain(each)
                for key, each in value.items()
                if key.removesuffix(".$") not in _OF_ONE_LANGUAGE
            }
        if isinstance(value, list):
            return [plain(each) for each in value]
        is_reference = isinstance(value, str) and value.startswith(("$.", "$$.", "{%"))
        return "reference" if is_reference else value

    for name in (ONE, MANY, JOIN):
        renamed = json.dumps(states[in_jsonata(name)]).replace('"Arguments"', '"Parameters"')
        assert plain(json.loads(renamed.replace('"Items"', '"ItemsPath"'))) == plain(states[name])


_OF_ONE_LANGUAGE = {"QueryLanguage", "ResultPath", "OutputPath", "Output", "Parameters"}
