"""A join of very many members, from request to answer, with AWS in another process.

Each function runs in a process of its own, whose peak memory is its own alone. Run as a script it
measures; it prints lines of progress on standard error and one JSON object.
"""

from __future__ import annotations

import copy
import gzip
import json
import logging
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.clients import fresh_clients
from bench.functions import function_apart
from bench.many import PARTITION_WRITES_PER_SECOND, REGION, STREAM_BATCH

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.functions import Function
    from support.cirrus_world import World

WORKFLOW = "sentinel-2-cog"
CHILD = {"StartAt": "Done", "States": {"Done": {"Type": "Pass", "End": True}}}
FUNCTIONS = ("process", "update_state", "sender")
HOOK_SECONDS, SENDER_SECONDS = 15, 60
PARENT_SECONDS = 86_400
"""Longer than anybody measures; tests' own parents wait five minutes."""
PATIENCE = 600
"""Seconds of the wall clock for which the parent's end is waited for."""
ENDS_A_ROUND = 50
"""Ends that are told before the stream is read again."""


@dataclass(slots=True)
class LargeJoin:
    """What was measured; seconds of the wall clock.

    Attributes:
        members: how many were asked for.
        succeeded: how many of them the parent was told of.
        sending: from the request until the last member was registered.
        ending: while the members ended, one after the other.
        answering: from the last member's end until the parent was answered.
        base_megabytes: what each function had after its first invocation, before the request.
        peak_megabytes: the most that each had in the end.
    """

    members: int
    succeeded: int = 0
    sending: float = 0.0
    ending: float = 0.0
    answering: float = 0.0
    base_megabytes: dict[str, float] = field(default_factory=dict)
    peak_megabytes: dict[str, float] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        """None was lost."""
        return self.succeeded == self.members

    @property
    def least_telling(self) -> float:
        """Seconds that AWS alone takes for the tellings: all write one partition."""
        return self.members / PARTITION_WRITES_PER_SECOND

    def to_json(self) -> dict[str, Any]:
        """With stable keys."""
        values = {
            name: round(value, 2) if isinstance(value, float) else value
            for name, value in asdict(self).items()
        }
        return {**values, "least_telling": self.least_telling}


def measure(members: int, tell: Callable[[str, int], object]) -> LargeJoin:
    """Measure in a process of its own.

    Args:
        members: how many, from 1 to 10,000.
        tell: told what is done, and for how many.
    """
    with subprocess.Popen(
        [sys.executable, __file__, str(members)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        said: list[str] = []
        for line in process.stderr:
            what, _, done = line.strip().rpartition(" ")
            if done.isdigit() and what in {"registered", "ended"}:
                tell(what, int(done))
            else:
                said.append(line)
        printed = process.stdout.read()
    assert process.returncode == 0, "".join(said[-30:])
    values = json.loads(printed)
    del values["least_telling"]
    return LargeJoin(**values)


def _run(found: LargeJoin, tell: Callable[[str, int], object]) -> None:
    from cirrus_callbacks_plugin.local.deployment import Names
    from support.cirrus_world import ACCOUNT, PARENT, PREFIX, World
    from support.moto_process import moto_process

    patient = copy.deepcopy(PARENT)
    patient["States"]["Work"]["TimeoutSeconds"] = PARENT_SECONDS
    with ExitStack() as stack:
        endpoint = stack.enter_context(moto_process())
        os.environ.update(
            AWS_ENDPOINT_URL=endpoint,
            AWS_ACCESS_KEY_ID="bench",
            AWS_SECRET_ACCESS_KEY="bench",
        )
        stack.enter_context(fresh_clients(REGION))
        world = World(names=Names(PREFIX, REGION, ACCOUNT, endpoint))
        os.environ.update(world.names.environment(), CIRRUS_CALLBACKS_WORKFLOWS="*")
        world.add_workflow(WORKFLOW, CHILD)
        world.add_workflow("parent", patient)
        functions = {name: stack.enter_context(function_apart(name)) for name in FUNCTIONS}
        driver = _Driver(world, functions, found.members, tell)
        token = world.start_parent()
        driver.warm_up()
        found.base_megabytes = _megabytes(functions)
        began = time.monotonic()
        driver.ask(token)
        driver.send_all()
        found.sending = time.monotonic() - began
        began = time.monotonic()
        driver.end_all()
        found.ending = time.monotonic() - began
        began = time.monotonic()
        driver.drain()
        found.answering = time.monotonic() - began
        told = driver.parent(token)
        assert told["status"] == "SUCCEEDED", told
        found.peak_megabytes = _megabytes(functions)
        found.succeeded = json.loads(told["output"])["succeeded"]


def _megabytes(functions: dict[str, Function]) -> dict[str, float]:
    return {name: round(each.peak_megabytes(), 1) for name, each in functions.items()}


@dataclass(slots=True)
class _Driver:
    """The queue's and the stream's mapping, and the children's ends, one after the other."""

    world: World
    functions: dict[str, Function]
    members: int
    tell: Callable[[str, int], object]
    registered: int = 0
    _records: list[dict[str, Any]] = field(default_factory=list)

    def warm_up(self) -> None:
        """Let every function run once, for a payload that nobody waits for."""
        from support.cirrus_world import payload

        self.world.send(payload("warm-up"))
        self._process()
        self._end(*self._runs(["warm-up"]))
        self.functions["sender"].invoke({"Records": []}, SENDER_SECONDS)
        self.registered = 0

    def ask(self, token: str) -> None:
        """Send the request, its list in S3."""
        from support.cirrus_world import payload

        bucket, key = self.world.names.payload_bucket, "members.jsonl.gz"
        lines = "".join(f"{json.dumps(payload(each))}\n" for each in self._items())
        body = gzip.compress(lines.encode())
        self.world.s3.put_object(Bucket=bucket, Key=key, Body=body)
        self.world.send({"join": {"members_url": f"s3://{bucket}/{key}"}}, token)

    def _items(self) -> list[str]:
        return [f"item-{number:05}" for number in range(self.members)]

    def send_all(self) -> None:
        """Until neither queue nor stream has anything more.

        The queue is worked off after each of the sender's invocations: moto counts all messages
        for each one that is sent or received.
        """
        while self._process() or self._deliver():
            pass

    def _process(self) -> bool:
        """Let a batch of messages be processed; False where there was none."""
        event = self.world.receive()
        if event is None:
            return False
        left = self.functions["process"].invoke(event, HOOK_SECONDS).get("left", 0)
        if not left:
            self._delete(event)
        self.registered += len(event["Records"]) - left
        self.tell("registered", self.registered)
        return True

    def _delete(self, event: dict[str, Any]) -> None:
        """What the event source mapping does, in one call."""
        self.world.sqs.delete_message_batch(
            QueueUrl=self.world.names.process_queue_url,
            Entries=[
                {"Id": str(number), "ReceiptHandle": record["receiptHandle"]}
                for number, record in enumerate(event["Records"])
            ],
        )

    def end_all(self) -> None:
        """Tell each run's end; the last ones' records are not delivered yet."""
        items = self._items()
        for start in range(0, self.members, ENDS_A_ROUND):
            if start:
                self.drain()
            for number, run in enumerate(self._runs(items[start : start + ENDS_A_ROUND]), 1):
                self._end(run)
                self.tell("ended", start + number)

    def _runs(self, items: list[str]) -> list[str]:
        """The last run of each item, in one read."""
        from cirrus_callbacks_plugin.cirrus.state_table import StateKey, StateTable
        from support.cirrus_world import payload_id

        states = StateTable(self.world.dynamodb, self.world.names.state_table)
        keys = [StateKey.of(payload_id(item, WORKFLOW)) for item in items]
        found = states.read([key for key in keys if key is not None])
        return [found[key].executions[-1] for key in keys if key is not None]

    def _end(self, run: str) -> None:
        from cirrus_callbacks_plugin.local.events import execution_event

        event = execution_event(self.world.wait_ended(run))
        self.functions["update_state"].invoke(event, HOOK_SECONDS)

    def parent(self, token: str) -> dict[str, Any]:
        """The parent's execution once it has ended; it ends a while after its answer.

        Raises:
            AssertionError: it was not answered, or did not end; says how the join stands.
        """
        try:
            return self.world.parent_of(token, PATIENCE)
        except AssertionError as error:
            raise AssertionError(f"{error}; its join: {self._join(token)}") from error

    def _join(self, token: str) -> dict[str, Any]:
        """What may be shown of the join's row: everything but the token."""
        from cirrus_callbacks_plugin.joins.rows import join_id_of
        from cirrus_callbacks_plugin.waits.row import JOIN, Key

        row = self.world.dynamodb.get_item(
            TableName=self.world.names.callbacks_table, Key=Key(join_id_of(token), JOIN).to_item()
        ).get("Item", {})
        return {name: value for name, value in row.items() if name != "full_task_token"}

    def drain(self) -> None:
        """Deliver the stream until nothing of it is left."""
        while self._deliver():
            pass

    def _deliver(self) -> bool:
        """One batch of the stream, by its filter; False where nothing of it was left."""
        if not self._records:
            self._read_stream()
        batch, self._records = self._records[:STREAM_BATCH], self._records[STREAM_BATCH:]
        if batch:
            answer = self.functions["sender"].invoke({"Records": batch}, SENDER_SECONDS)
            assert answer == {"returned": {"batchItemFailures": []}}, answer
        return bool(batch)

    def _read_stream(self) -> None:
        """All that is new, page by page: most of it does not concern the sender."""
        from cirrus_callbacks_plugin import config
        from cirrus_callbacks_plugin.local.sources.filters import matcher
        from cirrus_callbacks_plugin.sender.filters import filter_patterns

        matches = matcher(filter_patterns(config.EnabledWorkflows.from_env()))
        while page := self.world.new_stream_records():
            self._records += filter(matches, page)


def main() -> None:
    """Measure here."""
    logging.disable(logging.CRITICAL)
    found = LargeJoin(int(sys.argv[1]))
    printed = {"registered": 0, "ended": 0}

    def tell(what: str, done: int) -> None:
        if done // 100 > printed[what] // 100 or done == found.members:
            printed[what] = done
            sys.stderr.write(f"{what} {done}\n")
            sys.stderr.flush()

    os.environ.setdefault("AWS_DEFAULT_REGION", REGION)
    _run(found, tell)
    sys.stdout.write(json.dumps(found.to_json()))


if __name__ == "__main__":
    main()
