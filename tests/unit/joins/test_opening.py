"""From a join request to its rows: what they hold, and in which order they are put."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.carriers.tokens import Callback
from cirrus_callbacks_plugin.joins.members import pack, parse_list
from cirrus_callbacks_plugin.joins.opening import Opening, may_be_request, opening_of
from cirrus_callbacks_plugin.joins.rows import Definition, join_id_of
from cirrus_callbacks_plugin.waits.row import shard
from support.joins_in_memory import AT_NOON, JOIN_ID, NOON, JoinsInMemory

if TYPE_CHECKING:
    from collections.abc import Callable

ID = "c/workflow-w/i"
TOKEN = "the parent's token"
JOIN = join_id_of(TOKEN)
QUEUE = "arn:aws:sqs:us-west-2:123456789012:process"
IN_400_DAYS = int(NOON.timestamp()) + 400 * 86_400


def opened(
    there: JoinsInMemory, request: Any, *, token: str = TOKEN, queue_arn: str | None = QUEUE
) -> Opening:
    """The rows of a request, none of which is put yet."""
    callback = Callback(token, "c/workflow-parent/i", "arn:parent")
    opening = opening_of(
        {"join": request},
        callback,
        table=there.table,
        queue_arn=queue_arn,
        cirrus_version="1.3.0",
    )
    assert there.client.calls == []
    return opening


@pytest.mark.parametrize(
    ("record", "may_be"),
    [
        ({"body": '{"join": {}}'}, True),
        ({"body": '{"\\u006aoin": {}}'}, True),  # the same key
        ({"body": '{"process": []}'}, False),
        ({"body": {"anything": 1}}, True),
        ({}, True),
        (None, True),
    ],
)
def test_a_quick_look_misses_no_request(record: Any, may_be: bool) -> None:
    """Where it cannot tell, the message is read."""
    assert may_be_request(record) is may_be


def test_a_join_waits_as_its_token_does(there: JoinsInMemory) -> None:
    """An ordinary wait, and all that the request says."""
    request = {"members": [ID], "deadline_seconds": 90, "name": "scenes", "succeed_on": "any"}
    opening = opened(there, {**request, "answer": "settled"})
    join, wait = opening.join, opening.join.wait
    assert (wait.payload_id, wait.task_token, wait.workflow) == (JOIN, TOKEN, "#join")
    assert (wait.registered_at, wait.waiting, wait.cirrus_version) == (
        AT_NOON,
        shard(TOKEN),
        "1.3.0",
    )
    assert wait.waiter_payload_id == "c/workflow-parent/i"
    assert wait.waiter_execution_arn == "arn:parent"
    assert not join.is_closed
    assert (join.succeed_on, join.answer_when, join.name) == ("any", "settled", "scenes")
    assert join.deadline_at == "2024-06-01T12:01:30.000000+00:00"
    assert (join.queue_arn, join.total, join.sent) == (QUEUE, None, 0)
    packed = pack(parse_list([ID]))
    assert opening.definition == Definition(JOIN, packed, None, IN_400_DAYS)


def test_a_list_elsewhere_stays_there(there: JoinsInMemory) -> None:
    """The hook reads nothing; a request without a deadline has none."""
    opening = opened(there, {"members_url": "s3://b/k"})
    assert opening.definition == Definition(JOIN, None, "s3://b/k", IN_400_DAYS)
    assert opening.join.deadline_at is None


@pytest.mark.parametrize(
    ("request_", "queue_arn", "token", "why"),
    [
        ({"members": [7]}, QUEUE, TOKEN, "join: member 0 is a number"),
        ({"members": []}, None, TOKEN, "join came through no queue"),
        ({"members": []}, QUEUE, f"#{JOIN_ID}:7", "a join's member cannot be a join"),
    ],
)
def test_a_request_that_breaks_a_rule_is_settled_at_once(
    there: JoinsInMemory, request_: Any, queue_arn: str | None, token: str, why: str
) -> None:
    """It is answered, and nothing is ever sent of it."""
    opening = opened(there, request_, queue_arn=queue_arn, token=token)
    wait = opening.join.wait
    assert wait.settled_at == AT_NOON
    assert wait.answer_error == "CirrusCallback.InvalidPayload"
    assert str(wait.error).startswith(why)
    assert opening.definition is None


def test_a_list_that_no_row_holds_breaks_a_rule(
    there: JoinsInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said with the other ways."""
    monkeypatch.setattr("cirrus_callbacks_plugin.joins.members.MAX_LIST_BYTES", 1)
    opening = opened(there, {"members": [ID]})
    assert "members_url" in str(opening.join.wait.error)
    assert opening.definition is None


def puts(there: JoinsInMemory) -> list[str]:
    """The sort keys of what was put, in order."""
    return [request["Item"]["task_token"]["S"] for _, request in there.client.calls]


def at_once(call: Callable[[], Any]) -> Any:
    """There is time for every call."""
    return call()


def test_what_waits_is_put_once_its_list_is_there(there: JoinsInMemory) -> None:
    """Then the expansion: a crash in between leaves nothing that waits for ever."""
    opening = opened(there, {"members": [ID]})
    assert opening.put(there.table, at_once) is True
    assert puts(there) == ["#definition", "#join", "#expand"]
    assert there.client.row(JOIN, "#definition") is not None
    assert there.client.row(JOIN, "#join") is not None
    assert there.client.row(JOIN, "#expand") is not None


def test_a_message_that_comes_twice_meets_its_rows(there: JoinsInMemory) -> None:
    """What was put stays; after a crash the members are still to be sent."""
    opened(there, {"members": [ID]}).put(there.table, at_once)
    there.client.calls.clear()
    again = opened(there, {"members": [ID]})
    assert again.put(there.table, at_once) is False
    assert puts(there) == ["#definition", "#join", "#expand"]


def test_of_a_request_that_breaks_a_rule_the_wait_alone_is_put(there: JoinsInMemory) -> None:
    """There is nothing to be sent."""
    assert opened(there, 7).put(there.table, at_once) is True
    assert puts(there) == ["#join"]


def test_a_join_that_is_a_member_has_arrived_there(there: JoinsInMemory) -> None:
    """Its wait is a member's registration as well: both rows are."""
    token = f"#{JOIN_ID}:7"
    opened(there, 7, token=token).put(there.table, at_once)
    assert puts(there) == ["#join", "#member:00007"]
    member = there.member_row(7)
    assert member is not None
    assert member["member_payload_id"] == join_id_of(token)


@pytest.mark.parametrize("calls", [0, 1, 2])
def test_no_call_is_begun_without_time(there: JoinsInMemory, calls: int) -> None:
    """Each asks for it: the message comes again."""
    left = [None] * calls

    def until_time_is_up(call: Callable[[], Any]) -> Any:
        if not left:
            raise TimeoutError
        left.pop()
        return call()

    with pytest.raises(TimeoutError):
        opened(there, {"members": [ID]}).put(there.table, until_time_is_up)
    assert len(there.client.calls) == calls
