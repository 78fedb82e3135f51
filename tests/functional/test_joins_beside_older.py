"""Parts are upgraded in any order: hooks that know joins beside a sender that does not yet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support.cirrus_world import payload, payload_id
from support.joined import Joined, payloads
from support.later import GRACE, REDELIVERY, Later
from support.older_answering import OlderAnswering

if TYPE_CHECKING:
    from support.aws_calls import AwsCalls
    from support.cirrus_world import World

ARCHIVE = Path(__file__).with_name("before_joins") / "sender.zip"
TAKEN: dict[str, Any] = {"batchItemFailures": []}
DAY = 86_400


@pytest.fixture
def older(world: World) -> OlderAnswering:
    """Sender and reconciler of the version before joins."""
    older = OlderAnswering.of(ARCHIVE)
    assert not hasattr(older.sender, "Joins"), "not the version before joins"
    return older


@pytest.fixture
def join(world: World, aws: AwsCalls) -> Joined:
    return Joined(world, aws)


def test_rows_of_joins_wait_for_the_newer_sender(
    join: Joined,
    older: OlderAnswering,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An older sender and reconciler answer ordinary waits, and pass over all others."""
    monkeypatch.setenv("CIRRUS_CALLBACKS_WORKFLOWS", "sentinel-2-cog")  # the flag is judged, too
    world, plain = join.world, join.world.start_parent()
    join.send(payloads(1))
    world.send(payload("plain"), plain)
    world.process()
    join.end("plain")
    before = join.rows
    with join.aws.recording() as recording:
        assert older.send(world.new_stream_records()) == TAKEN
        summary = older.one_pass(REDELIVERY + DAY)
    (sent,) = [call for call in recording.calls if call.operation.startswith("SendTask")]
    assert (sent.operation, sent.parameters["taskToken"]) == ("SendTaskSuccess", plain)
    assert world.row(plain)["workflow_state"] == "SUCCEEDED"  # as the world tells it
    assert (summary["failed"], summary["open_waits"]) == (0, 0)
    assert join.rows == before
    assert set(before) == {"#definition", "#join", "#expand"}
    # The newer ones go on with what the stream has told already.
    assert Later(monkeypatch)(GRACE + 60)["expanded"] == 1
    join.work()
    join.end("item-0")
    join.work()
    assert join.row["answer"] == "success"


def test_members_that_ended_under_an_older_sender_are_told_later(
    join: Joined,
    older: OlderAnswering,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The sender was set back after it had sent the members: nothing of theirs is answered."""
    join.ask(payloads(2))
    join.end("item-0")
    join.end("item-1")
    with join.aws.recording() as recording:
        assert older.send(join.world.new_stream_records()) == TAKEN
        older.one_pass(REDELIVERY + DAY)
    assert not [call for call in recording.calls if call.operation.startswith("SendTask")]
    assert join.told() == {0: (None, None), 1: (None, None)}
    assert "answer" not in join.member_wait(0)
    # The join as well, where this pass comes to it after its members.
    assert Later(monkeypatch)(GRACE + 60)["answered"] in (2, 3)
    join.work()
    assert join.row["answer"] == "success"
    assert join.world.runs(payload_id("item-0"))
