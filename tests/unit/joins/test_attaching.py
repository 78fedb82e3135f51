"""Attached members: a wait for each, settled where the payload has ended."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from cirrus_callbacks_plugin.cirrus.state_table import StateKey, StateTable
from cirrus_callbacks_plugin.joins.attaching import Attacher
from cirrus_callbacks_plugin.joins.members import Attached
from cirrus_callbacks_plugin.naming import MemberToken
from cirrus_callbacks_plugin.waits.row import shard
from simulation.fake_aws.dynamodb import Table
from support.joins_in_memory import AT_NOON, JOIN_ID, JoinsInMemory
from support.table_in_memory import NAME, TableInMemory

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.joins.rows import Join

PAYLOADS = "s3://payloads/cirrus"
RUN = "arn:aws:states:us-west-2:123456789012:execution:w:run-1"
ID = "scenes/workflow-child/0"
MEMBER = MemberToken(JOIN_ID, 0)


class States:
    """Cirrus's state table.

    Attributes:
        client: what is called.
    """

    def __init__(self) -> None:
        self.client = TableInMemory(Table(("collections_workflow", "itemids")))
        self.table = StateTable(self.client, NAME)  # type: ignore[arg-type]

    def say(self, payload_id: str, state: str, *runs: str, error: str | None = None) -> None:
        """Have a record there."""
        key = StateKey.of(payload_id)
        assert key is not None
        item: dict[str, Any] = {**key.to_item(), "state_updated": {"S": f"{state}_{AT_NOON}"}}
        if runs:
            item["executions"] = {"L": [{"S": run} for run in runs]}
        if error:
            item["last_error"] = {"S": error}
        self.client.put(item)


@pytest.fixture
def states() -> States:
    """One without a record."""
    return States()


def attach(
    there: JoinsInMemory,
    states: States,
    *ids: str,
    payloads_url: str | None = PAYLOADS,
    **facts: Any,
) -> Join:
    """Attach payloads to a join whose wait holds these facts."""
    join = there.open(total=9)
    join = replace(join, wait=replace(join.wait, **{"cirrus_version": "2.0.0", **facts}))
    members = [(MemberToken(JOIN_ID, index), Attached(each)) for index, each in enumerate(ids)]
    there.client.calls.clear()
    Attacher(there.table, states.table, payloads_url).attach(join, members)
    return join


def test_a_payload_that_has_not_ended_is_waited_for(
    there: JoinsInMemory, states: States, caplog: pytest.LogCaptureFixture
) -> None:
    """As by an ordinary wait; then the member has arrived."""
    caplog.set_level(logging.INFO)
    states.say(ID, "PROCESSING", RUN)
    who = {"waiter_payload_id": "c/workflow-p/i", "waiter_execution_arn": "arn:p"}
    attach(there, states, ID, **who)
    assert there.wait_row(0) == {
        "payload_id": ID,
        "task_token": MEMBER.text,
        "workflow": "child",
        "workflow_state": "PROCESSING",
        "registered_at": AT_NOON,
        "waiting": shard(MEMBER.text),
        "attached": True,
        "cirrus_version": "2.0.0",
        **who,
    }
    member = there.member_row(0)
    assert member is not None
    assert member["member_payload_id"] == ID
    assert [name for name, _ in there.client.calls] == ["PutItem", "PutItem"]
    (line,) = [json.loads(each.message) for each in caplog.records]
    assert (line["callback"], line["settled"]) == ("registered", False)


def test_a_payload_that_has_ended_is_settled_with_its_first_write(
    there: JoinsInMemory, states: States
) -> None:
    """Its record is read once, consistently, however many members."""
    states.say(ID, "SUCCEEDED", RUN)
    other = "scenes/workflow-child/1"
    states.say(other, "FAILED", "arn:other", error="it broke")
    attach(there, states, ID, other)
    row = there.wait_row(0)
    assert (row["settled_at"], row["workflow_state"]) == (AT_NOON, "SUCCEEDED")
    assert row["execution_arn"] == RUN
    assert row["output_payload_url"] == f"{PAYLOADS}/executions/{ID}/run-1/output.json"
    row = there.wait_row(1)
    assert (row["settled_at"], row["error"]) == (AT_NOON, "it broke")
    assert [name for name, _ in states.client.calls] == ["BatchGetItem"]
    assert [name for name, _ in there.client.calls] == ["PutItem"] * 4


@pytest.mark.parametrize(("version", "payloads_url"), [("1.3.0", PAYLOADS), ("2.0.0", None)])
def test_an_output_has_a_url_where_cirrus_says_so(
    there: JoinsInMemory, states: States, version: str, payloads_url: str | None
) -> None:
    """Older ones have none; nor has one whose place is not told."""
    states.say(ID, "COMPLETED", RUN)
    attach(there, states, ID, payloads_url=payloads_url, cirrus_version=version)
    assert there.wait_row(0)["settled_at"] == AT_NOON
    assert "output_payload_url" not in there.wait_row(0)


@pytest.mark.parametrize(
    ("state", "runs", "is_settled"),
    [
        ("FAILED", (RUN,), True),
        ("FAILED", (RUN, "arn:another"), False),  # an older one may have written it
        ("ABORTED", (), False),
        ("SUCCEEDED", (RUN, "arn:another"), True),  # is never run again
        ("INVALID", (), True),
        ("PROCESSING", (RUN,), False),
    ],
)
def test_a_record_alone_decides_where_it_can(
    there: JoinsInMemory, states: States, state: str, runs: tuple[str, ...], is_settled: bool
) -> None:
    """Else the last run does, later."""
    states.say(ID, state, *runs)
    attach(there, states, ID)
    assert ("settled_at" in there.wait_row(0)) is is_settled


def test_a_payload_may_end_while_its_wait_is_put(
    there: JoinsInMemory, states: States, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody else would settle it: it is read again."""
    caplog.set_level(logging.INFO)
    other = "scenes/workflow-child/1"
    states.say(other, "PROCESSING", "arn:other")

    def end(*_: Any) -> None:
        states.say(ID, "SUCCEEDED", RUN)

    there.client.refuses = end
    attach(there, states, ID, other)
    row = there.wait_row(0)
    assert (row["settled_at"], row["execution_arn"]) == (AT_NOON, RUN)
    assert "settled_at" not in there.wait_row(1)
    assert [name for name, _ in states.client.calls] == ["BatchGetItem"] * 2
    last = json.loads(caplog.records[-1].message)
    assert (last["callback"], last["workflow_state"]) == ("settled", "SUCCEEDED")


def test_what_somebody_settled_meanwhile_stays(
    there: JoinsInMemory, states: States, caplog: pytest.LogCaptureFixture
) -> None:
    """And is not said to be this one's doing."""
    caplog.set_level(logging.INFO)

    def end(operation: str, _: Any) -> str | None:
        states.say(ID, "SUCCEEDED", RUN)
        return "ConditionalCheckFailedException" if operation == "UpdateItem" else None

    there.client.refuses = end
    attach(there, states, ID)
    steps = [json.loads(each.message)["callback"] for each in caplog.records]
    assert steps == ["registered"]


@pytest.mark.parametrize("attribute", ["settled_at", "answered_at"])
def test_a_wait_that_is_open_no_more_is_left(
    there: JoinsInMemory, states: States, attribute: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A chunk that comes twice meets what became of the first; nothing is read again."""
    caplog.set_level(logging.INFO)
    _, wait = there.wait(0)
    there.client.put(replace(wait, **{"settled_at": None, attribute: AT_NOON}).to_item())
    attach(there, states, ID)
    assert [name for name, _ in states.client.calls] == ["BatchGetItem"]
    assert json.loads(caplog.records[0].message)["callback"] == "registered before"


def test_a_join_that_waits_for_its_own_waiter_waits_in_vain(
    there: JoinsInMemory, states: States
) -> None:
    """It is told at once, told of by its id or by the run that its record lists."""
    attach(there, states, ID, waiter_payload_id=ID)
    assert there.wait_row(0)["answer_error"] == "CirrusCallback.DependencyCycle"
    there.client.table.items.clear()
    states.say(ID, "PROCESSING", RUN)
    attach(there, states, ID, waiter_execution_arn=RUN)
    assert there.wait_row(0)["answer_error"] == "CirrusCallback.DependencyCycle"


def test_a_payload_of_no_record_is_waited_for(there: JoinsInMemory, states: States) -> None:
    """Somebody will start it; its workflow is named by its id, where that names one."""
    nameless = "scenes/workflow-/1"
    attach(there, states, ID, nameless)
    assert "settled_at" not in there.wait_row(0)
    row = there.client.row(nameless, MemberToken(JOIN_ID, 1).text)
    assert row is not None
    assert row["workflow"] == "unknown"


@pytest.mark.parametrize("operation", ["PutItem", "UpdateItem"])
def test_what_was_not_attached_is_met_by_the_caller(
    there: JoinsInMemory, states: States, operation: str
) -> None:
    """The chunk is attached again as a whole."""

    def refuse(asked: str, _: Any) -> str | None:
        states.say(ID, "SUCCEEDED", RUN)
        return "AccessDeniedException" if asked == operation else None

    there.client.refuses = refuse
    with pytest.raises(ClientError, match="AccessDenied"):
        attach(there, states, ID, "scenes/workflow-child/1")


def test_what_makes_no_key_has_no_record(there: JoinsInMemory, states: States) -> None:
    """An id of an older list, say: it is waited for, and its join's deadline ends it."""
    attach(there, states, "no-workflow")
    row = there.client.row("no-workflow", MEMBER.text)
    assert row is not None
    assert "settled_at" not in row
