"""Which of a join's stream records reach the sender: those on which it has something to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.config import EnabledWorkflows
from cirrus_callbacks_plugin.local.sources.filters import matcher
from cirrus_callbacks_plugin.sender.filters import filter_patterns
from support.joined import Joined, payloads

if TYPE_CHECKING:
    from support.aws_calls import AwsCalls
    from support.cirrus_world import World

FLAGS = ["", "other", "sentinel-2-cog", "*"]
EVER = (True, True, True, True)
NEVER = (False, False, False, False)


def passed(records: list[dict[str, Any]]) -> dict[str, tuple[bool, ...]]:
    """By sort key: whether a record of that row passes, with each of the flags."""
    deployed = [matcher(filter_patterns(EnabledWorkflows.parse(flag))) for flag in FLAGS]
    of_row: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        of_row.setdefault(record["dynamodb"]["Keys"]["task_token"]["S"], []).append(record)
    return {key: tuple(any(map(each, found)) for each in deployed) for key, found in of_row.items()}


def test_a_new_join_wakes_the_sender_once(world: World, aws: AwsCalls) -> None:
    """To send its members: the join itself has no flag, and its list says nothing."""
    join = Joined(world, aws)
    join.send(payloads(1))
    world.process()
    found = passed(world.new_stream_records())
    assert found == {"#definition": NEVER, "#join": NEVER, "#expand": EVER}


def test_a_member_wakes_the_sender_by_its_flag_and_by_its_end(world: World, aws: AwsCalls) -> None:
    """The note that its message has arrived wakes nobody, whatever the flag."""
    join = Joined(world, aws)
    join.send(payloads(1))
    world.process()
    join.stream()
    world.new_stream_records()
    world.process()
    found = passed(world.new_stream_records())
    own = f"#{join.join_id}:0"
    assert found == {own: (True, True, False, False), "#member:00000": NEVER}
    join.end("item-0")
    assert passed(world.new_stream_records()) == {own: EVER}
