"""Deliveries that are lost, come twice or late; tables that refuse calls; time that passes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.testing.stack import CirrusStack

CHILD = "sentinel-2-l2a/workflow-child/S2A_39QTA_20230628_0_L2A"
PARENT = "sentinel-2-l2a/workflow-parent/S2A_39QTA_20230628_0_L2A"


def test_a_run_goes_to_the_end(stack: CirrusStack) -> None:
    """run() returns once parent and child have ended; both are there to be looked at."""
    parent = stack.run("payloads/1.json")
    assert parent.payload_id == PARENT
    assert parent.output["answer"]["workflow_state"] == "SUCCEEDED"
    assert parent.output["answer"]["execution_arn"] == stack.payload(CHILD).execution.arn
    assert (stack.waits(of=parent).answered, len(stack.waits(on=CHILD))) == (1, 1)
    assert parent.record is not None
    assert parent.record.state == "SUCCEEDED"


def test_the_same_ids_are_new_in_the_next_test(stack: CirrusStack) -> None:
    """Each test has a deployment of its own: nothing of the test before is in its tables."""
    assert len(stack.waits()) == 0
    assert stack.record(CHILD) is None
    stack.run("payloads/1.json")
    assert len(stack.payload(CHILD).executions) == 1


def test_a_lost_message_is_told_once_its_queue_gave_up(stack: CirrusStack) -> None:
    """The child's message alone is lost, though the parent's ids and texts are in it."""
    lost = stack.lose("process", CHILD)
    parent = stack.start("payloads/1.json")
    stack.until(lambda: parent.executions != () and lost.happened == 1)
    assert stack.later(minutes=20)["never_started"] == 0  # there was no registration
    assert stack.payload(CHILD).executions == ()
    assert len(stack.waits()) == 0
    stack.later(days=2)
    assert parent.until_ended().error == "States.Timeout"


def test_a_lost_end_is_repaired_by_the_reconciler(stack: CirrusStack) -> None:
    """Not before the grace period: its event may be on its way."""
    lost = stack.lose("update-state", stack.payload(CHILD))
    parent = stack.start("payloads/1.json")
    stack.until(lambda: lost.happened == 1)
    assert stack.reconcile()["settled"] == 0
    assert stack.later(minutes=16)["settled"] == 1
    assert parent.until_ended().status == "SUCCEEDED"


def test_a_lost_record_is_repaired_by_the_reconciler(stack: CirrusStack) -> None:
    """The stream's record of the settled row never comes to the sender."""
    lost = stack.lose("sender", CHILD)
    parent = stack.start("payloads/1.json")
    stack.until(lambda: lost.happened == 1)
    assert stack.later(minutes=16)["answered"] == 1
    assert parent.until_ended().status == "SUCCEEDED"


@pytest.mark.parametrize("function", ["process", "update-state", "sender"])
def test_what_comes_twice_changes_nothing(stack: CirrusStack, function: str) -> None:
    """One wait, one run, one answer."""
    twice = stack.repeat(function, CHILD)
    parent = stack.run("payloads/1.json")
    assert twice.happened == 1
    assert parent.status == "SUCCEEDED"
    assert [wait.answer for wait in stack.waits(of=parent)] == ["success"]
    assert len(stack.payload(CHILD).executions) == 1


def test_a_late_end_resumes_its_parent(stack: CirrusStack) -> None:
    """The parent waits until the end is delivered."""
    late = stack.hold("update-state", CHILD)
    parent = stack.start("payloads/1.json")
    stack.until(lambda: late.held == 1)
    assert (parent.status, stack.waits(of=parent).open) == ("RUNNING", 1)
    late.release()
    assert (late.held, parent.until_ended().status) == (0, "SUCCEEDED")


def test_a_part_of_an_id_means_every_payload_that_has_it(stack: CirrusStack) -> None:
    """The parent's and the child's message are about one item."""
    held = stack.hold("process", "S2A_39QTA", times=2)
    parent = stack.start("payloads/1.json")
    stack.until(lambda: held.held == 1)
    held.release()
    stack.until_done()
    assert parent.status == "SUCCEEDED"
    assert held.happened == 1  # nothing more is held after release()


@pytest.mark.parametrize(("table", "calls"), [("callbacks", 2), ("state", 12)])
def test_a_throttled_table_delays_and_loses_nothing(
    stack: CirrusStack, table: str, calls: int
) -> None:
    """Calls that were refused are made again, or their message or event comes again."""
    throttle = stack.throttle(table, calls=calls)
    parent = stack.run("payloads/1.json")
    assert throttle.happened == calls
    assert parent.status == "SUCCEEDED"
    assert stack.waits(of=parent).answered == 1


def test_a_table_is_throttled_until_it_is_released(stack: CirrusStack) -> None:
    """The questions of a test are answered meanwhile."""
    throttle = stack.throttle("callbacks", calls=1_000_000)
    parent = stack.start("payloads/1.json")
    stack.until(lambda: throttle.happened > 2)
    assert len(stack.waits(of=parent)) == 0
    throttle.release()
    stack.until_done()
    assert parent.status == "SUCCEEDED"
