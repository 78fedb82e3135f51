"""One token waits for many payloads: from the request to the answer, on every cirrus."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.cirrus_world import payload_id
from support.joined import Joined, payloads

if TYPE_CHECKING:
    from support.aws_calls import AwsCalls
    from support.cirrus_world import World


@pytest.fixture
def join(world: World, aws: AwsCalls) -> Joined:
    return Joined(world, aws)


def test_a_parent_is_answered_once_all_its_members_succeeded(join: Joined) -> None:
    """One message, one token, one answer: the members in order, each with its outcome."""
    join.ask(payloads(3), name="scenes")
    assert join.row["total"] == join.row["sent"] == 3
    assert "#expand" not in join.rows
    assert join.told() == dict.fromkeys(range(3), (None, None))
    with join.aws.recording() as recording:
        for number in (2, 0, 1):
            join.end(f"item-{number}")
            join.work()
    answer = join.answer(recording.calls)
    assert {name: answer[name] for name in ("is", "join_id", "name", "total", "succeeded")} == {
        "is": "success",
        "join_id": join.join_id,
        "name": "scenes",
        "total": 3,
        "succeeded": 3,
    }
    assert (answer["failed"], answer["pending"]) == (0, 0)
    assert [each["payload_id"] for each in answer["members"]] == [
        payload_id(f"item-{number}") for number in range(3)
    ]
    assert [each["index"] for each in answer["members"]] == [0, 1, 2]
    assert join.world.parent_of(join.token)["status"] == "SUCCEEDED"
    assert join.row["answer"] == "success"
    assert {join.member_wait(each)["answer"] for each in range(3)} == {"success"}
