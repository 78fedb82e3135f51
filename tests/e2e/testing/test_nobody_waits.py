"""Nobody waits for nothing: cycles of waits are told, parents of a mended child go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.testing.stack import PREFIX
from support.command_line import CHILD, SLOW, parent, payload

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.testing.stack import CirrusStack
    from support.command_line import CommandLine, Folder

CYCLE = "CirrusCallback.DependencyCycle"
CHILD_ID = "sentinel-2-l2a/workflow-child/S2A_39QTA_20230628_0_L2A"


def waiting_for(workflow: str, **fields: Any) -> dict[str, Any]:
    """A parent of another workflow's payload with its own items; waits for a day."""
    machine = parent(TimeoutSeconds=86_400, **fields)
    body = machine["States"]["Wait"]["Parameters"]["MessageBody"]
    body["process"][0]["workflow"] = workflow
    return machine


@pytest.fixture
def cycle(cirrus_stack: CirrusStack, folder: Folder) -> CirrusStack:
    """An egg waits for a hen, the hen for the egg; others wait for themselves."""
    folder.write("workflows/egg.asl.json", waiting_for("hen"))
    folder.write("workflows/hen.asl.json", waiting_for("egg"))
    folder.write("workflows/self.asl.json", waiting_for("self"))
    return cirrus_stack


def test_a_cycle_of_two_is_told_within_one_pass(cycle: CirrusStack, folder: Folder) -> None:
    """After the grace period: the youngest wait is told, fails, and the other one learns that."""
    cycle.load(folder.root, environment={"CIRRUS_CALLBACKS_CYCLES": "true"})
    egg = cycle.start(payload("egg"))
    cycle.until(lambda: cycle.waits().open == 2, "both waits")
    assert cycle.later(minutes=10)["cycles"] == 0, "it is younger than the grace period"
    assert cycle.later(minutes=6)["cycles_told"] == 1
    cycle.until_done()
    hen = cycle.payload("sentinel-2-l2a/workflow-hen/S2A_39QTA_20230628_0_L2A")
    assert (hen.status, hen.error) == ("FAILED", CYCLE)
    way = f"{egg.payload_id} waits for {hen.payload_id}"
    assert way in (hen.cause or "") or way[::-1] in (hen.cause or "")
    assert (egg.status, egg.error) == ("FAILED", "CirrusCallback.Failed")


def test_a_cycle_is_shown_where_it_is_not_told(
    cycle: CirrusStack, folder: Folder, cli: CommandLine
) -> None:
    """By the pass and by ``waits``; both go on waiting."""
    cycle.load(folder.root)
    cycle.start(payload("egg"))
    cycle.until(lambda: cycle.waits().open == 2, "both waits")
    summary = cycle.later(minutes=16)
    assert (summary["cycles"], summary["cycles_told"]) == (1, 0)
    ran = cli("waits", "--json", *options(cycle))
    assert {each["reason"]["code"] for each in ran.json["waits"]} == {"in-cycle"}
    assert cycle.waits().open == 2


def test_a_parent_that_waits_for_itself_is_refused_at_once(
    cycle: CirrusStack, folder: Folder
) -> None:
    """Without a pass of the reconciler."""
    cycle.load(folder.root)
    run = cycle.run(payload("self"))
    assert (run.status, run.error) == ("FAILED", CYCLE)


def options(stack: CirrusStack) -> tuple[str, ...]:
    """What names the stack's deployment on a command line."""
    url = stack.client("s3").meta.endpoint_url
    return ("--prefix", PREFIX, "--region", "us-west-2", "--endpoint-url", url)


PARENTS = ("first", "second", "third")


@pytest.fixture
def family(cirrus_stack: CirrusStack, folder: Folder) -> CirrusStack:
    """Three parents of one child, which fails; two grandparents, of which one catches."""
    for name in PARENTS:
        folder.write(f"workflows/{name}.asl.json", waiting_for("child"))
    folder.write("workflows/top.asl.json", waiting_for("first"))
    catching = waiting_for("second", Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Give up"}])
    catching["States"]["Give up"] = {"Type": "Fail", "Error": "GaveUp"}
    folder.write("workflows/caught.asl.json", catching)
    folder.write("workflows/child.asl.json", CHILD)
    stack = cirrus_stack.load(folder.root)
    stack.function("work").fails("Broken")
    for name in ("top", "caught", "third"):
        stack.run(payload(name))
    assert {each.status for each in stack.executions} == {"FAILED"}
    return stack


def test_parents_of_a_mended_child_go_on(family: CirrusStack, cli: CommandLine) -> None:
    """Over two levels, with one command; who caught the error is left, with the reason."""
    cli_options = options(family)
    refused = cli("redrive", CHILD_ID, "--yes", *cli_options)
    assert refused.status == 1
    unknown = cli("redrive", "c/workflow-child/nobody", "--yes", *cli_options)
    assert unknown.status == 1
    assert "The state table does not know c/workflow-child/nobody." in unknown.out
    assert "is FAILED: its parents can go on once it has succeeded" in refused.out
    family.function("work").calls(lambda event: event)
    family.run(payload("child"))
    ran = cli("redrive", CHILD_ID, "--all-levels", "--yes", "--reason", "mended", *cli_options)
    assert "it caught the error and ended in Fail" in ran.out
    about = "sentinel-2-l2a/workflow-{}/S2A_39QTA_20230628_0_L2A"
    runs = {name: family.payload(about.format(name)) for name in (*PARENTS, "top")}
    family.until(
        lambda: {run.status for run in runs.values()} == {"SUCCEEDED"}, "the parents' success"
    )
    family.until_done()
    assert all(len(run.executions) == 1 for run in runs.values()), "no payload was run again"
    assert {run.record.state for run in runs.values() if run.record} == {"SUCCEEDED"}
    assert ran.status == 1, "not all of them could be redriven"
    histories = [entry for wait in family.waits(on=CHILD_ID) for entry in wait.history]
    assert [entry["action"] for entry in histories].count("redrive") >= 3
    again = cli("redrive", CHILD_ID, "--yes", "--json", *cli_options)
    assert again.status == 1
    (level,) = again.json["levels"]
    assert {each["why_not"] for each in level} == {"its execution is SUCCEEDED"}
    assert again.json["done"] == []


def test_an_abandoned_child_is_stopped_by_hand_alone(
    cirrus_stack: CirrusStack, folder: Folder, cli: CommandLine
) -> None:
    """Not while somebody else waits; then its execution is stopped, and cirrus knows it."""
    folder.write("workflows/first.asl.json", waiting_for("child"))
    folder.write("workflows/second.asl.json", waiting_for("child"))
    folder.write("workflows/child.asl.json", SLOW)
    stack = cirrus_stack.load(folder.root)
    for name in ("first", "second"):
        stack.start(payload(name))
    stack.until(lambda: stack.waits().open == 2, "both waits")
    child = stack.payload(CHILD_ID)
    stack.until(lambda: bool(child.executions), "the child")
    one = stack.waits()[0].key.name
    cancel = ("cancel", CHILD_ID, "--yes", "--stop-child", *options(stack))
    ran = cli(*cancel, "--wait", one)
    assert (ran.status, child.status) == (1, "RUNNING")
    assert "1 wait(s) for it are still open" in ran.out
    ran = cli(*cancel, "--reason", "scene withdrawn")
    assert ran.status == 0, ran.out + ran.err
    stack.until(lambda: child.status == "ABORTED", "the child's end")
    stack.until(lambda: getattr(child.record, "state", None) == "ABORTED", "cirrus's record")
    again = cli(*cancel)
    assert again.status == 1
    assert "its run is ABORTED" in again.out


def test_a_cycle_through_a_join_is_told(cirrus_stack: CirrusStack, folder: Folder) -> None:
    """A member that waits for its join's waiter has failed, and with it the join."""
    folder.write("workflows/hen.asl.json", waiting_for("egg"))
    joining = waiting_for("hen")
    message = joining["States"]["Wait"]["Parameters"]
    message["MessageBody"] = {"join": {"members": [payload("hen")]}}
    folder.write("workflows/egg.asl.json", joining)
    stack = cirrus_stack.load(folder.root, environment={"CIRRUS_CALLBACKS_CYCLES": "true"})
    hen = stack.start(payload("hen"))
    egg = stack.payload("sentinel-2-l2a/workflow-egg/S2A_39QTA_20230628_0_L2A")
    stack.until(lambda: len(stack.waits(on=hen)) == 1, "the member's wait")
    assert stack.later(minutes=16)["cycles_told"] == 1
    stack.until_done()
    assert (egg.status, egg.error) == ("FAILED", "CirrusCallback.JoinFailed")
    assert CYCLE in (egg.cause or "")
    assert (hen.status, hen.error) == ("FAILED", "CirrusCallback.Failed")
