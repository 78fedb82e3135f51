"""Bad input fails a test with a sentence that says what to do."""

from __future__ import annotations

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
