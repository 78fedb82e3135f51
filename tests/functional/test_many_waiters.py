"""Thousands of waiters on one payload: what does not fit goes on in the sender."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Self

from cirrus_callbacks_plugin.hooks.services import Services
from cirrus_callbacks_plugin.hooks.update_state import update_state
from cirrus_callbacks_plugin.waits.row import CONTINUE, Wait, shard
from support.cirrus_world import payload, payload_id
from support.generation import bare_handler, run_elsewhere, state_db
from support.table_rows import continuation_in

if TYPE_CHECKING:
    import pytest

    from support.aws_calls import AwsCalls
    from support.cirrus_world import World

WAITERS = 60


def register(world: World, run: str, count: int = WAITERS) -> None:
    """Rows as ``process`` would have put them while the run was in progress."""
    waits = world.waits()
    for number in range(count):
        token = f"token-{number}"
        waits.register(
            Wait(
                payload_id=payload_id(),
                task_token=token,
                workflow="sentinel-2-cog",
                registered_at=waits.now(),
                waiting=shard(token),
                seen_state="PROCESSING",
                seen_execution=run,
                cirrus_version="2.0.0",
            ),
        )


def slow_update_state(
    world: World,
    event: dict[str, Any],
    aws: AwsCalls,
    looks: int,
) -> None:
    """Deliver an event to an ``update-state`` whose time is up after some looks at the clock."""
    lambda_handler = bare_handler("update_state")
    ticks = itertools.count()

    def clock() -> float:
        # The table is so slow that every look at the clock finds a part of it gone.
        return min(next(ticks) * 7.5 / looks, 7.5)

    update_state(lambda_handler, clock=clock)(event, None)


def continuation(world: World) -> dict[str, Any] | None:
    """The ``#continue`` row, where there is one."""
    return next((row for row in world.rows() if row["task_token"] == CONTINUE), None)


def answered(world: World) -> int:
    """How many waits are answered."""
    return sum("answered_at" in row for row in world.rows())


def work_off(world: World) -> int:
    """Deliver the stream until it is empty; return how many batches that took."""
    for rounds in range(200):
        records = world.new_stream_records()
        if not records:
            return rounds
        assert world.send_answers(records) == {"batchItemFailures": []}
    raise AssertionError("the stream does not end")


def test_what_does_not_fit_goes_on_in_the_sender(world: World, aws: AwsCalls) -> None:
    """A slow table: one ``#continue`` row, all waiters answered, and nothing left of it."""
    (run,) = world.write_state("PROCESSING")
    register(world, run)
    world.new_stream_records()
    slow_update_state(world, world.event_about(run), aws, looks=3)
    settled = sum("settled_at" in row for row in world.rows())
    assert 0 < settled < WAITERS
    left = continuation(world)
    assert left is not None
    assert (left["workflow_state"], left["execution_arn"]) == ("SUCCEEDED", run)
    assert left["workflow"] == "sentinel-2-cog"
    assert "waiting" not in left
    work_off(world)
    assert answered(world) == WAITERS
    assert continuation(world) is None
    (row,) = [row for row in world.rows() if row["task_token"] == "token-0"]
    assert row["output_payload_url"].endswith("/old/output.json")


def test_the_sender_puts_it_again_when_its_own_time_is_up(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    aws: AwsCalls,
) -> None:
    """Again and again, until every waiter is answered: each round has its own time."""
    from cirrus_callbacks_plugin.lambda_functions import sender

    (run,) = world.write_state("PROCESSING")
    register(world, run)
    world.new_stream_records()
    slow_update_state(world, world.event_about(run), aws, looks=2)

    class Short:
        """In the place of a deadline: over after so many questions."""

        def __init__(self) -> None:
            self._asked = itertools.count()

        @classmethod
        def of(cls, _: object) -> Self:
            """One of an invocation's own."""
            return cls()

        def has_time_left(self) -> bool:
            """Once: for one batch of rows."""
            return next(self._asked) < 1

    monkeypatch.setattr(sender, "Deadline", Short)
    assert work_off(world) >= 3
    assert answered(world) == WAITERS
    assert continuation(world) is None


def test_a_newer_outcome_replaces_an_older_continuation(world: World) -> None:
    """The sender works off what is there now, and deletes only what it read."""
    waits = world.waits()
    (run,) = world.write_state("PROCESSING")
    register(world, run, 3)
    from cirrus_callbacks_plugin.waits.outcome import Outcome

    waits.continue_later(payload_id(), "sentinel-2-cog", Outcome("FAILED", run), "2.0.0")
    first = continuation_in(waits)
    waits.continue_later(payload_id(), "sentinel-2-cog", Outcome("SUCCEEDED", run), "2.0.0")
    assert not waits.finish(first)
    assert not waits.postpone(first)
    left = continuation(world)
    assert left is not None
    assert left["workflow_state"] == "SUCCEEDED"
    work_off(world)
    assert {row["workflow_state"] for row in world.rows()} == {"SUCCEEDED"}
    assert continuation(world) is None


def test_a_continuation_of_an_older_run_settles_nothing(world: World) -> None:
    """The same rules hold in the sender: a later run was listed meanwhile."""
    from cirrus_callbacks_plugin.waits.outcome import Outcome

    (run,) = world.write_state("PROCESSING")
    register(world, run, 3)
    world.waits().continue_later(payload_id(), "sentinel-2-cog", Outcome("FAILED", run), "2.0.0")
    state_db().set_failed(payload_id(), "it ended")
    run_elsewhere(payload_id(), world.run_arn("later"))
    work_off(world)
    assert not any("settled_at" in row for row in world.rows())
    assert continuation(world) is None


def test_a_row_whose_update_fails_for_a_while_is_settled_later(
    world: World,
    aws: AwsCalls,
) -> None:
    """A throttled update loses no row: it goes on in the sender."""
    (run,) = world.write_state("PROCESSING")
    world.deliver((payload(), "token"))
    aws.fail("UpdateItem", when=lambda call: call.table == world.names.callbacks_table, times=1)
    world.update_state(world.event_about(run))
    assert continuation(world) is not None
    work_off(world)
    assert world.row("token")["answer"] == "stale"  # moto knows no such token


def test_a_row_whose_update_is_refused_is_not_tried_for_ever(
    world: World,
    aws: AwsCalls,
) -> None:
    """What a repetition does not cure is the reconciler's; the stream comes to rest."""
    (run,) = world.write_state("PROCESSING")
    world.deliver((payload(), "token"))
    aws.fail(
        "UpdateItem",
        "ValidationException",
        when=lambda call: call.table == world.names.callbacks_table,
    )
    world.update_state(world.event_about(run))
    work_off(world)
    assert continuation(world) is None
    assert "settled_at" not in world.row("token")


def test_time_is_looked_at_on_pages_without_open_rows_too(world: World, aws: AwsCalls) -> None:
    """Thousands of answered rows in the partition: the reading ends with the time."""
    lambda_handler = bare_handler("update_state")
    (run,) = world.write_state("PROCESSING")
    pages = itertools.count()

    class EmptyPages:
        """A table whose partition never ends, with nothing open in it."""

        def open_rows(self, _: str) -> Any:
            for _page in pages:
                yield []

        def continue_later(self, *given: Any) -> None:
            self.given = given

    waits = EmptyPages()

    def services() -> Any:
        found = Services.from_env()
        return Services(waits, found.states, found.clients)  # type: ignore[arg-type]

    ticks = itertools.count()
    with aws.recording() as recording:
        update_state(lambda_handler, services=services, clock=lambda: next(ticks) / 2)(
            world.event_about(run), None
        )
    assert next(pages) < 20
    assert waits.given[0] == payload_id()
    assert recording.of("GetItem") == []


def test_a_continuation_without_waiters_is_deleted(world: World) -> None:
    """Everything was settled by somebody else: the row goes, nothing else is written."""
    from cirrus_callbacks_plugin.waits.outcome import Outcome

    world.waits().continue_later(payload_id(), "w", Outcome("FAILED", "run"), None)
    work_off(world)
    assert world.rows() == []


def test_a_continuation_that_fails_comes_again(world: World, aws: AwsCalls) -> None:
    """The sender cannot read the rows: the record is reported as failed."""
    from cirrus_callbacks_plugin.waits.outcome import Outcome

    world.waits().continue_later(payload_id(), "w", Outcome("FAILED", "run"), None)
    records = world.new_stream_records()
    aws.fail("Query", "AccessDeniedException")
    assert len(world.send_answers(records)["batchItemFailures"]) == 1
    assert continuation(world) is not None


def test_a_continuation_waits_for_the_answers_of_its_batch(world: World) -> None:
    """Answers first: working off thousands of rows must not hold back the others."""
    token = world.start_parent()
    (run,) = world.write_state("PROCESSING")
    register(world, run, 2)
    from cirrus_callbacks_plugin.waits.outcome import Outcome

    world.waits().continue_later(payload_id(), "w", Outcome("SUCCEEDED", run), None)
    world.deliver((payload("other", workflow="no-such-workflow"), token))
    world.send_answers()
    assert world.parent_of(token)["status"] == "FAILED"
    assert all("settled_at" in row for row in world.rows())
