"""A world with joins: requests sent, members run to their end, the answer read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.joins.rows import join_id_of
from support.cirrus_world import payload, payload_id
from support.generation import write_state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from support.aws_calls import AwsCalls, Call
    from support.cirrus_world import World

WAITER = {"payload-id": "mosaics/workflow-mosaic/m1", "execution-arn": "arn:mosaic"}


@dataclass
class Joined:
    """One parent's join."""

    world: World
    aws: AwsCalls

    def __post_init__(self) -> None:
        self.token = self.world.start_parent()
        self.join_id = join_id_of(self.token)

    def request(self, members: Any = None, **more: Any) -> dict[str, Any]:
        """A join request's body."""
        return {"join": {**({} if members is None else {"members": members}), **more}}

    def send(self, members: Any = None, **more: Any) -> None:
        """Send a request, the token as its attribute."""
        self.world.send(self.request(members, **more), self.token, WAITER)

    def ask(self, members: Any = None, **more: Any) -> None:
        """Send a request and let everybody work until nothing is left to do but run."""
        self.send(members, **more)
        self.work()

    def put_list(self, body: bytes) -> str:
        """Put a list of members into S3; its URL."""
        bucket = self.world.names.payload_bucket
        self.world.s3.put_object(Bucket=bucket, Key="members.json", Body=body)
        return f"s3://{bucket}/members.json"

    def work(self) -> None:
        """Deliver messages and stream records until there are none of them."""
        while True:
            event = self.world.receive()
            if event is not None:
                self.world.process(event)
            records = self.world.new_stream_records()
            if records:
                self.stream(records)
            if event is None and not records:
                return

    def stream(self, records: list[dict[str, Any]] | None = None) -> None:
        """Deliver stream records to the sender, which is to take all of them."""
        answered = self.world.send_answers(records)
        assert answered == {"batchItemFailures": []}, answered

    def end(self, item: str, error: str | None = None, workflow: str = "sentinel-2-cog") -> None:
        """End the last run of a payload and deliver its event; the stream is not."""
        run = self.world.runs(payload_id(item, workflow))[-1]
        self.world.end(run, error=error)
        self.world.update_state(run)

    @property
    def rows(self) -> dict[str, dict[str, Any]]:
        """The join's rows by their sort key."""
        return {
            row["task_token"]: row for row in self.world.rows() if row["payload_id"] == self.join_id
        }

    @property
    def row(self) -> dict[str, Any]:
        """The join's own wait."""
        return self.rows["#join"]

    def told(self) -> dict[int, tuple[Any, Any]]:
        """Answer and error of each member's row, by its index."""
        return {
            int(key.removeprefix("#member:")): (row.get("answer"), row.get("answer_error"))
            for key, row in self.rows.items()
            if key.startswith("#member:")
        }

    def member_wait(self, index: int) -> dict[str, Any]:
        """A member's own wait."""
        return self.world.row(f"#{self.join_id}:{index}")

    def answer(self, calls: Sequence[Call]) -> dict[str, Any]:
        """The one answer that Step Functions was given: its error's name, and its JSON."""
        sent = [
            call
            for call in calls
            if call.operation in ("SendTaskSuccess", "SendTaskFailure")
            and call.parameters["taskToken"] == self.token
        ]
        (call,) = sent
        body = call.parameters.get("output") or call.parameters["cause"]
        return {"is": call.parameters.get("error", "success"), **json.loads(body)}


def payloads(count: int, workflow: str = "sentinel-2-cog", **process: Any) -> list[dict[str, Any]]:
    """Members as payloads."""
    return [payload(f"item-{number}", workflow, **process) for number in range(count)]


def ended(number: int, state: str = "SUCCEEDED", runs: tuple[str, ...] = ("run",)) -> str:
    """A payload that somebody else ran, and that ended; its id."""
    about = payload_id(f"item-{number}")
    write_state(about, state, runs)
    return about


def ended_as(states: str, first: int = 0) -> list[str]:
    """The same for many: one letter each, S succeeded, F failed, anything else runs on."""
    names = {"S": "SUCCEEDED", "F": "FAILED"}
    return [
        ended(number, names.get(each, "PROCESSING")) for number, each in enumerate(states, first)
    ]
