"""Everything that waits in a state machine follows the stack's clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from support.command_line import SLOW, parent, payload

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.testing.stack import CirrusStack
    from support.command_line import Folder

CHILD_ID = "sentinel-2-l2a/workflow-child/S2A_39QTA_20230628_0_L2A"


def _in_parallel(machine: dict[str, Any]) -> dict[str, Any]:
    return {
        "StartAt": "Both",
        "States": {"Both": {"Type": "Parallel", "Branches": [machine], "End": True}},
    }


def _in_map(machine: dict[str, Any]) -> dict[str, Any]:
    return {
        "StartAt": "Each",
        "States": {
            "Each": {
                "Type": "Map",
                "ItemsPath": "$.process",
                "ItemSelector": {"features.$": "$.features", "id.$": "$.id"},
                "ItemProcessor": machine,
                "End": True,
            },
        },
    }


@pytest.mark.parametrize(
    ("machine", "status", "error"),
    [
        (parent(), "FAILED", "States.Timeout"),
        (parent(TimeoutSeconds=86_400, HeartbeatSeconds=300), "FAILED", "States.Timeout"),
        ({**parent(TimeoutSeconds=86_400), "TimeoutSeconds": 900}, "TIMED_OUT", "States.Timeout"),
        (_in_parallel(parent()), "FAILED", "States.Timeout"),
        (_in_map(parent()), "FAILED", "States.Timeout"),
    ],
    ids=["task", "heartbeat", "execution", "parallel", "map"],
)
def test_a_wait_times_out_without_waiting_for_it(
    cirrus_stack: CirrusStack, folder: Folder, machine: Any, status: str, error: str
) -> None:
    """After a minute nothing has happened, after twenty the time is over."""
    folder.write("workflows/parent.asl.json", machine)
    folder.write("workflows/child.asl.json", SLOW)
    cirrus_stack.load(folder.root)
    run = cirrus_stack.start("payloads/1.json").until_waiting()
    cirrus_stack.later(minutes=1)
    assert run.status == "RUNNING"
    cirrus_stack.later(minutes=20)
    run.until_ended()
    assert (run.status, run.error) == (status, error)


def test_a_wait_state_ends_when_its_time_has_come(
    cirrus_stack: CirrusStack, folder: Folder
) -> None:
    """The child's Wait of an hour is over, and then its parent's wait is."""
    folder.write("workflows/child.asl.json", SLOW)
    folder.write("workflows/parent.asl.json", parent(TimeoutSeconds=7200))
    cirrus_stack.load(folder.root)
    run = cirrus_stack.start("payloads/1.json").until_waiting()
    child = cirrus_stack.payload(CHILD_ID)
    cirrus_stack.until(lambda: child.executions != ())
    cirrus_stack.later(hours=1)
    assert run.until_ended().status == "SUCCEEDED"


def test_a_retry_goes_on_when_its_pause_is_over(cirrus_stack: CirrusStack, folder: Folder) -> None:
    """The pause is an hour."""
    retry = {"ErrorEquals": ["CirrusCallback.Failed"], "IntervalSeconds": 3600}
    folder.write("workflows/parent.asl.json", parent(Retry=[retry]))
    cirrus_stack.load(folder.root)
    cirrus_stack.function("work").fails("Broken", times=1)
    run = cirrus_stack.start("payloads/1.json")
    cirrus_stack.until(lambda: cirrus_stack.waits(of=run).errors == ("CirrusCallback.Failed",))
    cirrus_stack.later(hours=1)
    assert run.until_ended().status == "SUCCEEDED"
    assert cirrus_stack.waits(of=run).answered == 2


def test_what_begins_after_time_has_passed_is_young(stack: CirrusStack) -> None:
    """Rows and runs follow the clock: the reconciler takes none of them for an old one."""
    stack.later(days=3)
    stack.run(payload())
    late = stack.hold("update-state", "workflow-child")
    run = stack.start(payload(item="S2A_39QUA_20230628_0_L2A"))
    stack.until(lambda: late.held == 1)
    summary = stack.later(minutes=5)
    assert (summary["settled"], summary["never_started"]) == (0, 0)
    late.release()
    assert run.until_ended().status == "SUCCEEDED"
