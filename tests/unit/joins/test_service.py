"""What answers settled waits: a task's token by Step Functions, a member's by its join."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cirrus_callbacks_plugin.cirrus.state_table import StateKey, StateTable
from cirrus_callbacks_plugin.joins.members import pack, parse_list
from cirrus_callbacks_plugin.joins.overdue import Overdue, Patience, Repair
from cirrus_callbacks_plugin.joins.rows import Definition, Expansion, join_key
from cirrus_callbacks_plugin.joins.service import Batch, JoinClients, Joins, JoinSettings
from cirrus_callbacks_plugin.naming import MemberToken
from cirrus_callbacks_plugin.protocol.answer import Answer, Answerer
from cirrus_callbacks_plugin.waits.malformed import Malformed
from cirrus_callbacks_plugin.waits.row import Key, Wait
from simulation.fake_aws.dynamodb import Table
from support.joins_in_memory import AT_NOON, JOIN_ID, NOON, JoinsInMemory
from support.table_in_memory import NAME, TableInMemory

TASK = Wait("c/workflow-w/i", "token", "SUCCEEDED", registered_at=AT_NOON, settled_at=AT_NOON)
SECOND = timedelta(seconds=1)


@dataclass
class World:
    """Joins on a table in memory, and what was sent.

    Attributes:
        answers: the tokens and outputs that Step Functions took.
        objects: what was written to S3.
        messages: how many were sent.
    """

    there: JoinsInMemory = field(default_factory=JoinsInMemory)
    states: TableInMemory = field(
        default_factory=lambda: TableInMemory(Table(("collections_workflow", "itemids")))
    )
    answers: list[tuple[str, Any]] = field(default_factory=list)
    objects: list[str] = field(default_factory=list)
    messages: int = 0

    @property
    def joins(self) -> Joins:
        """What is tested."""
        client: Any = SimpleNamespace(
            send_task_success=lambda taskToken, output: self.answers.append(  # noqa: N803
                (taskToken, json.loads(output))
            )
        )
        s3 = SimpleNamespace(
            put_object=lambda **given: self.objects.append(given["Key"]),
            get_object=lambda **_: {
                "ContentLength": 2,
                "Body": io.BytesIO(b"[]"),
                "ETag": '"1"',
            },
        )
        sqs = SimpleNamespace(meta=SimpleNamespace(endpoint_url=""), send_message_batch=self._send)
        return Joins(
            Answerer(client, self.there.table.waits, 2),
            StateTable(self.states, NAME),  # type: ignore[arg-type]
            JoinClients(s3=lambda: s3, sqs=lambda: sqs),
            JoinSettings(joins_url="s3://joins/", payloads_url="s3://payloads"),
        )

    def _send(self, **given: Any) -> dict[str, Any]:
        self.messages += len(given["Entries"])
        return {}


@pytest.fixture
def world() -> World:
    """Nothing."""
    return World()


def test_members_are_read_with_their_joins(world: World) -> None:
    """In one read; a join that nobody asked for is not a row of the batch."""
    join = world.there.open(total=3)
    _, wait = world.there.wait(0)
    world.there.client.put(TASK.to_item())
    world.there.client.calls.clear()
    batch = world.joins.read([wait.key, TASK.key, Key("gone", "token")])
    assert batch == Batch({wait.key: wait, TASK.key: TASK}, {JOIN_ID: join})
    assert len(world.there.client.calls) == 1
    asked = world.joins.read([join_key(JOIN_ID)])
    assert asked == Batch({join_key(JOIN_ID): join}, {JOIN_ID: join})


def test_joins_that_were_read_are_not_read_again(world: World) -> None:
    """The others are, once; waits of tasks belong to no join."""
    join = world.there.open(total=3, sent=3)
    _, first = world.there.wait(0)
    _, second = world.there.wait(1)
    world.there.client.calls.clear()
    assert world.joins.tell([first, TASK], {JOIN_ID: join}) == ["success"]
    assert "BatchGetItem" not in [name for name, _ in world.there.client.calls]
    assert world.joins.tell([second], {}) == ["success"]
    assert "BatchGetItem" in [name for name, _ in world.there.client.calls]
    assert world.there.wait_row(1)["expiration_time"] == (NOON + timedelta(days=2)).timestamp()
    world.there.client.calls.clear()
    assert world.joins.tell([TASK], {}) == []
    assert world.there.client.calls == []


def test_what_was_read_counts(world: World) -> None:
    """A join that could not be read is not read again."""
    world.there.open(total=3, sent=3)
    _, wait = world.there.wait(0)
    broken = Malformed(join_key(JOIN_ID), "it is broken")
    (result,) = world.joins.tell([wait], {JOIN_ID: broken})
    assert isinstance(result, Exception)
    assert "it is broken" in str(result)


def test_a_task_is_answered_by_step_functions(world: World) -> None:
    """With what follows from its row, or with what is given."""
    world.there.client.put(TASK.to_item())
    assert world.joins.answer(TASK) == "success"
    assert world.joins.answer(TASK, Answer(None, '{"by": "hand"}')) == "success"
    (first, second) = world.answers
    assert first == ("token", {"payload_id": TASK.payload_id, "workflow_state": "SUCCEEDED"})
    assert second == ("token", {"by": "hand"})


def test_a_join_is_answered_with_its_members(world: World) -> None:
    """Whose list is written; with what is given, where that is."""
    join = world.there.open(total=1, sent=1, is_settled=True)
    join = replace(join, wait=replace(join.wait, workflow_state="SUCCEEDED"))
    world.there.told(0, "success")
    assert world.joins.answer(join) == "success"
    ((token, told),) = world.answers
    assert token == "the parent's token"
    assert told["members"] == [{"index": 0}]
    assert told["members_at"]["bucket"] == "joins"
    assert world.objects == [f"{JOIN_ID.removeprefix('join:')}.json"]
    assert world.joins.answer(join, Answer(None, "{}")) == "success"
    assert world.answers[1] == (token, {})


def test_many_are_answered_as_each_alone(world: World) -> None:
    """In their order, each with what is given or follows from its row; no member's among them."""
    join = world.there.open(total=0, is_settled=True)
    join = replace(join, wait=replace(join.wait, workflow_state="SUCCEEDED"))
    world.there.client.put(TASK.to_item())
    _, member = world.there.wait(0)
    answered = world.joins.answer_all(
        [(member, None), (join, None), (TASK, Answer(None, '{"by": "hand"}'))]
    )
    assert answered == ["success", "success"]
    answers = dict(world.answers)
    assert answers.keys() == {"the parent's token", "token"}
    assert answers["the parent's token"]["members"] == []
    assert answers["token"] == {"by": "hand"}


def test_a_member_is_told_to_its_join(world: World) -> None:
    """Its token reaches no Step Functions, whatever is to be sent."""
    world.there.open(total=2, sent=2)
    _, wait = world.there.wait(0)
    assert world.joins.answer(wait, Answer(None, "{}")) == "success"
    assert world.answers == []
    member = world.there.member_row(0)
    assert member is not None
    assert member["answer"] == "success"


def test_a_member_that_could_not_be_told_is_met_by_the_caller(world: World) -> None:
    """It is told again."""
    world.there.open(total=2, sent=2)
    _, wait = world.there.wait(0)
    world.there.client.refuses = lambda operation, _: (
        "AccessDeniedException" if operation == "UpdateItem" else None
    )
    with pytest.raises(ClientError, match="AccessDenied"):
        world.joins.answer(wait)


def test_an_overdue_join_is_looked_after(world: World) -> None:
    """A member of which no queue holds a message any more, here."""
    join = world.there.open(total=1, sent=1, sent_at=AT_NOON)
    patience = Patience(SECOND, SECOND, SECOND)
    overdue = Overdue(world.joins.table, world.joins.teller, patience)
    assert overdue.repair(join, NOON) == []
    repairs = overdue.repair(join, NOON + 2 * SECOND)
    assert Repair.TOLD_MISSING in repairs
    member = world.there.member_row(0)
    assert member is not None
    assert member["answer_error"] == "CirrusCallback.NeverStarted"


def test_members_are_sent_and_attached(world: World) -> None:
    """Attached ones with what cirrus's state table and the environment say."""
    join = world.there.open(queue_arn="arn:aws:sqs:us-west-2:123456789012:process")
    payload_id = "scenes/workflow-child/1"
    packed = pack(parse_list([{"url": "s3://b/k"}, payload_id]))
    world.there.client.put(Definition(join.join_id, packed, None, 7).to_item())
    key = StateKey.of(payload_id)
    assert key is not None
    record = {"state_updated": {"S": "SUCCEEDED_1"}, "executions": {"L": [{"S": "arn:run"}]}}
    world.states.put({**key.to_item(), **record})
    left = [True, True, False]
    expansion = Expansion(JOIN_ID, AT_NOON, 7)
    world.joins.expand(expansion, lambda: left.pop(0))
    assert world.messages == 1
    assert left == [False]
    row = world.there.client.row(payload_id, MemberToken(JOIN_ID, 1).text)
    assert row is not None
    assert row["output_payload_url"].startswith("s3://payloads/executions/")


def test_a_list_in_s3_is_read(world: World) -> None:
    """By the client that writes the others."""
    world.there.open()
    world.there.client.put(Definition(JOIN_ID, None, "s3://b/k", 7).to_item())
    world.joins.expand(Expansion(JOIN_ID, AT_NOON, 7), lambda: True)
    assert (world.there.join_row()["total"], world.there.join_row()["etag"]) == (0, '"1"')


def test_what_joins_need_may_be_left_out() -> None:
    """Then no list is written, and no output has a URL."""
    assert JoinSettings() == JoinSettings(joins_url=None, payloads_url=None)
