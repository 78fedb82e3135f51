"""Every write of a joins' row is made once: what is there already, or has gone on, stays."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cirrus_callbacks_plugin.joins.rows import Definition, Expansion, Join, MemberRow, join_key
from cirrus_callbacks_plugin.joins.table import JoinsTable, joins_in
from cirrus_callbacks_plugin.naming import MemberToken
from cirrus_callbacks_plugin.waits.malformed import Malformed
from cirrus_callbacks_plugin.waits.row import Key, MalformedRowError, Wait
from cirrus_callbacks_plugin.waits.table import WaitsTable
from support.joins_in_memory import AT_NOON, JOIN_ID, NOON, JoinsInMemory

IN_400_DAYS = int(NOON.timestamp()) + 400 * 86_400
MEMBER = MemberToken(JOIN_ID, 7)
OTHER = "join:" + "f" * 32
DENIED = "AccessDeniedException"


def spoil(there: JoinsInMemory, sort_key: str, **attributes: Any) -> None:
    """Have a row there that nobody of this package wrote so."""
    there.client.put(
        {"payload_id": {"S": JOIN_ID}, "task_token": {"S": sort_key}, **attributes},
    )


# --- read -----------------------------------------------------------------------------


def test_rows_of_every_kind_are_read_consistently(there: JoinsInMemory) -> None:
    """Those that are gone are left out, and those that are read with their join alone."""
    join = there.open(total=3)
    _, wait = there.wait(1)
    there.table.define(Definition(JOIN_ID, b"x", None, 1))
    there.client.calls.clear()
    keys = [join.wait.key, wait.key, Key("gone", "token"), Key(JOIN_ID, "#definition")]
    assert there.table.read_rows(keys) == {join.wait.key: join, wait.key: wait}
    ((operation, request),) = there.client.calls
    assert operation == "BatchGetItem"
    assert request["RequestItems"]["waits"]["ConsistentRead"] is True


def test_joins_are_found_by_their_ids(there: JoinsInMemory) -> None:
    """What is gone is left out; what cannot be read is not."""
    join = there.open(total=3)
    assert there.table.joins([JOIN_ID, OTHER]) == {JOIN_ID: join}
    spoil(there, "#join", full_task_token={"S": "token"}, total={"S": "x"})
    assert there.table.joins([JOIN_ID]) == {
        JOIN_ID: Malformed(join_key(JOIN_ID), "total is not a whole number")
    }


def test_a_member_that_cannot_be_read_is_no_join() -> None:
    """Its key tells."""
    key = Key("c/workflow-w/i", MEMBER.text)
    assert joins_in({key: Malformed(key, "it is broken")}) == {}


@pytest.mark.parametrize(("sent", "was_sent"), [(0, False), (7, False), (8, True)])
def test_whether_a_member_was_sent(there: JoinsInMemory, sent: int, was_sent: bool) -> None:
    """Only what ``sent`` is beyond of is sent no more."""
    there.open(total=9, sent=sent)
    assert there.table.was_sent(MEMBER) is was_sent


def test_members_of_no_join_were_not_sent(there: JoinsInMemory) -> None:
    """Nor those of one that cannot be read: nobody can tell."""
    assert there.table.was_sent(MEMBER) is False
    spoil(there, "#join", full_task_token={"S": "token"}, sent={"S": "x"})
    assert there.table.was_sent(MEMBER) is False


# --- opened by the process hook -----------------------------------------------------------


def test_a_list_and_a_wait_are_put_once(there: JoinsInMemory) -> None:
    """A request that comes twice changes neither."""
    there.table.define(Definition(JOIN_ID, b"first", None, 1))
    there.table.define(Definition(JOIN_ID, b"second", None, 2))
    assert there.table.definition(JOIN_ID) == Definition(JOIN_ID, b"first", None, 1)
    wait = Wait(JOIN_ID, "token", workflow="#join", registered_at=AT_NOON)
    assert there.table.open(Join(wait, name="first")) is True
    assert there.table.open(Join(wait, name="second")) is False
    assert there.join_row()["name"] == "first"


def test_an_expansion_is_put_anew(there: JoinsInMemory) -> None:
    """The stream tells of each one; it goes with the other rows."""
    spoil(there, "#expand", settled_at={"S": "long ago"}, expiration_time={"N": "1"})
    there.table.expand(JOIN_ID)
    ((_, request),) = there.client.calls
    assert request.keys() == {"TableName", "Item"}
    assert there.table.expansion(JOIN_ID) == Expansion(JOIN_ID, AT_NOON, IN_400_DAYS)


def test_a_member_arrives_once(there: JoinsInMemory) -> None:
    """What is there may have been told already."""
    there.table.arrive(MEMBER, "c/workflow-w/i")
    there.table.arrive(MEMBER, "c/workflow-w/another")
    assert there.member_row(7) == {
        "payload_id": JOIN_ID,
        "task_token": "#member:00007",
        "member_payload_id": "c/workflow-w/i",
        "expiration_time": IN_400_DAYS,
    }


@pytest.mark.parametrize(
    "write",
    [
        lambda table, join: table.open(join),
        lambda table, join: table.expand(join.join_id),
        lambda table, join: table.begin(join, 3, None),
        lambda table, join: table.advance(join, 3),
        lambda table, _: table.tell(MemberRow(MEMBER, answer="success")),
        lambda table, join: table.count(join.join_id, 1, 0),
    ],
)
def test_other_errors_are_met_by_the_caller(there: JoinsInMemory, write: Any) -> None:
    """Only a condition that does not hold is an answer."""
    join = there.open(total=3)
    there.client.refuses = lambda *_: DENIED
    with pytest.raises(ClientError, match=DENIED):
        write(there.table, join)


# --- expanded by the sender ---------------------------------------------------------------


def test_a_list_is_read_consistently(there: JoinsInMemory) -> None:
    """It was put just now; None where it is gone."""
    assert there.table.definition(JOIN_ID) is None
    definition = Definition(JOIN_ID, None, "s3://b/k", 7)
    there.table.define(definition)
    there.client.calls.clear()
    assert there.table.definition(JOIN_ID) == definition
    ((_, request),) = there.client.calls
    assert request["RequestItems"]["waits"]["ConsistentRead"] is True
    spoil(there, "#definition")
    with pytest.raises(MalformedRowError, match="no list"):
        there.table.definition(JOIN_ID)


def test_an_expansion_that_is_gone_or_broken_is_none(there: JoinsInMemory) -> None:
    """Then it is put again."""
    assert there.table.expansion(JOIN_ID) is None
    spoil(there, "#expand")
    assert there.table.expansion(JOIN_ID) is None


def test_a_list_is_counted_once(there: JoinsInMemory) -> None:
    """With the object that it was; the row as it is then."""
    join = there.open()
    begun = there.table.begin(join, 3, '"1"')
    assert begun is not None
    assert (begun.total, begun.etag, begun.sent_at) == (3, '"1"', None)
    assert begun.wait == join.wait
    assert there.table.begin(join, 4, '"2"') is None
    assert (there.join_row()["total"], there.join_row()["etag"]) == (3, '"1"')


def test_a_list_of_none_is_sent_with_its_counting(there: JoinsInMemory) -> None:
    """No chunk will ever say so; a list in the row has no ETag."""
    begun = there.table.begin(there.open(), 0, None)
    assert begun is not None
    assert (begun.total, begun.etag, begun.sent_at) == (0, None, AT_NOON)
    one = there.table.begin(there.open(), 1, "")
    assert one is not None
    assert (one.total, one.etag, one.sent_at) == (1, None, None)


def test_what_was_sent_moves_on_from_what_was_read(there: JoinsInMemory) -> None:
    """A second writer changes nothing, from the first chunk on."""
    join = there.open(total=9)
    first = there.table.advance(join, 3)
    assert first is not None
    assert (first.sent, first.sent_at) == (3, AT_NOON)
    assert there.table.advance(join, 4) is None
    second = there.table.advance(first, 6)
    assert second is not None
    assert second.sent == 6
    assert there.table.advance(first, 5) is None
    assert there.join_row()["sent"] == 6


@pytest.mark.parametrize("is_gone", [False, True])
def test_of_a_join_that_is_answered_or_gone_nothing_is_written(
    there: JoinsInMemory, is_gone: bool
) -> None:
    """An update would make a row of it again."""
    join = there.open(is_answered=True)
    if is_gone:
        there.client.table.items.clear()
    before = dict(there.client.table.items)
    assert there.table.begin(join, 3, None) is None
    assert there.table.advance(join, 3) is None
    assert there.table.count(JOIN_ID, 1, 1) is None
    assert there.client.table.items == before


# --- told by the sender or the reconciler --------------------------------------------


def test_a_member_that_never_arrived_is_told(there: JoinsInMemory) -> None:
    """Its row is made."""
    told = MemberRow(MEMBER, "c/workflow-w/i", "FAILED", answer="failure", told_at=AT_NOON)
    assert there.table.tell(told) is told
    assert there.member_row(7) == {
        "payload_id": JOIN_ID,
        "task_token": "#member:00007",
        **told.attributes(),
        "expiration_time": IN_400_DAYS,
    }


def test_what_a_member_registered_with_stays(there: JoinsInMemory) -> None:
    """Its id and when its row goes; all else is what is told."""
    spoil(
        there,
        "#member:00007",
        member_payload_id={"S": "c/workflow-w/first"},
        expiration_time={"N": "7"},
        workflow_state={"S": "of nobody"},
    )
    there.table.tell(MemberRow(MEMBER, "c/workflow-w/i", "FAILED", answer="failure"))
    row = there.member_row(7)
    assert row is not None
    assert (row["member_payload_id"], row["expiration_time"]) == ("c/workflow-w/first", 7)
    assert (row["workflow_state"], row["answer"]) == ("FAILED", "failure")


def test_what_was_told_stands(there: JoinsInMemory) -> None:
    """And is what the second one gets to know."""
    first = there.told(7, "success", member_payload_id="c/workflow-w/i")
    assert there.table.tell(MemberRow(MEMBER, answer="failure")) == first
    row = there.member_row(7)
    assert row is not None
    assert row["answer"] == "success"


def test_a_row_that_is_gone_by_then_tells_what_was_told(there: JoinsInMemory) -> None:
    """It cannot say what stood there."""
    there.client.refuses = lambda *_: "ConditionalCheckFailedException"
    told = MemberRow(MEMBER, answer="failure")
    assert there.table.tell(told) is told


def test_hints_add_up(there: JoinsInMemory) -> None:
    """The row as it is then."""
    there.open(total=9, succeeded=1)
    there.table.count(JOIN_ID, 2, 0)
    counted = there.table.count(JOIN_ID, 1, 3)
    assert counted is not None
    assert (counted.total, counted.succeeded, counted.failed) == (9, 4, 3)


def test_members_are_read_in_order(there: JoinsInMemory, caplog: pytest.LogCaptureFixture) -> None:
    """Of this join alone; a row that cannot be read is said, and stops no other one."""
    there.open(total=9)
    there.table.expand(JOIN_ID)
    rows = [there.told(index, "success") for index in (8, 2)]
    there.client.put(MemberRow(MemberToken(OTHER, 1)).key.to_item())
    spoil(there, "#member:00003", answer={"N": "1"})
    there.client.calls.clear()
    assert there.table.members(JOIN_ID) == [rows[1], rows[0]]
    ((_, request),) = there.client.calls
    assert request["ConsistentRead"] is True
    assert request["ExpressionAttributeValues"] == {
        ":join_id": {"S": JOIN_ID},
        ":member": {"S": "#member:"},
    }
    (record,) = caplog.records
    line = json.loads(record.getMessage())
    assert (line["callback"], line["payload_id"]) == ("not read", JOIN_ID)
    assert "answer is not a text" in line["why"]


def test_members_of_every_page_are_read() -> None:
    """A page of DynamoDB holds a mebibyte."""
    pages = {
        None: {"Items": [MemberRow(MEMBER).key.to_item()], "LastEvaluatedKey": "next"},
        "next": {"Items": [MemberRow(MemberToken(JOIN_ID, 8)).key.to_item()]},
    }
    client: Any = SimpleNamespace(
        query=lambda **asked: pages[asked.get("ExclusiveStartKey")],
    )
    found = JoinsTable(WaitsTable(client, "waits")).members(JOIN_ID)
    assert [row.member.index for row in found] == [7, 8]
