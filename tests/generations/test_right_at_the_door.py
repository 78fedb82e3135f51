"""Whose record it is, which run answers, what is told: with every cirrus's own handlers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.cirrus.installed import adapter
from cirrus_callbacks_plugin.local.moto_corrections.corrected import corrected
from cirrus_callbacks_plugin.protocol.answer import answer_of
from cirrus_callbacks_plugin.waits.row import Wait
from support.cirrus_world import payload, payload_id
from support.generation import COMPLETED, GENERATION, PREDECESSOR, state_db, write_state
from support.later import GRACE, REDELIVERY, Later

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.cirrus_world import World

CHILD = "sentinel-2-cog"


@pytest.fixture
def later(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Later]:
    """Passes of the reconciler."""
    del world
    with corrected():
        yield Later(monkeypatch)


def about(given_id: str, **process: Any) -> dict[str, Any]:
    """The usual payload under an id of one's own."""
    return {**payload(**process), "id": given_id}


# --- whose record it is ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_id", "is_read_back"),
    [
        (payload_id(), True),
        ("a_b/workflow-c/i", True),
        ("a/workflow-b_c/i", False),
        ("a/workflow-b/i/workflow-1", False),
        ("a/workflow-b/i/j", True),
    ],
)
def test_an_id_survives_the_way_to_its_key_or_not(
    world: World,
    given_id: str,
    *,
    is_read_back: bool,
) -> None:
    """Cirrus reads ids back from keys: split at the last underscore, without what followed."""
    del world
    assert adapter().reads_back(given_id) is is_read_back


def test_what_cirrus_runs_again_is_not_answered_with_another_payloads_run(world: World) -> None:
    """Two ids share a record's key: the one that cirrus does not read back is run."""
    mine = f"{payload_id()}/workflow-1"
    write_state(payload_id(), COMPLETED, (world.run_arn("of-the-other"),))
    world.deliver((about(mine), "token"))
    row = world.row("token")
    assert (row["workflow_state"], "settled_at" in row) == ("PROCESSING", False)
    assert {"seen_state", "seen_execution"} & set(row) == set()
    run = world.runs(mine)[-1]
    assert json.loads(world.describe(run)["input"])["id"] == mine
    world.end(run, error="Broken")
    world.update_state(run)
    row = world.row("token")
    assert (row["workflow_state"], row["execution_arn"]) == ("FAILED", run)


def test_a_workflow_with_an_underscore_waits_for_its_new_run(world: World) -> None:
    """Every repeat is run again by 0.x; where none comes of it, the row waits."""
    world.add_workflow("with_underscore")
    mine = payload_id(workflow="with_underscore")
    for token in ("first", "second"):
        world.deliver((payload(workflow="with_underscore"), token))
        row = world.row(token)
        assert "settled_at" not in row
        run = world.runs(mine)[-1]
        if token == "first" or PREDECESSOR:
            world.end(run)
            world.update_state(run)
            row = world.row(token)
            assert (row["workflow_state"], row["execution_arn"]) == (COMPLETED, run)
    assert (len(set(world.runs(mine))) == 2) == PREDECESSOR


def test_another_payloads_run_is_no_outcome_for_the_reconciler(world: World, later: Later) -> None:
    """Declined, since another payload under its key was in progress: no run came of it."""
    mine = f"{payload_id()}/workflow-1"
    world.deliver((payload(), None))
    (run,) = world.runs(payload_id())
    world.deliver((about(mine), "token"))
    world.end(run)
    world.update_state(run)
    later(REDELIVERY + 200)
    assert world.row("token")["answer_error"] == "CirrusCallback.NeverStarted"


def test_a_throttled_table_settles_nothing_before_cirrus_is_through(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Cirrus drops UnprocessedKeys and runs a completed payload: that run is waited for."""
    from botocore.client import BaseClient

    original = BaseClient._make_api_call
    left = {True: 1, False: 1}  # by whether the read is ours, which is consistent

    def throttled(client: BaseClient, operation: str, parameters: dict[str, Any]) -> Any:
        wanted = parameters.get("RequestItems", {}).get(world.names.state_table)
        is_ours = bool(wanted and wanted.get("ConsistentRead"))
        if operation != "BatchGetItem" or wanted is None or not left[is_ours]:
            return original(client, operation, parameters)
        left[is_ours] -= 1
        table = world.names.state_table
        return {"Responses": {table: []}, "UnprocessedKeys": {table: wanted}}

    (old,) = [world.run_arn("old")]
    write_state(payload_id(), COMPLETED, (old,))
    monkeypatch.setattr(BaseClient, "_make_api_call", throttled)
    world.deliver((payload(), "token"))
    assert "settled_at" not in world.row("token")
    run = world.runs(payload_id())[-1]
    assert run != old
    world.end(run, error="Broken")
    world.update_state(run)
    assert world.row("token")["execution_arn"] == run


def test_a_throttled_table_settles_what_cirrus_left_alone(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only our own read was throttled: settled once cirrus is through, not by the reconciler."""
    from botocore.client import BaseClient

    original = BaseClient._make_api_call
    left = [1]

    def throttled(client: BaseClient, operation: str, parameters: dict[str, Any]) -> Any:
        wanted = parameters.get("RequestItems", {}).get(world.names.state_table)
        if (
            operation != "BatchGetItem"
            or not wanted
            or not wanted.get("ConsistentRead")
            or not left
        ):
            return original(client, operation, parameters)
        left.pop()
        table = world.names.state_table
        return {"Responses": {table: []}, "UnprocessedKeys": {table: wanted}}

    old = world.run_arn("old")
    write_state(payload_id(), COMPLETED, (old,))
    monkeypatch.setattr(BaseClient, "_make_api_call", throttled)
    world.deliver((payload(), "token"))
    row = world.row("token")
    assert (row["workflow_state"], row["execution_arn"]) == (COMPLETED, old)


# --- which run answers -----------------------------------------------------------------


def test_a_run_that_cirrus_did_not_list(world: World) -> None:
    """From 1.0 on it answers nobody; 0.x lists a run after its start: there it may be the one."""
    world.deliver((payload(), "token"))
    (listed,) = world.runs(payload_id())
    unlisted = world.run_arn("by-hand")
    world.update_state(world.event_about(unlisted, "FAILED", error="Broken", cause="x"))
    row = world.row("token")
    if PREDECESSOR:
        assert (row["workflow_state"], row["execution_arn"]) == ("FAILED", unlisted)
        return
    assert "settled_at" not in row
    world.end(listed)
    world.update_state(listed)
    row = world.row("token")
    assert (row["workflow_state"], row["execution_arn"]) == (COMPLETED, listed)


def test_a_success_of_one_of_several_runs_names_none(world: World) -> None:
    """Redriven beside its replacement, say: nothing in the record says which one ended."""
    write_state(payload_id(), COMPLETED, (world.run_arn("redriven"), world.run_arn("goes-on")))
    world.deliver((payload(), "token"))
    row = world.row("token")
    assert (row["workflow_state"], "settled_at" in row) == (COMPLETED, True)
    assert {"execution_arn", "output_payload_url"} & set(row) == set()


def test_a_record_that_is_deleted_while_its_run_goes_on(world: World, later: Later) -> None:
    """The row knows its run: no NeverStarted, and its end is told."""
    world.deliver((payload(), "token"))
    (run,) = world.runs(payload_id())
    state_db().delete_item(payload_id())
    later(REDELIVERY + 60)
    row = world.row("token")
    assert ("settled_at" in row, row["execution_arn"]) == (False, run)
    world.end(run)
    later(REDELIVERY + 200)
    row = world.row("token")
    assert (row["workflow_state"], row["execution_arn"]) == (COMPLETED, run)


def test_a_late_event_of_a_run_whose_record_was_deleted(world: World) -> None:
    """It had stopped before the message came: the run that comes of the message answers."""
    old = world.run_to_end(error="Broken")
    late = world.event_of(old)
    state_db().delete_item(payload_id())
    waits = world.waits()
    waits.register(
        Wait(payload_id(), "token", registered_at=waits.now(), cirrus_version=adapter().version),
    )
    world.update_state(late)
    assert "settled_at" not in world.row("token")


# --- what is judged, and told ------------------------------------------------------------


def test_the_workflow_is_the_one_that_runs(world: World) -> None:
    """The flag is judged by ``process[0].workflow``; the key follows from the id."""
    world.deliver((about("c/workflow-elsewhere/i", workflow=CHILD), "token"))
    row = world.row("token")
    assert (row["workflow"], row["payload_id"]) == (CHILD, "c/workflow-elsewhere/i")
    assert len(world.runs("c/workflow-elsewhere/i")) == 1


@pytest.mark.parametrize("state", ["FAILED", "ABORTED"])
def test_cirrus_reads_why_a_parent_died(world: World, state: str) -> None:
    """The cause of an uncaught answer becomes the error text of the parent's own record."""
    told = answer_of(Wait("c/workflow-w/i", "t", workflow_state=state))
    world.deliver((payload(), "token"))
    (run,) = world.runs(payload_id())
    token = world.token_of(run)
    world.sfn.send_task_failure(taskToken=token, error=told.error or "", cause=told.body)
    world.wait_ended(run)
    with corrected():
        event = world.event_of(run, error=told.error, cause=told.body)
        world.update_state(event)
    record = world.record(payload_id())
    assert record is not None
    assert json.loads(told.body)["error"] in record["last_error"]
    assert json.loads(told.body)["error"] in world.row("token")["error"]


def test_an_outputs_url_after_a_repair_is_cirruss_own(
    world: World,
    later: Later,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By the rule of cirrus 2, where the reconciler is told the bucket; older ones have none."""
    monkeypatch.setenv("CIRRUS_CALLBACKS_PAYLOADS_URL", f"s3://{world.names.payload_bucket}/cirrus")
    world.deliver((payload(), "token"))
    (run,) = world.runs(payload_id())
    world.end(run)
    later((REDELIVERY if PREDECESSOR else GRACE) + 60)
    row = world.row("token")
    assert row["workflow_state"] == COMPLETED
    url = adapter().output_url(payload_id(), run)
    assert (url is not None) is GENERATION.has_output_url
    assert row.get("output_payload_url") == url


# --- neighbours --------------------------------------------------------------------------


def test_a_missing_object_takes_no_neighbour_along(world: World) -> None:
    """Its waiter is told; the others run at once, and nothing comes back."""
    world.send({"url": f"s3://{world.names.payload_bucket}/none.json"}, "token")
    world.send(payload("good"), None)
    world.send(payload("waited-for"), "other")
    world.process()
    assert world.row("token")["answer_error"] == "CirrusCallback.InvalidPayload"
    assert [len(world.runs(payload_id(item))) for item in ("good", "waited-for")] == [1, 1]
    assert world.messages_left() == 0


def test_by_itself_it_goes_to_cirrus(world: World) -> None:
    """There is nobody to spare: cirrus raises, and the queue does what it does."""
    with pytest.raises(Exception):  # noqa: B017, PT011 - cirrus's own
        world.deliver(({"url": f"s3://{world.names.payload_bucket}/none.json"}, "token"))
    assert world.row("token")["answer_error"] == "CirrusCallback.InvalidPayload"


def test_it_leaves_the_queue_where_cirrus_raises_for_another(world: World) -> None:
    """Of it nothing is left to do; the message that cirrus refuses comes back."""
    world.send({"url": f"s3://{world.names.payload_bucket}/none.json"}, "token")
    world.send("no JSON", None)
    event = world.receive()
    assert event is not None
    from cirrus_callbacks_plugin.lambda_functions.process import lambda_handler

    left = _deleted(world, event, lambda_handler)
    assert left == {event["Records"][0]["messageId"]}


def _deleted(world: World, event: dict[str, Any], handler: Any) -> set[str]:
    """Ids of the messages that are deleted while the handler raises."""
    from botocore.client import BaseClient

    by_receipt = {each["receiptHandle"]: each["messageId"] for each in event["Records"]}
    deleted: set[str] = set()
    original = BaseClient._make_api_call

    def noting(client: BaseClient, operation: str, parameters: dict[str, Any]) -> Any:
        if operation == "DeleteMessageBatch":
            deleted.update(by_receipt[each["ReceiptHandle"]] for each in parameters["Entries"])
        return original(client, operation, parameters)

    del world
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", noting)
        with pytest.raises(Exception):  # noqa: B017, PT011 - cirrus's own
            handler(event, None)
    return deleted


# --- an outcome that waits for the sender ----------------------------------------------------


def test_a_late_event_of_an_older_run_displaces_no_later_outcome(world: World) -> None:
    """``#continue`` keeps the outcome of the run that is listed later."""
    from cirrus_callbacks_plugin.waits.outcome import Outcome
    from support.table_rows import continuation_in

    older, last = world.run_arn("older"), world.run_arn("last")
    write_state(payload_id(), COMPLETED, (older, last))
    waits = world.waits()
    waits.register(
        Wait(payload_id(), "token", registered_at=waits.now(), cirrus_version=adapter().version),
    )
    waits.continue_later(payload_id(), CHILD, Outcome(COMPLETED, last), adapter().version)
    _without_time(world, world.event_about(older))
    assert continuation_in(waits).outcome.execution_arn == last
    _without_time(world, world.event_about(last))
    assert continuation_in(waits).outcome.execution_arn == last


def test_a_later_run_displaces_an_older_ones_outcome(world: World) -> None:
    """The other way round: the newer outcome decides."""
    from cirrus_callbacks_plugin.waits.outcome import Outcome
    from support.table_rows import continuation_in

    older, last = world.run_arn("older"), world.run_arn("last")
    write_state(payload_id(), COMPLETED, (older, last))
    waits = world.waits()
    waits.register(
        Wait(payload_id(), "token", registered_at=waits.now(), cirrus_version=adapter().version),
    )
    waits.continue_later(payload_id(), CHILD, Outcome("FAILED", older), adapter().version)
    _without_time(world, world.event_about(last))
    assert continuation_in(waits).outcome.execution_arn == last


def _without_time(world: World, event: dict[str, Any]) -> None:
    """An event comes to an update-state whose time is as good as over."""
    import itertools

    from cirrus_callbacks_plugin.hooks.update_state import update_state
    from support.cirrus_world import Context
    from support.generation import bare_handler

    del world
    ticks = itertools.chain([0.0], itertools.repeat(7.9))  # of ten seconds
    update_state(bare_handler("update_state"), clock=lambda: next(ticks))(event, Context(10.0))
