"""Late and repeated events of runs that no longer decide."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.cirrus_world import payload, payload_id
from support.generation import PREDECESSOR, run_elsewhere

if TYPE_CHECKING:
    from support.aws_calls import AwsCalls
    from support.cirrus_world import World


def test_a_repeated_event_before_registration_settles_nothing(world: World) -> None:
    """Its rows are not there yet; the row that comes then waits for a new run."""
    (old,) = world.write_state("FAILED")
    world.update_state(world.event_about(old, "FAILED", error="E", cause="c"))
    world.deliver((payload(), "token"))
    assert len(world.runs(payload_id())) == 2
    assert "settled_at" not in world.row("token")


def test_a_repeated_event_of_a_run_that_ended_before_registration_settles_nothing(
    world: World,
    aws: AwsCalls,
) -> None:
    """Row put, cirrus not yet through: the old run's event comes again and must not answer.

    The old run is still the last one listed then, so only what the row saw tells.
    """
    (old,) = world.write_state("FAILED")
    repeated = world.event_about(old, "FAILED", error="Old", cause="c")

    def when_the_row_is_there() -> None:
        aws.just_before("UpdateItem", lambda: world.update_state(repeated))

    aws.just_before("BatchGetItem", when_the_row_is_there)
    world.deliver((payload(), "token"))
    assert "settled_at" not in world.row("token")
    new = world.runs(payload_id())[-1]
    assert new != old


@pytest.mark.parametrize("status", ["FAILED", "SUCCEEDED"])
def test_a_repeated_event_after_registration_settles_nothing(world: World, status: str) -> None:
    """Cirrus's state is overwritten by the older run; the newest run's waiter is not."""
    (old,) = world.write_state("FAILED")
    world.deliver((payload(), "token"))
    new = world.runs(payload_id())[-1]
    details = {"error": "Old", "cause": "c"} if status == "FAILED" else {}
    world.update_state(world.event_about(old, status, **details))
    assert world.state(payload_id()) == status
    assert "settled_at" not in world.row("token")
    world.end(new)
    world.update_state(new)
    row = world.row("token")
    assert (row["workflow_state"], row["execution_arn"]) == ("SUCCEEDED", new)


def test_an_event_older_than_the_seen_run_settles_nothing(world: World, aws: AwsCalls) -> None:
    """The event's run is listed before the run that the row saw end."""
    oldest, _ = world.write_state("FAILED", runs=("oldest", "old"))
    repeated = world.event_about(oldest, "SUCCEEDED")

    def when_the_row_is_there() -> None:
        aws.just_before("UpdateItem", lambda: world.update_state(repeated))

    aws.just_before("BatchGetItem", when_the_row_is_there)
    aws.fail("StartExecution", "StateMachineDoesNotExist", times=1)
    world.deliver((payload(), "token"))
    row = world.row("token")
    assert "Old" not in str(row)
    assert row.get("execution_arn") != oldest


def test_the_newest_runs_event_decides_though_an_older_ones_came_between(world: World) -> None:
    """The late event of an older run comes between the newest run's end and its event."""
    (old,) = world.write_state("FAILED")
    world.deliver((payload(), "token"))
    new = world.runs(payload_id())[-1]
    world.end(new)
    late = world.event_about(old, "FAILED", error="Old", cause="c")
    world.update_state(late)
    world.update_state(new)
    world.update_state(late)
    assert world.row("token")["workflow_state"] == "SUCCEEDED"
    assert world.state(payload_id()) == "FAILED"


def test_a_repeated_event_of_the_decisive_run_changes_nothing(world: World) -> None:
    """Settled is settled: the first event wins, whatever a repetition says."""
    (run,) = world.write_state("PROCESSING")
    world.deliver((payload(), "token"))
    world.update_state(world.event_about(run))
    row = world.row("token")
    world.update_state(world.event_about(run, "FAILED", error="Later", cause="c"))
    assert world.row("token") == row
    world.send_answers()
    answered = world.row("token")
    world.update_state(world.event_about(run))
    assert world.row("token") == answered


def test_a_run_that_is_not_listed_counts_as_the_latest(world: World) -> None:
    """On 0.x, which lists a run after its start; from 1.0 on it answers nobody."""
    world.write_state("PROCESSING")
    world.deliver((payload(), "token"))
    unlisted = world.run_arn("unlisted")
    world.update_state(world.event_about(unlisted))
    assert (world.row("token").get("execution_arn") == unlisted) is PREDECESSOR


def test_a_record_read_in_settle_is_consistent(world: World, aws: AwsCalls) -> None:
    """Reads that decide are consistent ones: an old record would hide a later run."""
    (run,) = world.write_state("PROCESSING")
    with aws.recording() as arrival:
        world.deliver((payload(), "token"))
    with aws.recording() as end:
        world.update_state(world.event_about(run))
    ours = [
        call
        for call in arrival.of("BatchGetItem")
        if call.parameters["RequestItems"][world.names.state_table].get("ConsistentRead")
    ]
    assert len(ours) == 2
    (record,) = end.of("GetItem")
    assert record.parameters["ConsistentRead"] is True
    (rows,) = end.of("Query")
    assert rows.parameters["ConsistentRead"] is True


def test_a_run_that_began_while_a_page_was_read_decides(world: World, aws: AwsCalls) -> None:
    """The record is read after the page: a run listed in between is seen."""
    (run,) = world.write_state("PROCESSING")
    world.deliver((payload(), "token"))

    def restarted() -> None:
        run_elsewhere(payload_id(), world.run_arn("new"))

    aws.just_before("GetItem", restarted)
    world.update_state(world.event_about(run, "FAILED", error="E", cause="c"))
    assert "settled_at" not in world.row("token")
