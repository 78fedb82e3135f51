"""What a row takes from its generation."""

from __future__ import annotations

import pytest

from cirrus_callbacks_plugin.cirrus.generations import of_version
from support.cirrus_world import World, payload, payload_id
from support.generation import COMPLETED, GENERATION, VERSION


def test_a_row_spells_success_as_the_state_table_does(world: World) -> None:
    """``COMPLETED`` before cirrus 2, ``SUCCEEDED`` from 2 on; the same in the answer."""
    token = world.start_parent()
    world.run_to_end(token)
    record = world.record(payload_id())
    assert record is not None
    (row,) = World.rows(world)
    assert row["workflow_state"] == COMPLETED
    assert record["state_updated"].startswith(f"{COMPLETED}_")
    assert row["cirrus_version"] == VERSION
    assert of_version(row["cirrus_version"]) is GENERATION
    world.send_answers()
    assert f'"workflow_state": "{COMPLETED}"' in world.parent_of(token)["output"].replace(
        '":"', '": "'
    )


def test_a_completed_payload_is_settled_with_its_first_write(world: World) -> None:
    """Whichever way success is spelled, no run comes of the message."""
    (run,) = world.write_state(COMPLETED)
    world.deliver((payload(), "token"))
    (row,) = World.rows(world)
    assert (row["workflow_state"], row["execution_arn"]) == (COMPLETED, run)
    assert row["settled_at"] == row["registered_at"]
    assert ("output_payload_url" in row) is GENERATION.has_output_url


@pytest.mark.parametrize("error", sorted(GENERATION.invalid_errors))
def test_invalid_input_is_told_from_failure_by_its_name(world: World, error: str) -> None:
    """The errors that this generation stores as INVALID fail the waiter as Invalid."""
    token = world.start_parent()
    world.run_to_end(token, error=error)
    world.send_answers()
    assert world.row(token)["workflow_state"] == "INVALID"
    assert world.parent_of(token)["error"] == "CirrusCallback.Invalid"
