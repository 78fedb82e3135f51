"""Runs that cannot start, and messages that make cirrus raise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.aws_calls import aws_error
from support.cirrus_world import payload, payload_id
from support.generation import run_elsewhere

if TYPE_CHECKING:
    from support.aws_calls import AwsCalls
    from support.cirrus_world import World

MISSING = "no-such-workflow"


def test_a_workflow_without_state_machine_fails_its_waiter(world: World) -> None:
    """No run, so no event: what this invocation itself wrote is the answer."""
    token = world.start_parent()
    assert world.deliver((payload(workflow=MISSING), token)) == 0
    row = world.row(token)
    assert row["workflow_state"] == "FAILED"
    assert "StateMachineDoesNotExist" in row["error"]
    assert world.messages_left() == 0
    world.send_answers()
    assert world.parent_of(token)["error"] == "CirrusCallback.Failed"


def test_a_start_overtaken_by_another_invocation_stays_open(
    world: World,
    aws: AwsCalls,
) -> None:
    """Where another invocation listed a run meanwhile, that run decides, not our failure."""
    about = payload_id(workflow=MISSING)

    def elsewhere() -> None:
        run_elsewhere(about, world.run_arn("other", MISSING), "FAILED")

    def after_the_start() -> None:
        aws.just_before("BatchGetItem", elsewhere)

    aws.just_before("StartExecution", after_the_start)
    world.deliver((payload(workflow=MISSING), "token"))
    assert len(world.runs(about)) == 2
    assert "settled_at" not in world.row("token")


def test_a_throttled_start_raises_and_leaves_the_waiter_open(
    world: World,
    aws: AwsCalls,
) -> None:
    """Cirrus wrote FAILED and raised: the queue redelivers, the restart's end answers."""
    aws.fail("StartExecution", times=1)
    with pytest.raises(Exception, match="ThrottlingException"):
        world.deliver((payload(), "token"))
    assert world.state(payload_id()) == "FAILED"
    row = world.row("token")
    assert "settled_at" not in row
    assert "seen_state" not in row
    assert world.messages_left() == 1

    assert world.process() == 1
    run = world.runs(payload_id())[-1]
    assert world.row("token") == {**row, "execution_arn": run}  # the run that goes on by now
    world.end(run)
    world.update_state(run)
    assert world.row("token")["workflow_state"] == "SUCCEEDED"


def test_cirrus_raising_for_one_message_leaves_the_waits_of_the_others_right(
    world: World,
) -> None:
    """One unreadable message makes cirrus raise; what it processed stays waited for."""
    old = world.write_state("FAILED")
    with pytest.raises(Exception, match="One or more payloads failed"):
        world.deliver((payload(), "good"), ("not JSON", None), (payload(workflow=MISSING), "none"))
    assert world.messages_left() == 1
    assert len(world.runs(payload_id())) == len(old) + 1
    assert "settled_at" not in world.row("good")
    # Cirrus raised, so FAILED does not settle; no event will come: the reconciler's case.
    assert "settled_at" not in world.row("none")


def test_a_payload_that_completed_meanwhile_is_settled_though_cirrus_raised(
    world: World,
    aws: AwsCalls,
) -> None:
    """The seen run completed before the row was put, and cirrus raised for a neighbour."""
    (run,) = world.write_state("PROCESSING")
    aws.just_before("PutItem", lambda: world.update_state(world.event_about(run)))
    with pytest.raises(Exception, match="One or more payloads failed"):
        world.deliver((payload(), "token"), ("not JSON", None))
    assert world.row("token")["workflow_state"] == "SUCCEEDED"


def test_a_payload_that_failed_meanwhile_stays_open_when_cirrus_raised(
    world: World,
    aws: AwsCalls,
) -> None:
    """The queue redelivers and cirrus restarts what failed: its old end is not an answer."""
    (run,) = world.write_state("PROCESSING")
    failed = world.event_about(run, "FAILED", error="Boom", cause="it broke")
    aws.just_before("PutItem", lambda: world.update_state(failed))
    aws.fail("BatchGetItem", when=lambda call: "ConsistentRead" not in str(call.parameters))
    with pytest.raises(Exception, match="Error fetching items"):
        world.deliver((payload(), "token"))
    assert world.state(payload_id()) == "FAILED"
    assert "settled_at" not in world.row("token")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("not JSON", "the message cannot be read"),
        ("[]", "the payload's id"),
        ('{"process": []}', "KeyError"),
        ({**payload(), "process": []}, "process"),
        ({**payload(), "process": [{}]}, "workflow"),
        ({**payload(), "features": []}, "features"),
        ({**payload(), "id": "no-workflow-in-it"}, "Payload 'id' field must match"),
        ({**payload(), "id": 7}, "TypeError"),
        ({**payload(), "id": f"c/workflow-w/{'i' * 1025}"}, "makes no key"),
    ],
)
def test_a_payload_that_cirrus_refuses_is_told_to_its_waiter(
    world: World,
    aws: AwsCalls,
    body: object,
    text: str,
) -> None:
    """Cirrus cannot accept the payload, now or later: the waiter hears InvalidPayload."""
    token = world.start_parent()
    with pytest.raises(Exception):  # noqa: B017, PT011 - cirrus's own, whatever it is
        world.deliver((body, token))
    row = world.row(token)
    assert row["workflow_state"] == "INVALID"
    assert row["answer_error"] == "CirrusCallback.InvalidPayload"
    assert "settled_at" in row
    world.send_answers()
    assert world.parent_of(token)["error"] == "CirrusCallback.InvalidPayload"


def test_a_refused_payload_keeps_its_id_or_is_named_by_its_message(world: World) -> None:
    """``invalid:<messageId>`` stands where cirrus could not even build an id."""
    world.send("not JSON", "nameless")
    world.send({**payload(), "id": "strange"}, "named")
    event = world.receive()
    assert event is not None
    with pytest.raises(Exception, match="One or more payloads failed"):
        world.process(event)
    ids = {record["body"][:3]: record["messageId"] for record in event["Records"]}
    assert world.row("nameless")["payload_id"] == f"invalid:{ids['not']}"
    assert world.row("nameless")["workflow"] == "unknown"
    assert world.row("named")["payload_id"] == "strange"


def test_a_flag_that_is_off_does_not_hide_why_a_payload_is_invalid(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A row registered with an error of its own is sent, whatever the flag says."""
    monkeypatch.setenv("CIRRUS_CALLBACKS_WORKFLOWS", "")
    token = world.start_parent()
    with pytest.raises(Exception, match="One or more payloads failed"):
        world.deliver(("not JSON", token))
    world.send_answers()
    assert world.parent_of(token)["error"] == "CirrusCallback.InvalidPayload"


def test_a_claim_that_is_refused_is_cirruss_own_failure(world: World, aws: AwsCalls) -> None:
    """An error at the claim raises as cirrus raises it; the waiter stays open."""
    aws.fail(
        "UpdateItem",
        aws_error("ProvisionedThroughputExceededException"),
        when=lambda call: call.table == world.names.state_table,
        times=1,
    )
    with pytest.raises(Exception, match="ProvisionedThroughputExceeded"):
        world.deliver((payload(), "token"))
    assert "settled_at" not in world.row("token")
