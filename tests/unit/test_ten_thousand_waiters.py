"""Ten thousand waiters on one payload: update-state begins, the sender ends, none is left."""

from __future__ import annotations

import json
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.cirrus import installed
from cirrus_callbacks_plugin.cirrus.state_table import StateTable
from cirrus_callbacks_plugin.config import EnabledWorkflows
from cirrus_callbacks_plugin.hooks.services import HookClients, Services
from cirrus_callbacks_plugin.hooks.update_state import update_state
from cirrus_callbacks_plugin.protocol.answer import Answerer
from cirrus_callbacks_plugin.protocol.rules import Ended
from cirrus_callbacks_plugin.protocol.settle import settle_open_rows
from cirrus_callbacks_plugin.sender.batch import Sender
from cirrus_callbacks_plugin.sender.stream import StreamRecord
from cirrus_callbacks_plugin.waits.outcome import Outcome
from cirrus_callbacks_plugin.waits.row import Wait, shard
from cirrus_callbacks_plugin.waits.table import WaitsTable
from simulation.fake_aws.statements import parse
from support.plain_joins import plain_joins

if TYPE_CHECKING:
    from collections.abc import Callable

WAITERS = 10_000
AT = "2024-06-01T12:00:00.000000+00:00"
PAYLOAD = "c/workflow-w/i"
RUN = "arn:aws:states:us-west-2:1:execution:x-w:run"
PAGE = 1000
SECONDS_A_WRITE = 1 / 1000
"""One partition key takes a thousand writes of 1 KB a second."""


class SlowTable:
    """DynamoDB as far as the tracking table's store asks it, on a clock that each write moves.

    Conditions are judged for the rows of this test only: settled, answered or neither.
    """

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self.stream: list[str] = []
        self.now = 0.0
        self.calls: Counter[str] = Counter()
        self._lock = threading.Lock()

    def clock(self) -> float:
        """Seconds, moved by writes alone."""
        return self.now

    def put_item(self, Item: dict[str, Any], **_: Any) -> dict[str, Any]:  # noqa: N803
        """Put a row, and a record into the stream."""
        with self._lock:
            self.rows[Item["task_token"]["S"]] = Item
            self.stream.append(Item["task_token"]["S"])
            self.now += SECONDS_A_WRITE
        return {}

    def update_item(self, **request: Any) -> dict[str, Any]:
        """Apply the SET part of an update."""
        names, values = (
            request["ExpressionAttributeNames"],
            request["ExpressionAttributeValues"],
        )
        sets = {name: values[f":{alias[1:]}"] for alias, name in names.items()}
        self.calls["UpdateItem"] += 1
        self._set(request["Key"]["task_token"]["S"], sets)
        return {}

    def batch_execute_statement(self, Statements: list[Any]) -> dict[str, Any]:  # noqa: N803
        """The same for each statement."""
        self.calls["BatchExecuteStatement"] += 1
        for each in Statements:
            update, given = parse(each["Statement"]), each["Parameters"]
            sets = dict(zip(update.sets, given, strict=False))
            self._set(update.key(given)["task_token"]["S"], sets)
        return {"Responses": [{} for _ in Statements]}

    def _set(self, name: str, sets: dict[str, Any]) -> None:
        with self._lock:
            row = self.rows[name]
            assert "answered_at" not in row
            row.update(sets)
            self.stream.append(name)
            self.now += SECONDS_A_WRITE

    def delete_item(self, Key: dict[str, Any], **_: Any) -> dict[str, Any]:  # noqa: N803
        """Delete a row."""
        del self.rows[Key["task_token"]["S"]]
        return {}

    def query(self, **request: Any) -> dict[str, Any]:
        """A page of the open rows."""
        self.calls["Query"] += 1
        after = request.get("ExclusiveStartKey", {}).get("task_token", {}).get("S", "")
        names = sorted(name for name in self.rows if name > after)
        page = names[:PAGE]
        found = [self.rows[name] for name in page if "settled_at" not in self.rows[name]]
        more = {"LastEvaluatedKey": {"task_token": {"S": page[-1]}}} if len(names) > PAGE else {}
        return {"Items": found, **more}

    def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        """Rows by key."""
        self.calls["BatchGetItem"] += 1
        ((table, asked),) = RequestItems.items()
        keys = [key["task_token"]["S"] for key in asked["Keys"]]
        return {"Responses": {table: [self.rows[key] for key in keys if key in self.rows]}}

    def get_item(self, **_: Any) -> dict[str, Any]:
        """The payload's record in the state table."""
        self.calls["GetItem"] += 1
        return {
            "Item": {
                "state_updated": {"S": "SUCCEEDED_x"},
                "executions": {"L": [{"S": RUN}]},
            },
        }

    def take_stream(self, count: int) -> list[StreamRecord]:
        """The next records of the stream."""
        taken, self.stream = self.stream[:count], self.stream[count:]
        return StreamRecord.from_batch(
            [
                {
                    "eventName": "MODIFY",
                    "dynamodb": {
                        "SequenceNumber": str(number),
                        "Keys": {"payload_id": {"S": PAYLOAD}, "task_token": {"S": name}},
                        "NewImage": {"any": {"S": "image"}},
                    },
                }
                for number, name in enumerate(taken)
            ],
        )


class Takers:
    """Step Functions that takes each token once."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    def send_task_success(self, taskToken: str, output: str) -> None:  # noqa: N803
        """Take an answer."""
        assert json.loads(output)["workflow_state"] == "SUCCEEDED"
        self.taken.append(taskToken)


def end_of_run(table: SlowTable) -> Callable[[], None]:
    """``update-state`` with ten seconds, on the slow table."""
    waits, states = WaitsTable(table, "callbacks"), StateTable(table, "state")  # type: ignore[arg-type]

    def handler(_: Any, __: Any) -> None:
        """Cirrus's handler as far as the hook notices it: a setter that writes."""
        owner, _states = installed.adapter().state_setters()
        setter = owner.__dict__["set_succeeded"]
        setter.setter = _Written()
        setter.__get__(None, owner)(PAYLOAD)

    wrapped = update_state(
        handler,
        services=lambda: Services(waits, states, HookClients()),
        clock=table.clock,
    )
    return lambda: wrapped({"detail": {"executionArn": RUN}}, None)


class _Written:
    """A setter that wrote."""

    def __get__(self, *_: Any) -> Any:
        return lambda payload_id, *_args: payload_id


def filled(count: int) -> SlowTable:
    """A table with so many waiters of one payload."""
    table = SlowTable()
    for number in range(count):
        token = f"token-{number:05}"
        row = Wait(PAYLOAD, token, workflow="w", registered_at=AT, waiting=shard(token))
        table.rows[token] = row.to_item()
    return table


def sender_of(table: SlowTable, client: Takers, has_time_left: Callable[[], bool]) -> Sender:
    """The sender of the table's rows."""
    answerer = Answerer(client, WaitsTable(table, "callbacks"), 60)  # type: ignore[arg-type]
    joins = plain_joins(answerer, StateTable(table, "state"))  # type: ignore[arg-type]
    return Sender(joins, EnabledWorkflows(None), has_time_left)


def test_a_thousand_waiters_cost_a_call_for_25() -> None:
    """Settled in 42 calls; read, answered and marked in 1,050."""
    table, client = filled(1000), Takers()
    waits, states = WaitsTable(table, "callbacks"), StateTable(table, "state")  # type: ignore[arg-type]
    ended = Ended(RUN, Outcome("SUCCEEDED", RUN))
    progress = settle_open_rows(waits, states, PAYLOAD, ended, has_time_left=lambda: True)
    assert progress.settled == 1000
    assert table.calls == {"Query": 1, "GetItem": 1, "BatchExecuteStatement": 40}
    table.calls.clear()
    assert sender_of(table, client, lambda: True).send(table.take_stream(1000)) == []
    assert table.calls == {"BatchGetItem": 10, "BatchExecuteStatement": 40}
    assert len(client.taken) == 1000
    assert all("answered_at" in row for row in table.rows.values())


def test_ten_thousand_waiters_are_all_answered() -> None:
    """What does not fit into update-state's ten seconds goes on in the sender, in rounds."""
    pytest.importorskip("cirrus", reason="no cirrus is installed")
    table, client = filled(WAITERS), Takers()
    owner, _ = installed.adapter().state_setters()
    from cirrus_callbacks_plugin.cirrus.observe import recording_final_states

    with recording_final_states(installed.adapter()):
        observed = owner.__dict__["set_succeeded"]
    original = observed.setter
    try:
        end_of_run(table)()
    finally:
        observed.setter = original
    settled = sum("settled_at" in row for name, row in table.rows.items() if name[0] != "#")
    assert 0 < settled < WAITERS
    assert "#continue" in table.rows

    rounds = 0
    while table.stream:
        rounds += 1
        assert rounds < 1000
        deadline = table.now + 2.0  # a sender with little time: it has to put it again
        sender = sender_of(table, client, lambda deadline=deadline: table.now < deadline)  # type: ignore[misc]
        assert sender.send(table.take_stream(1000)) == []
    assert len(client.taken) == len(set(client.taken)) == WAITERS
    assert all("answered_at" in row for row in table.rows.values())
    assert "#continue" not in table.rows
