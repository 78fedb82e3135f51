"""Bad input fails a test with a sentence that says what to do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.testing.stack import NotReached
from support.command_line import SLOW, payload

if TYPE_CHECKING:
    from pathlib import Path

    from cirrus_callbacks_plugin.testing.stack import CirrusStack
    from support.command_line import Folder


def test_a_folder_must_be_there(cirrus_stack: CirrusStack) -> None:
    """The places where it was looked for are named."""
    with pytest.raises(AssertionError, match=r"nowhere is in none of .*testing, .*"):
        cirrus_stack.load("nowhere")


def test_a_folder_must_have_workflows(cirrus_stack: CirrusStack, tmp_path: Path) -> None:
    """What is to be put where is said, as by ``cirrus-callbacks local``."""
    with pytest.raises(AssertionError, match="workflows"):
        cirrus_stack.load(tmp_path)


def test_a_state_machine_must_be_one(cirrus_stack: CirrusStack, folder: Folder) -> None:
    """The file is named."""
    folder.write("workflows/child.asl.json", {"StartAt": "Nowhere", "States": {}})
    with pytest.raises(AssertionError, match=r"child\.asl\.json"):
        cirrus_stack.load(folder.root)


def test_a_folder_is_loaded_once(stack: CirrusStack, folder: Folder) -> None:
    """A second load() is a mistake."""
    with pytest.raises(AssertionError, match="one folder a test"):
        stack.load(folder.root)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"folder": None}, "what is looked for must be a path, not None"),
        ({"folder": ["."]}, "what is looked for must be a path, not list"),
        ({"environment": {"CIRRUS_CALLBACKS_GRACE_SECONDS": 3}}, r"environment\['CIRRUS_CALLBAC"),
        ({"environment": {3: "3"}}, "a name in environment must be a text, not int 3"),
        ({"variables": {"bucket": None}}, r"variables\['bucket'\] must be a text, not None"),
        ({"variables": "bucket"}, "variables must be a dict of texts, not str 'bucket'"),
        ({"workflows": ["child"]}, "workflows must be a text, not list"),
        ({"workflows": "child,nope"}, "'child,nope': nope not among those of the folder: child, p"),
    ],
)
def test_what_cannot_be_loaded_is_refused(
    cirrus_stack: CirrusStack, folder: Folder, arguments: dict[str, Any], message: str
) -> None:
    """The argument is named."""
    with pytest.raises(AssertionError, match=message):
        cirrus_stack.load(**{"folder": folder.root, **arguments})


def test_the_flag_may_be_off(cirrus_stack: CirrusStack, folder: Folder) -> None:
    """An empty text names no workflow."""
    cirrus_stack.load(folder.root, workflows="")
    parent = cirrus_stack.run("payloads/1.json")
    assert parent.error == "CirrusCallback.NotEnabled"


def test_the_timeline_does_not_go_back(cirrus_stack: CirrusStack, folder: Folder) -> None:
    """What is told while the stack is set up takes no time of the run; nobody is sent to it."""
    cirrus_stack.load(folder.root)
    cirrus_stack.run("payloads/1.json")
    lines = cirrus_stack.timeline_text().splitlines()
    seconds = [float(line.split()[0]) for line in lines]
    assert "is being set up" in lines[0]
    assert seconds == sorted(seconds)
    assert "--endpoint-url" not in cirrus_stack.timeline_text()


@pytest.mark.parametrize("method", ["start", "run"])
def test_a_folder_is_loaded_first(cirrus_stack: CirrusStack, method: str) -> None:
    """What is to be called is said."""
    with pytest.raises(AssertionError, match=r"call cirrus_stack\.load\(FOLDER\) first"):
        getattr(cirrus_stack, method)(payload())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            {"type": "FeatureCollection", "features": []},
            "a payload: cirrus refuses the payload: .*features",
        ),
        ({**payload(), "process": []}, "a payload: cirrus refuses the payload"),
        ({**payload(), "extra": {1, 2}}, "a payload is not JSON: "),
        (
            payload(workflow="unknown"),
            "is for the workflow 'unknown', which is not one of child, pa",
        ),
        ({**payload(), "extra": float("nan")}, "a payload is not JSON: .*nan"),
        (payload(workflow=["child"]), r"a payload: process\[0\]\.workflow must be a text"),
        (payload(workflow=""), "a payload: "),
        ([1], r"must be a path, not list \[1\]"),
        (None, "must be a path, not None"),
        ("payloads/nan.json", r"nan\.json is not JSON: "),
        ("payloads/2.json", r"payloads/2\.json is in none of"),
        ("payloads/list.json", r"list\.json is not a payload"),
        ("payloads/text.json", r"text\.json is not JSON"),
        ("payloads", "is not JSON"),
    ],
)
def test_a_payload_must_be_one(
    stack: CirrusStack, folder: Folder, content: Any, message: str
) -> None:
    """Cirrus's own reason is told; nothing is sent."""
    folder.write("payloads/list.json", "[]").write("payloads/text.json", "{")
    folder.write("payloads/nan.json", json.dumps({**payload(), "extra": float("nan")}))
    with pytest.raises(AssertionError, match=message):
        stack.run(content)
    assert stack.executions == ()


def test_a_run_that_does_not_end_says_what_is_open(
    cirrus_stack: CirrusStack, folder: Folder
) -> None:
    """With the timeline; so does every other thing that is waited for in vain."""
    folder.write("workflows/child.asl.json", SLOW)
    cirrus_stack.load(folder.root)
    child = cirrus_stack.payload("sentinel-2-l2a/workflow-child/S2A_39QTA_20230628_0_L2A")
    cirrus_stack.start("payloads/1.json").until_waiting()
    cirrus_stack.until(lambda: child.executions != ())
    with pytest.raises(NotReached) as caught:
        cirrus_stack.until_done(timeout=0.5)
    text = str(caught.value)
    assert text.startswith("in vain waited for the end of everything (0.5 s)\nstill open:\n")
    assert "  parent/S2A_39QTA_20230628_0_L2A is running\n" in text
    assert "  parent/S2A_39QTA_20230628_0_L2A waits for sentinel-2-l2a/workflow-child/S2A" in text
    assert "child/S2A_39QTA_20230628_0_L2A runs" in text


def test_a_child_that_never_comes_is_told_as_well(stack: CirrusStack) -> None:
    """What is held back is named."""
    late = stack.hold("process", "workflow-child")
    stack.start("payloads/1.json")
    stack.until(lambda: late.held == 1)
    with pytest.raises(NotReached, match="1 held: a delivery to process about workflow-child"):
        stack.until_done(timeout=0.5)
    with pytest.raises(NotReached, match="in vain waited for the end of everything"):
        stack.run(payload(item="S2A_39QUA_20230628_0_L2A"), timeout=0.1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda stack: stack.lose("processes"), "'processes' is not one of process, update-state"),
        (lambda stack: stack.hold("sender", times=0), "times=0: at least one delivery"),
        (lambda stack: stack.throttle("cirrus"), "'cirrus' is not one of callbacks, state"),
        (lambda stack: stack.throttle("state", calls=0), "calls=0: at least one call"),
        (lambda stack: stack.later(), r"later\(\) needs a time that passes"),
        (lambda stack: stack.later(hours="2"), "hours must be a number, not str '2'"),
        (lambda stack: stack.later(days=float("inf")), "days must be a number, not float inf"),
        (lambda stack: stack.lose(["process"]), r"the function must be a text, not list"),
        (lambda stack: stack.lose("process", 3), "a payload's id must be a text, not int 3"),
        (lambda stack: stack.lose("process", times="2"), "times must be a whole number, not str"),
        (lambda stack: stack.throttle(["state"]), "the table must be a text, not list"),
        (lambda stack: stack.throttle("state", calls=0.5), "calls must be a whole number"),
        (lambda stack: stack.upload(3), "the part of a key must be a text, not int 3"),
        (lambda stack: stack.waits(of=3), "a payload's id must be a text, not int 3"),
        (lambda stack: stack.payload(None), "a payload's id must be a text, not None"),
        (lambda stack: stack.record(["id"]), "a payload's id must be a text, not list"),
        (lambda stack: stack.until("done"), "the condition must be a function, not str 'done'"),
        (lambda stack: stack.until_done("60"), "timeout must be a number, not str '60'"),
        (lambda stack: stack.function(3), "the function's name must be a text, not int 3"),
        (lambda stack: stack.function("work").fails(LookupError), "name must be a text, not type"),
        (lambda stack: stack.function("work").fails("X", 3), "the cause must be a text, not int"),
        (lambda stack: stack.function("work").fails("X", times=0), "at least one call must be"),
        (lambda stack: stack.function("work").returns({1}), "what a function returns is not JSON"),
        (lambda stack: stack.function("work").returns({}, times=-1), "times=-1: at least one call"),
        (lambda stack: stack.function("work").calls("abc"), "must be a function, not str 'abc'"),
        (lambda stack: stack.function("work").calls(dict, times="1"), "must be a whole number"),
        (lambda stack: stack.upload("B42"), "no object of the folder has a key with B42"),
        (
            lambda stack: stack.payload("nothing").status,
            "nothing has no execution yet\n",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(stack: CirrusStack, call: Any, message: str) -> None:
    """The choices are named."""
    with pytest.raises(AssertionError, match=message):
        call(stack)
