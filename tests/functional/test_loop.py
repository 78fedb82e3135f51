"""The whole loop, step by step: process, update-state, sender."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.cirrus_world import payload, payload_id

if TYPE_CHECKING:
    from support.cirrus_world import World


def test_a_new_payload_resumes_its_waiter(world: World) -> None:
    """A token waits open until the child's own end, then is answered success and marked."""
    token = world.start_parent()
    world.send(payload(), token)
    assert world.process() == 1
    row = world.row(token)
    assert (row["workflow_state"], row.get("settled_at")) == ("PROCESSING", None)
    assert "seen_state" not in row
    world.send_answers()
    assert "answered_at" not in world.row(token)

    (run,) = world.runs(payload_id())
    world.end(run)
    world.update_state(run)
    settled = world.row(token)
    assert (settled["workflow_state"], settled["execution_arn"]) == ("SUCCEEDED", run)
    assert world.send_answers() == {"batchItemFailures": []}
    row = world.row(token)
    assert (row["answer"], "waiting" in row) == ("success", False)
