"""A message with a token arrives: what its payload's state at that moment means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.cirrus_world import payload, payload_id
from support.generation import VERSION, run_elsewhere

if TYPE_CHECKING:
    from support.aws_calls import AwsCalls
    from support.cirrus_world import World


def test_claimed_is_waited_for_and_its_restart_answers(world: World) -> None:
    """A payload stuck in CLAIMED is started under its listed run, whose end answers."""
    (run,) = world.write_state("CLAIMED")
    assert world.deliver((payload(), "token")) == 1
    row = world.row("token")
    assert (row["seen_state"], row["seen_execution"]) == ("CLAIMED", run)
    assert "settled_at" not in row
    assert world.runs(payload_id()) == [run]
    world.end(run)
    world.update_state(run)
    assert world.row("token")["workflow_state"] == "SUCCEEDED"


def test_processing_waits_for_the_run_in_progress(world: World) -> None:
    """A payload in progress is not started again: the run in progress answers."""
    (run,) = world.write_state("PROCESSING")
    assert world.deliver((payload(), "token")) == 0
    row = world.row("token")
    assert (row["seen_state"], row["seen_execution"]) == ("PROCESSING", run)
    assert "settled_at" not in row
    world.update_state(world.event_about(run, "FAILED", error="Boom", cause="it broke"))
    row = world.row("token")
    assert (row["workflow_state"], row["execution_arn"]) == ("FAILED", run)
    assert row["error"] == "Boom: it broke"


@pytest.mark.parametrize("state", ["SUCCEEDED", "INVALID"])
def test_what_no_cirrus_runs_again_is_settled_at_once(world: World, state: str) -> None:
    """Completed and invalid payloads are settled with the row's first write."""
    (run,) = world.write_state(state)
    assert world.deliver((payload(), "token")) == 0
    row = world.row("token")
    assert row["workflow_state"] == state
    assert row["settled_at"] == row["registered_at"]
    assert row["execution_arn"] == run
    if state == "SUCCEEDED":
        bucket = world.names.payload_bucket
        url = f"s3://{bucket}/cirrus/executions/{payload_id()}/old/output.json"
        assert row["output_payload_url"] == url
        assert "error" not in row
    else:
        assert row["error"] == "INVALID before"
        assert "output_payload_url" not in row


@pytest.mark.parametrize("state", ["FAILED", "ABORTED"])
def test_what_cirrus_restarts_is_answered_by_the_new_run(world: World, state: str) -> None:
    """Failed and aborted payloads are run again: never the old outcome, always the new."""
    (old,) = world.write_state(state)
    assert world.deliver((payload(), "token")) == 1
    row = world.row("token")
    assert (row["seen_state"], row["seen_execution"]) == (state, old)
    assert "settled_at" not in row
    new = world.runs(payload_id())[-1]
    assert new != old
    world.end(new)
    world.update_state(new)
    row = world.row("token")
    assert (row["workflow_state"], row["execution_arn"]) == ("SUCCEEDED", new)


@pytest.mark.parametrize("state", ["SUCCEEDED", "INVALID"])
def test_replace_waits_for_the_run_that_replaces(world: World, state: str) -> None:
    """``replace: true`` on a finished payload is answered by its new run alone."""
    (old,) = world.write_state(state)
    assert world.deliver((payload(replace=True), "token")) == 1
    row = world.row("token")
    assert (row["replace"], row["seen_state"], row["seen_execution"]) == (True, state, old)
    assert "settled_at" not in row
    new = world.runs(payload_id())[-1]
    world.end(new, error="Boom")
    world.update_state(new)
    row = world.row("token")
    assert (row["workflow_state"], row["execution_arn"]) == ("FAILED", new)


def test_the_row_names_workflow_version_and_waiter(world: World) -> None:
    """A row says which workflow is waited for, by whom, and under which cirrus."""
    world.send(
        payload(),
        "token",
        waiter={"payload-id": "c/workflow-mosaic/1", "execution-arn": "arn:parent"},
    )
    world.process()
    row = world.row("token")
    assert row["workflow"] == "sentinel-2-cog"
    assert row["cirrus_version"] == VERSION
    assert row["waiter_payload_id"] == "c/workflow-mosaic/1"
    assert row["waiter_execution_arn"] == "arn:parent"
    assert row["waiting"] in set("01234567")


def test_a_run_that_ends_between_two_reads_is_settled_here(world: World, aws: AwsCalls) -> None:
    """A run in progress that ends before its row was there is settled by step 3.

    Its event came before the row was put, so nobody else would settle it.
    """
    (run,) = world.write_state("PROCESSING")
    aws.just_before("PutItem", lambda: world.update_state(world.event_about(run)))
    world.deliver((payload(), "token"))
    row = world.row("token")
    assert (row["workflow_state"], row["execution_arn"]) == ("SUCCEEDED", run)
    assert row["settled_at"] > row["registered_at"]


def test_a_run_that_came_and_went_elsewhere_is_not_judged(world: World, aws: AwsCalls) -> None:
    """A record that another invocation gave a new run meanwhile is left to that run's event.

    Cirrus skips the payload here, since it is completed by then.
    """
    world.write_state("FAILED")

    def elsewhere() -> None:
        run_elsewhere(payload_id(), world.run_arn("new"), "SUCCEEDED")

    aws.just_before("PutItem", elsewhere)
    assert world.deliver((payload(), "token")) == 0
    assert "settled_at" not in world.row("token")
