"""The ways on which the product makes its calls; together they make every one of them."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.cirrus.installed import cirrus_handler
from cirrus_callbacks_plugin.hooks.update_state import update_state
from faults.cell import OF_BATCHES, Scenario
from faults.fault import Fault
from faults.trial import GONE, Trial
from faults.world import CHILD, NO_MACHINE, Waiting
from support.cirrus_world import Context, payload, payload_id

if TYPE_CHECKING:
    from faults.wire import Made
    from faults.world import Deployed

FAILED = "CirrusCallback.Failed"
NEVER_STARTED = "CirrusCallback.NeverStarted"
INVALID_PAYLOAD = "CirrusCallback.InvalidPayload"
NOT_ENABLED = "CirrusCallback.NotEnabled"


# --- process -------------------------------------------------------------------------


def _batch(deployed: Deployed, workflow: str, *, by_url: bool = False) -> Trial:
    """One message with a token, one neighbour without, in one batch."""
    waiting = Waiting(deployed, workflow)
    world = deployed.world
    body: Any = payload(waiting.item, workflow)
    if by_url:
        bucket = world.names.payload_bucket
        world.s3.put_object(Bucket=bucket, Key=waiting.item, Body=json.dumps(body).encode())
        body = {"url": f"s3://{bucket}/{waiting.item}"}
    plain = deployed.new_item()
    world.send(body, waiting.token)
    world.send(payload(plain))
    return Trial(deployed, waiting, payload_id(plain), is_queue_empty=False)


def new_payload(deployed: Deployed) -> Trial:
    """A payload behind a URL, run again."""
    return _batch(deployed, CHILD, by_url=True)


def cannot_start(deployed: Deployed) -> Trial:
    """A payload whose workflow has no state machine: cirrus fails it at once."""
    return _batch(deployed, NO_MACHINE)


def comes_back_alone(deployed: Deployed) -> Trial:
    """A payload that may not be fetched once: its message comes back, its neighbour does not."""
    trial = _batch(deployed, CHILD, by_url=True)
    left = iter([Fault.DENIED])

    def standing(made: Made) -> Fault | None:
        return next(left, None) if made.call.operation == "GetObject" else None

    deployed.wire.standing = standing
    return trial


# --- update-state ----------------------------------------------------------------------


def child_ended(deployed: Deployed) -> Trial:
    """A child that ended."""
    waiting = Waiting(deployed)
    waiting.register()
    waiting.start_run()
    return Trial(deployed, waiting)


def no_time_left(trial: Trial) -> None:
    """The event comes to an ``update-state`` whose time is as good as over."""
    ticks = itertools.chain([0.0], itertools.repeat(7.9))  # of ten seconds
    wrapped = update_state(cirrus_handler("update_state"), clock=lambda: next(ticks))
    run = trial.ended_run()
    assert run is not None
    event = trial.deployed.world.event_of(run)
    trial.event_delivered(lambda: wrapped(event, Context(10.0)))


# --- sender ----------------------------------------------------------------------------


def settled(deployed: Deployed, state: str = "SUCCEEDED") -> Trial:
    """A row that has been settled with a success."""
    waiting = Waiting(deployed)
    waiting.register()
    waiting.settle(state)
    return Trial(deployed, waiting)


def settled_with_a_failure(deployed: Deployed) -> Trial:
    """A row that has been settled with a failure."""
    return settled(deployed, "FAILED")


def waiter_gone(deployed: Deployed) -> Trial:
    """A settled row whose parent has ended meanwhile."""
    trial = settled(deployed)
    trial.waiting.give_up()
    return trial


def put_aside(deployed: Deployed) -> Trial:
    """An outcome that update-state has put aside for the sender."""
    trial = child_ended(deployed)
    no_time_left(trial)
    return trial


def sender_without_time(trial: Trial) -> None:
    """The stream's records come to a sender whose time is as good as over."""
    trial.records_delivered(Context(0.0))


# --- reconciler ------------------------------------------------------------------------


def event_lost(deployed: Deployed) -> Trial:
    """A child that ended, and whose event never came."""
    trial = child_ended(deployed)
    trial.ended_run()
    return trial


def stream_lost(deployed: Deployed, state: str = "SUCCEEDED") -> Trial:
    """A settled row whose stream record never came."""
    trial = settled(deployed, state)
    deployed.new_records()
    return trial


def stream_lost_of_a_failure(deployed: Deployed) -> Trial:
    """The same, of a child that failed."""
    return stream_lost(deployed, "FAILED")


def running(deployed: Deployed) -> Trial:
    """A child that has been claimed and whose waiter is told that it is not forgotten."""
    trial = event_lost(deployed)
    trial.passes_at = 1.0
    return trial


def running_waiter_gone(deployed: Deployed) -> Trial:
    """The same, but the waiter is gone."""
    trial = running(deployed)
    trial.waiting.give_up()
    return trial


def failures_bucket(deployed: Deployed) -> Trial:
    """A reconciler that counts what the sender could not handle."""
    return event_lost(deployed)


SUCCESS = frozenset({"success"})
NOBODY = frozenset({GONE})
HEARTBEAT = {"CIRRUS_CALLBACKS_HEARTBEAT": "true"}

SCENARIOS = (
    Scenario(
        "a payload behind a URL is run",
        "process",
        new_payload,
        Trial.queue,
        frozenset({"success", INVALID_PAYLOAD}),
    ),
    Scenario(
        "a payload whose run cannot start",
        "process",
        cannot_start,
        Trial.queue,
        frozenset({FAILED, NEVER_STARTED}),
    ),
    Scenario(
        "many payloads whose runs cannot start",
        "process",
        cannot_start,
        Trial.queue,
        frozenset({FAILED, NEVER_STARTED}),
        faults=OF_BATCHES,
        batches=True,
    ),
    Scenario("a message that comes back alone", "process", comes_back_alone, Trial.queue),
    Scenario("a child ends", "update-state", child_ended, Trial.event),
    Scenario(
        "a child of many waiters ends",
        "update-state",
        child_ended,
        Trial.event,
        faults=OF_BATCHES,
        batches=True,
    ),
    Scenario(
        "thousands of waiters, and no time left",
        "update-state",
        child_ended,
        no_time_left,
    ),
    Scenario("a success is sent", "sender", settled, Trial.records),
    Scenario(
        "a failure is sent",
        "sender",
        settled_with_a_failure,
        Trial.records,
        frozenset({FAILED}),
    ),
    Scenario(
        "many successes are sent",
        "sender",
        settled,
        Trial.records,
        faults=OF_BATCHES,
        batches=True,
    ),
    Scenario("the waiter is gone", "sender", waiter_gone, Trial.records, NOBODY),
    Scenario("the rest of the waiters is settled", "sender", put_aside, Trial.records),
    Scenario(
        "the many of the rest are settled",
        "sender",
        put_aside,
        Trial.records,
        faults=OF_BATCHES,
        batches=True,
    ),
    Scenario("and no time left for it either", "sender", put_aside, sender_without_time),
    Scenario("an event was lost", "reconciler", event_lost, Trial.schedule, again=Trial.schedule),
    Scenario(
        "a stream record was lost",
        "reconciler",
        stream_lost,
        Trial.schedule,
        again=Trial.schedule,
    ),
    Scenario(
        "a stream record was lost, of a failure",
        "reconciler",
        stream_lost_of_a_failure,
        Trial.schedule,
        frozenset({FAILED}),
        again=Trial.schedule,
    ),
    Scenario(
        "heartbeats",
        "reconciler",
        running,
        Trial.schedule,
        environment=HEARTBEAT,
        again=Trial.schedule,
    ),
    Scenario(
        "heartbeats, and the waiter is gone",
        "reconciler",
        running_waiter_gone,
        Trial.schedule,
        NOBODY,
        environment=HEARTBEAT,
        again=Trial.schedule,
    ),
    Scenario(
        "failed records are counted",
        "reconciler",
        failures_bucket,
        Trial.schedule,
        environment={"CIRRUS_CALLBACKS_FAILURES_URL": "s3://fd-test-cirrus-payloads/none/"},
        again=Trial.schedule,
    ),
)
