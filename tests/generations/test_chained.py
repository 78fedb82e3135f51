"""Chained workflows: a token belongs to the first link."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from support.cirrus_world import World, payload, payload_id
from support.generation import COMPLETED

if TYPE_CHECKING:
    from support.aws_calls import AwsCalls

NEXT = {"workflow": "mosaic", "upload_options": {"path_template": "/x"}, "tasks": {}}


def test_a_token_does_not_reach_the_next_link(world: World, aws: AwsCalls) -> None:
    """The first link's end resumes the waiter; what is sent on holds no token."""
    world.add_workflow("mosaic")
    token = world.start_parent()
    chain = payload(callback={"task_token": token})
    chain["process"].append({**NEXT, "callback": {"task_token": "of-nobody-yet"}})
    world.deliver((chain, None))
    (run,) = world.runs(payload_id())
    given = json.loads(world.describe(run)["input"])
    assert [entry["workflow"] for entry in given["process"]] == ["sentinel-2-cog", "mosaic"]
    assert "callback" not in json.dumps(given)
    world.end(run)
    world.update_state(run)
    world.send_answers()
    assert world.parent_of(token)["status"] == "SUCCEEDED"

    event = world.receive()
    assert event is not None
    assert token not in json.dumps(event)
    assert "of-nobody-yet" not in json.dumps(event)
    world.process(event)
    assert len(world.runs(payload_id(workflow="mosaic"))) == 1
    (row,) = World.rows(world)
    assert (row["payload_id"], row["workflow_state"]) == (payload_id(), COMPLETED)


def test_a_token_for_the_next_link_travels_with_its_own_message(world: World) -> None:
    """The one who waits for a later link sends its payload with a token of its own."""
    world.add_workflow("mosaic")
    world.deliver((payload(), "first"), (payload(workflow="mosaic"), "second"))
    rows = {row["task_token"]: row["workflow"] for row in world.rows()}
    assert rows == {"first": "sentinel-2-cog", "second": "mosaic"}
