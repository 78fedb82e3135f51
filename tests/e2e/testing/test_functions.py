"""Lambda tasks that fail, return or call what a test says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from support.command_line import payload

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.testing.stack import CirrusStack
    from support.command_line import Folder


def test_a_function_fails_with_the_name_that_catch_sees(stack: CirrusStack) -> None:
    """The child dies of it, and the parent is told its text."""
    stack.function("work").fails("AssetMissing", "tileInfo.json")
    parent = stack.run("payloads/1.json")
    assert (parent.status, parent.error) == ("FAILED", "CirrusCallback.Failed")
    assert "AssetMissing: tileInfo.json" in (parent.cause or "")


def test_a_function_returns_a_copy(stack: CirrusStack) -> None:
    """What a workflow does with the value is not the test's."""
    told = payload("child")
    told["id"] = "sentinel-2-l2a/workflow-child/S2A_39QTA_20230628_0_L2A"
    stack.function("work").returns(told)
    assert stack.run("payloads/1.json").status == "SUCCEEDED"
    (execution,) = stack.payload(told["id"]).executions
    assert execution.output == told
    assert execution.output is not told


def test_a_function_calls_one_of_the_tests_own(stack: CirrusStack) -> None:
    """An exception fails the task by its class name; what it was called with is kept."""
    given: list[str] = []

    def work(event: dict[str, Any]) -> dict[str, Any]:
        given.append(event.pop("id"))
        raise LookupError("no such band")

    double = stack.function("work").calls(work)
    parent = stack.run("payloads/1.json")
    assert "LookupError: no such band" in (parent.cause or "")
    assert [event["id"] for event in double.events] == given


def test_what_is_said_with_times_comes_first(stack: CirrusStack) -> None:
    """Then the latest that was said without; a default is made more special by a test."""
    work = stack.function("work").fails("First")
    work.fails("Latest")
    work.fails("Once", times=1)
    for number, error in enumerate(["Once", "Latest", "Latest"]):
        parent = stack.run(payload(item=f"S2A_39QTA_2023062{number}_0_L2A"))
        assert error in (parent.cause or "")
    assert len(work.events) == 3


def test_a_functions_own_code_runs_where_nothing_is_said(
    cirrus_stack: CirrusStack, folder: Folder
) -> None:
    """After ``times`` as well; its events are kept in either case."""
    folder.write(
        "functions/work.py",
        "def lambda_handler(event, context):\n    raise RuntimeError('own code')\n",
    )
    cirrus_stack.load(folder.root)
    first = cirrus_stack.run("payloads/1.json")
    assert "RuntimeError: own code" in (first.cause or "")
    assert len(cirrus_stack.function("cirrus-test-work").events) == 1


def test_a_function_that_no_workflow_calls_is_a_mistake(stack: CirrusStack) -> None:
    """It is said when the function is named, with those that are called."""
    with pytest.raises(AssertionError, match=r"no workflow calls the function 'wrok'.*: work$"):
        stack.function("wrok")


def test_so_is_one_that_was_named_before(cirrus_stack: CirrusStack, folder: Folder) -> None:
    """Then it is said by load()."""
    cirrus_stack.function("wrok").returns({})
    with pytest.raises(AssertionError, match="no workflow calls the function 'wrok'"):
        cirrus_stack.load(folder.root)
