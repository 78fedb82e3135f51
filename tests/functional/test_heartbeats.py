"""Heartbeats of the reconciler, on the real handlers and the corrected interpreter."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from cirrus_callbacks_plugin.local.moto_corrections.corrected import corrected
from support.cirrus_world import CHILD, payload, payload_id
from support.later import REDELIVERY, Later

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.aws_calls import AwsCalls
    from support.cirrus_world import World


@pytest.fixture
def later(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Later]:
    """Passes of the reconciler on Step Functions as it refuses second answers."""
    with corrected():
        yield Later(monkeypatch)


@pytest.fixture
def beating(later: Later, monkeypatch: pytest.MonkeyPatch) -> Later:
    """Passes that send heartbeats."""
    monkeypatch.setenv("CIRRUS_CALLBACKS_HEARTBEAT", "true")
    return later


def test_every_open_row_has_a_heartbeat_from_its_first_minute_on(
    world: World,
    beating: Later,
    aws: AwsCalls,
) -> None:
    """Whatever its age; a settled row is not waited for any more, an answered one is gone."""
    tokens = [world.start_parent() for _ in range(3)]
    world.deliver(*[(payload(item), token) for item, token in zip("ab", tokens, strict=False)])
    settled = world.start_parent()
    world.write_state("SUCCEEDED")
    world.deliver((payload(), settled))
    with aws.recording() as recording:
        for seconds in (0, 100 * REDELIVERY):
            assert beating(seconds)["heartbeats"] == 2
    sent = [call.parameters["taskToken"] for call in recording.of("SendTaskHeartbeat")]
    assert sorted(sent) == sorted(tokens[:2] * 2)


def test_heartbeats_are_sent_on_demand_alone(world: World, later: Later, aws: AwsCalls) -> None:
    """Without the variable none is."""
    world.deliver((payload("a"), world.start_parent()))
    with aws.recording() as recording:
        assert later(0)["heartbeats"] == 0
    assert recording.of("SendTaskHeartbeat") == []


def test_a_waiter_that_is_gone_has_its_row_closed(
    world: World,
    beating: Later,
    aws: AwsCalls,
) -> None:
    """Its token takes no heartbeat: stale at once, not once the child ends. Others go on."""
    gone, alive = world.start_parent(), world.start_parent()
    world.deliver((payload("a"), gone), (payload("b"), alive), (payload("c"), "never-was"))
    world.sfn.send_task_failure(taskToken=gone, error="Parent.GaveUp")
    world.parent_of(gone)
    summary = beating(0)
    assert (summary["heartbeats"], summary["stale"], summary["failed"]) == (1, 2, 0)
    for token in (gone, "never-was"):
        row = world.row(token)
        assert (row["answer"], "waiting" in row) == ("stale", False)
        assert row["expiration_time"] > time.time()
    assert "answer" not in world.row(alive)
    assert beating(0)["open_waits"] == 1


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException"])
def test_a_heartbeat_that_fails_closes_nothing(
    world: World,
    beating: Later,
    aws: AwsCalls,
    code: str,
) -> None:
    """Only a token that is over is stale; the pass goes on to repair."""
    token = world.start_parent()
    world.deliver((payload("a"), token))
    world.end(world.runs(payload_id("a"))[-1])
    aws.fail("SendTaskHeartbeat", code)
    summary = beating(REDELIVERY + 60)
    assert (summary["failed"], summary["stale"], summary["settled"]) == (1, 0, 1)
    assert "answer" not in world.row(token)


def test_a_parent_notices_that_heartbeats_stop(world: World, beating: Later) -> None:
    """HeartbeatSeconds: while passes come the parent waits, longer than that; then it is told.

    States.HeartbeatTimeout resumes it where it catches that.
    """
    seconds = 3
    task = {**CHILD["States"]["Work"], "HeartbeatSeconds": seconds}  # type: ignore[index, dict-item]
    task["Catch"] = [{"ErrorEquals": ["States.HeartbeatTimeout"], "Next": "Noticed"}]
    world.add_workflow(
        "parent", {"StartAt": "Wait", "States": {"Wait": task, "Noticed": {"Type": "Succeed"}}}
    )
    token = world.start_parent()
    world.deliver((payload("a"), token))
    since = time.monotonic()
    while time.monotonic() < since + seconds * 1.3:
        assert beating(0)["heartbeats"] == 1
        time.sleep(0.2)
    # Nobody answers its token: only the Catch leads to this end.
    assert world.parent_of(token)["status"] == "SUCCEEDED"
    assert time.monotonic() > since + seconds * 1.3
    assert beating(0)["stale"] == 1
    assert world.row(token)["answer"] == "stale"
