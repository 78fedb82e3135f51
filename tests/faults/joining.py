"""A parent that waits for a join, and the ways on which joins make their calls."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.carriers.tokens import Callback
from cirrus_callbacks_plugin.joins.opening import opening_of
from cirrus_callbacks_plugin.joins.rows import join_id_of, join_key
from cirrus_callbacks_plugin.joins.table import JoinsTable
from cirrus_callbacks_plugin.naming import MemberToken
from cirrus_callbacks_plugin.waits.outcome import Outcome
from cirrus_callbacks_plugin.waits.row import Key, Wait, shard, timestamp
from cirrus_callbacks_plugin.waits.table import utc_now
from faults.cell import OF_BATCHES, Scenario
from faults.fault import Fault
from faults.trial import Trial
from faults.world import LATE, Waiting
from support.cirrus_world import Context, payload, payload_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from faults.wire import Made
    from faults.world import Deployed

JOIN_FAILED = "CirrusCallback.JoinFailed"
INVALID_PAYLOAD = "CirrusCallback.InvalidPayload"
VERSION = "2.0.0"
RUN = "arn:aws:states:us-west-2:123456789012:execution:fd-test-cirrus-sentinel-2-cog:run"
"""Of a payload that has ended: nobody asks Step Functions for it."""


@dataclass
class Joining(Waiting):
    """A parent that waits for a join; its first member is the payload ``child``."""

    @property
    def about(self) -> str:
        """The join's id."""
        return join_id_of(self.token)

    @functools.cached_property
    def key(self) -> Key:
        """The row's key."""
        return join_key(self.about)

    @property
    def table(self) -> JoinsTable:
        """The joins' rows."""
        return JoinsTable(self.world.waits())

    def request(self, *members: Any, **more: Any) -> dict[str, Any]:
        """A join request; of the payload alone, unless members are given."""
        listed = list(members) or [payload(self.item, self.workflow)]
        return {"join": {**({} if "members_url" in more else {"members": listed}), **more}}

    def ended(self, state: str = "SUCCEEDED") -> str:
        """A payload that somebody else ran, and that has ended; its id."""
        about = payload_id(self.deployed.new_item(), self.workflow)
        self.record(state, RUN, about=about)
        return about

    def open(self, *members: Any, **more: Any) -> None:
        """Put the join's rows as the process hook does."""
        opening = opening_of(
            self.request(*members, **more),
            Callback(self.token),
            table=self.table,
            queue_arn=self.world.names.process_queue_arn,
            cirrus_version=VERSION,
        )
        opening.put(self.table, lambda call: call())

    def sent(self, total: int = 1, *, has_arrived: bool = True) -> None:
        """Go on as the sender and the hook do, up to members' waits that are open."""
        join = self.table.joins([self.about])[self.about]
        begun = self.table.begin(join, total, None)  # type: ignore[arg-type]
        assert begun is not None
        assert self.table.advance(begun, total) is not None
        expansion = self.table.expansion(self.about)
        assert expansion is not None
        self.table.waits.finish(expansion)
        if has_arrived:
            member = MemberToken(self.about, 0)
            row = Wait(
                self.child,
                member.text,
                workflow=self.workflow,
                registered_at=timestamp(utc_now()),
                waiting=shard(member.text),
                cirrus_version=VERSION,
            )
            self.world.waits().register(row)
            self.table.arrive(member, self.child)

    def end_member(self, state: str = "SUCCEEDED") -> None:
        """Settle the first member's wait as update-state does."""
        key = Key.of(self.child, MemberToken(self.about, 0).text)
        self.world.waits().settle(key, Outcome(state, RUN, None))


def _sent(deployed: Deployed, *, has_arrived: bool = True, **asked: Any) -> Joining:
    """A join whose members have been sent."""
    waiting = Joining(deployed)
    waiting.open(**asked)
    waiting.sent(has_arrived=has_arrived)
    return waiting


# --- process -------------------------------------------------------------------------


def asked_for(deployed: Deployed) -> Trial:
    """A request, and a neighbour without a token, in one batch."""
    waiting = Joining(deployed)
    plain = deployed.new_item()
    deployed.world.send(waiting.request(), waiting.token)
    deployed.world.send(payload(plain))
    return Trial(deployed, waiting, payload_id(plain), is_queue_empty=False)


def member_arrives(deployed: Deployed) -> Trial:
    """A member's message, and a neighbour without a token, in one batch."""
    waiting = _sent(deployed, has_arrived=False)
    plain = deployed.new_item()
    member = MemberToken(waiting.about, 0)
    deployed.world.send(payload(waiting.item, waiting.workflow), member.text)
    deployed.world.send(payload(plain))
    deployed.new_records()
    return Trial(deployed, waiting, payload_id(plain), is_queue_empty=False)


def member_is_a_join(deployed: Deployed) -> Trial:
    """A member's message that asks for a join: it is refused, and the member has failed."""
    waiting = _sent(deployed, has_arrived=False)
    member = MemberToken(waiting.about, 0)
    deployed.world.send(waiting.request(waiting.ended()), member.text)
    deployed.new_records()
    return Trial(deployed, waiting, is_queue_empty=False)


def joining_member(deployed: Deployed) -> Trial:
    """The row of such a member, which is to be told to its join."""
    trial = member_is_a_join(deployed)
    trial.queue()
    return trial


def joining_member_lost(deployed: Deployed) -> Trial:
    """The same, but its stream record never came."""
    trial = joining_member(deployed)
    deployed.new_records()
    return trial


# --- sender ----------------------------------------------------------------------------


def listed(deployed: Deployed) -> Trial:
    """A list in S3: one payload, one that has ended, and one that ends while it is attached."""
    waiting = Joining(deployed)
    meanwhile = payload_id(deployed.new_item(), waiting.workflow)
    members = [payload(waiting.item, waiting.workflow), waiting.ended(), meanwhile]
    bucket, key = deployed.world.names.payload_bucket, f"{waiting.item}.json"
    deployed.world.s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(members).encode())
    waiting.open(members_url=f"s3://{bucket}/{key}")

    def standing(made: Made) -> None:
        if "JoinsTable.arrive" in made.call.step:
            waiting.record("SUCCEEDED", RUN, about=meanwhile)

    deployed.wire.standing = standing
    return Trial(deployed, waiting)


def refused_batch(deployed: Deployed) -> Trial:
    """Members that SQS takes one by one alone."""
    waiting = Joining(deployed)
    waiting.open()

    def standing(made: Made) -> Fault | None:
        return Fault.DENIED if made.call.operation == "SendMessageBatch" else None

    deployed.wire.standing = standing
    return Trial(deployed, waiting)


def opened(deployed: Deployed) -> Trial:
    """A join of a payload that has ended, the rows just put."""
    waiting = Joining(deployed)
    waiting.open(waiting.ended())
    return Trial(deployed, waiting)


def without_time(trial: Trial) -> None:
    """The stream's records come to a sender whose time is as good as over."""
    trial.records_delivered(Context(0.0))


def member_ended(deployed: Deployed, state: str = "SUCCEEDED") -> Trial:
    """A member's wait that has been settled."""
    waiting = _sent(deployed)
    waiting.record(state, RUN)
    deployed.new_records()
    waiting.end_member(state)
    return Trial(deployed, waiting)


def member_failed(deployed: Deployed) -> Trial:
    """The same, of a member that failed."""
    return member_ended(deployed, "FAILED")


def certain(deployed: Deployed) -> Trial:
    """A join that has been settled, and a list to be written."""
    trial = member_ended(deployed)
    trial.records()
    return trial


# --- reconciler ------------------------------------------------------------------------


def member_lost(deployed: Deployed) -> Trial:
    """A settled member's wait whose stream record never came."""
    trial = member_ended(deployed)
    deployed.new_records()
    return trial


def answer_lost(deployed: Deployed) -> Trial:
    """A settled join whose stream record never came."""
    trial = certain(deployed)
    deployed.new_records()
    return trial


def past_deadline(deployed: Deployed) -> Trial:
    """A join whose deadline passes before its member has ended."""
    waiting = _sent(deployed, deadline_seconds=60)
    deployed.new_records()
    return Trial(deployed, waiting)


def expansion_lost(deployed: Deployed) -> Trial:
    """A join whose stream record never came: nothing was sent."""
    trial = opened(deployed)
    deployed.new_records()
    return trial


def message_lost(deployed: Deployed) -> Trial:
    """A join whose member's message no queue keeps any more."""
    waiting = _sent(deployed, has_arrived=False)
    deployed.new_records()
    return Trial(deployed, waiting, passes_at=LATE)


def never_ran(deployed: Deployed) -> Trial:
    """A member that has arrived, and of which no run came."""
    waiting = _sent(deployed)
    deployed.new_records()
    return Trial(deployed, waiting, passes_at=LATE)


JOINS_URL = {"CIRRUS_CALLBACKS_JOINS_URL": "s3://fd-test-cirrus-payloads/joins/"}
SHORT_QUEUE = {"CIRRUS_CALLBACKS_QUEUE_SECONDS": "60"}


def _pass(
    name: str,
    prepare: Callable[[Deployed], Trial],
    told: str = "success",
    environment: dict[str, str] | None = None,
) -> Scenario:
    return Scenario(
        name,
        "reconciler",
        prepare,
        Trial.schedule,
        frozenset({told}),
        environment=environment or {},
        again=Trial.schedule,
    )


SCENARIOS = (
    Scenario("a join is asked for", "process", asked_for, Trial.queue),
    Scenario("a join's member arrives", "process", member_arrives, Trial.queue),
    Scenario(
        "a join's member asks for a join",
        "process",
        member_is_a_join,
        Trial.queue,
        frozenset({JOIN_FAILED}),
    ),
    Scenario(
        "a join's members are sent and attached",
        "sender",
        listed,
        Trial.records,
        frozenset({"success", INVALID_PAYLOAD}),
    ),
    Scenario("members that SQS takes one by one", "sender", refused_batch, Trial.records),
    Scenario("and no time left to send members", "sender", opened, without_time),
    Scenario("a join's member has ended", "sender", member_ended, Trial.records),
    Scenario(
        "many members of a join have ended",
        "sender",
        member_ended,
        Trial.records,
        faults=OF_BATCHES,
        batches=True,
    ),
    Scenario(
        "a join's member asked for a join",
        "sender",
        joining_member,
        Trial.records,
        frozenset({JOIN_FAILED}),
    ),
    Scenario("a join is answered", "sender", certain, Trial.records, environment=JOINS_URL),
    _pass("a member's stream record was lost", member_lost),
    replace(
        _pass("many members' stream records were lost", member_lost),
        faults=OF_BATCHES,
        batches=True,
    ),
    _pass("a join's stream record was lost", answer_lost, environment=JOINS_URL),
    _pass("a join's deadline has passed", past_deadline, JOIN_FAILED),
    _pass("a join's members were not sent", expansion_lost),
    _pass("a join's member asked for a join", joining_member_lost, JOIN_FAILED),
    _pass("a member's message was lost", message_lost, JOIN_FAILED, SHORT_QUEUE),
    _pass("a member never ran", never_ran, JOIN_FAILED),
)
