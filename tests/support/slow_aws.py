"""A deployment as a reconciler's pass asks about it, on a clock that calls and pauses move.

DynamoDB and Step Functions, held in memory and answered at once: tens of thousands of rows
and hours of passes take seconds. Only what a pass calls is there; each call takes its time
on the fake clock and is noted with it. A pass's threads run one after the other here, since
a clock that several of them moved at once would count their pauses twice.
"""

from __future__ import annotations

import bisect
import threading
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from unittest import mock

from botocore.exceptions import ClientError

from cirrus_callbacks_plugin.aws import side_by_side as concurrency
from cirrus_callbacks_plugin.aws.pacing import Pace
from cirrus_callbacks_plugin.cirrus.state_table import StateKey, StateTable
from cirrus_callbacks_plugin.config import ReconcilerSettings
from cirrus_callbacks_plugin.lambda_functions import reconciler
from cirrus_callbacks_plugin.protocol.answer import Answerer
from cirrus_callbacks_plugin.reconcile import passes
from cirrus_callbacks_plugin.reconcile.passes import Paces, Pass
from cirrus_callbacks_plugin.reconcile.runs import (
    DESCRIBES_PER_SECOND,
    LISTS_PER_SECOND,
    Runs,
)
from cirrus_callbacks_plugin.waits.row import Key, Wait, shard, timestamp
from cirrus_callbacks_plugin.waits.table import WaitsTable
from support.plain_joins import plain_joins

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from cirrus_callbacks_plugin.reconcile.summary import Summary

START = datetime(2024, 6, 1, 12, tzinfo=timezone.utc)
MACHINE = "arn:aws:states:us-west-2:1:stateMachine:x-w"
SECONDS_A_CALL = 0.005
INDEX_PAGE = 2500
"""Keys on a page of the index, each of some 400 bytes: 1 MB."""


def execution(name: str) -> str:
    """The ARN of a run."""
    return MACHINE.replace(":stateMachine:", ":execution:") + ":" + name


class Clock:
    """Seconds since the start; sleeping and calling move it."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._lock = threading.Lock()

    def __call__(self) -> float:
        """The time, in seconds."""
        return self.seconds

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        with self._lock:
            self.seconds += seconds

    def now(self) -> datetime:
        """The time of day."""
        return START + timedelta(seconds=self.seconds)


@dataclass
class StepFunctions:
    """Runs by ARN: ``RUNNING``, another status, or absent; and tokens that take answers."""

    clock: Clock
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    calls: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    described: list[str] = field(default_factory=list)
    unlisted: set[str] = field(default_factory=set)
    _running: list[str] = field(default_factory=list)

    def _called(self, operation: str) -> None:
        self.calls[operation].append(self.clock())
        self.clock.sleep(SECONDS_A_CALL)

    def list_executions(self, **request: Any) -> dict[str, Any]:
        """A page of the running executions of one machine, the latest first."""
        self._called("ListExecutions")
        assert request["statusFilter"] == "RUNNING"
        machine = request["stateMachineArn"]
        if machine in self.unlisted:
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "ListExecutions")
        prefix = machine.replace(":stateMachine:", ":execution:") + ":"
        if "nextToken" not in request:
            self._running = [
                arn
                for arn, run in reversed(self.runs.items())
                if run["status"] == "RUNNING" and arn.startswith(prefix)
            ]
        found = self._running
        size, start = request["maxResults"], int(request.get("nextToken", 0))
        page: dict[str, Any] = {
            "executions": [{"executionArn": arn} for arn in found[start : start + size]],
        }
        if start + size < len(found):
            page["nextToken"] = str(start + size)
        return page

    def describe_execution(self, executionArn: str) -> dict[str, Any]:  # noqa: N803
        """One run."""
        self._called("DescribeExecution")
        self.described.append(executionArn)
        if executionArn not in self.runs:
            raise ClientError({"Error": {"Code": "ExecutionDoesNotExist"}}, "DescribeExecution")
        return self.runs[executionArn]

    def send_task_heartbeat(self, taskToken: str) -> None:  # noqa: N803
        """A heartbeat."""
        self._called("SendTaskHeartbeat")
        if taskToken in self.gone:
            raise ClientError({"Error": {"Code": "TaskTimedOut"}}, "SendTaskHeartbeat")

    def send_task_success(self, **_: str) -> None:
        """An answer."""
        self._called("SendTaskSuccess")

    def send_task_failure(self, **_: str) -> None:
        """An answer."""
        self._called("SendTaskFailure")


@dataclass
class DynamoDB:
    """The two tables: rows by key, and records by their key."""

    clock: Clock
    rows: dict[Key, dict[str, Any]] = field(default_factory=dict)
    records: dict[StateKey, dict[str, Any]] = field(default_factory=dict)
    calls: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    shards: list[str] = field(default_factory=list)
    changes: int = 0
    _index: dict[str, list[_Place]] = field(default_factory=dict)
    _index_of: tuple[int, int] = (-1, -1)

    def _called(self, operation: str, table: str) -> None:
        self.calls[f"{operation} {table}"].append(self.clock())
        self.clock.sleep(SECONDS_A_CALL)

    def query(self, **request: Any) -> dict[str, Any]:
        """A page of one shard of the index, or how many entries it has; or a payload's rows."""
        if "IndexName" not in request:
            return self._partition(request)
        self._called("Query", "callbacks")
        asked = request["ExpressionAttributeValues"][":shard"]["S"]
        self.shards.append(asked)
        index = self._indexed()[asked]
        since = request["ExpressionAttributeValues"].get(":since", {"S": ""})["S"]
        start = bisect.bisect_left(index, (since,))
        if "ExclusiveStartKey" in request:
            key = request["ExclusiveStartKey"]
            assert key["waiting"]["S"] == asked
            place = (key["registered_at"]["S"], key["payload_id"]["S"], key["task_token"]["S"])
            start = bisect.bisect_right(index, place)
        found = index[start : start + INDEX_PAGE]
        page: dict[str, Any] = {"Count": len(found)}
        if request.get("Select") == "COUNT":
            keys = [Key(payload_id, token) for _, payload_id, token in found]
            page["Count"] = sum(not each.is_reserved and not each.is_member for each in keys)
        else:
            page["Items"] = [_index_item(asked, place) for place in found]
        if start + INDEX_PAGE < len(index):
            page["LastEvaluatedKey"] = _index_item(asked, found[-1])
        return page

    def _partition(self, request: dict[str, Any]) -> dict[str, Any]:
        """The open rows of one payload: a single page."""
        self._called("Query of a partition", "callbacks")
        assert request["ConsistentRead"]
        assert "attribute_not_exists(settled_at)" in request["FilterExpression"]
        asked = request["ExpressionAttributeValues"][":payload_id"]["S"]
        rows = [row for key, row in self.rows.items() if key.payload_id == asked]
        closed = ("settled_at", "answered_at")
        return {"Items": [row for row in rows if not any(name in row for name in closed)]}

    def _indexed(self) -> dict[str, list[_Place]]:
        """The index, built again where rows have come or gone."""
        if self._index_of != (self.changes, len(self.rows)):
            index: dict[str, list[_Place]] = {number: [] for number in "01234567"}
            for key, row in self.rows.items():
                if "waiting" in row:
                    place = (row["registered_at"]["S"], key.payload_id, key.task_token)
                    index[row["waiting"]["S"]].append(place)
            for places in index.values():
                places.sort()
            self._index, self._index_of = index, (self.changes, len(self.rows))
        return self._index

    def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        """Rows or records by key."""
        ((table, asked),) = RequestItems.items()
        assert asked["ConsistentRead"]
        assert len(asked["Keys"]) <= 100
        self._called("BatchGetItem", table)
        if table == "callbacks":
            keys = [Key.from_item(item) for item in asked["Keys"]]
            found = [self.rows[key] for key in keys if key in self.rows]
        else:
            states = [_state_key(item) for item in asked["Keys"]]
            found = [self.records[key] for key in states if key in self.records]
        return {"Responses": {table: found}}

    def describe_table(self, TableName: str) -> dict[str, Any]:  # noqa: N803
        """The index's count of its entries."""
        self._called("DescribeTable", TableName)
        waiting = sum(map(len, self._indexed().values()))
        return {
            "Table": {"GlobalSecondaryIndexes": [{"IndexName": "waiting", "ItemCount": waiting}]}
        }

    def get_item(self, Key: dict[str, Any], **request: Any) -> dict[str, Any]:  # noqa: N803
        """One record."""
        assert request["ConsistentRead"]
        self._called("GetItem", request["TableName"])
        item = self.records.get(_state_key(Key))
        return {} if item is None else {"Item": item}

    def update_item(self, **request: Any) -> dict[str, Any]:
        """Apply an update; its condition holds, since one pass runs at a time."""
        self._called("UpdateItem", "callbacks")
        key = Key.from_item(request["Key"])
        row = dict(self.rows.get(key) or key.to_item())
        expression, _, removed = request["UpdateExpression"].partition(" REMOVE ")
        for assignment in expression.removeprefix("SET ").split(", "):
            alias, _, value = assignment.partition(" = ")
            name = request["ExpressionAttributeNames"][alias]
            row[name] = request["ExpressionAttributeValues"][value]
        if removed:
            row.pop(removed)
            self.changes += 1
        self.rows[key] = row
        return {}


_Place = tuple[str, ...]
"""An entry of the index: when it was registered, and its key."""


def _index_item(shard_name: str, place: _Place) -> dict[str, Any]:
    registered_at, payload_id, task_token = place
    return {
        "waiting": {"S": shard_name},
        "registered_at": {"S": registered_at},
        "payload_id": {"S": payload_id},
        "task_token": {"S": task_token},
    }


def _state_key(item: dict[str, Any]) -> StateKey:
    return StateKey(item["collections_workflow"]["S"], item["itemids"]["S"])


class SlowAws:
    """The deployment, and the schedule that starts one pass after the other."""

    def __init__(self, interval: float = 300.0) -> None:
        self.clock = Clock()
        self.interval = interval
        self.stepfunctions = StepFunctions(self.clock)
        self.dynamodb = DynamoDB(self.clock)
        self.passes = 0
        self.seconds_taken = 0.0

    def add(self, rows: Iterable[Wait]) -> None:
        """Put rows, each with its shard."""
        for row in rows:
            placed = replace(row, waiting=shard(row.task_token))
            self.dynamodb.rows[placed.key] = placed.to_item()
        self.dynamodb.changes += 1

    def add_many(self, model: Wait, payloads_and_tokens: Iterable[tuple[str, str]]) -> None:
        """Put rows that are alike but for payload and token, many times faster."""
        item = model.to_item()
        for payload_id, token in payloads_and_tokens:
            self.dynamodb.rows[Key(payload_id, token)] = {
                **item,
                "payload_id": {"S": payload_id},
                "task_token": {"S": token},
                "waiting": {"S": shard(token)},
            }
        self.dynamodb.changes += 1

    def record(self, payload_id: str, state: str, *runs: str) -> None:
        """Put a record."""
        key = StateKey.of(payload_id)
        assert key is not None
        self.dynamodb.records[key] = {
            **key.to_item(),
            "state_updated": {"S": f"{state}_2024"},
            "executions": {"L": [{"S": run} for run in runs]},
        }

    def run(self, arn: str, status: str, *, stopped: float | None = None) -> None:
        """Let Step Functions know a run; it stopped at a second of the clock."""
        told: dict[str, Any] = {"status": status, "startDate": START - timedelta(hours=30)}
        if stopped is not None:
            told["stopDate"] = START + timedelta(seconds=stopped)
        self.stepfunctions.runs[arn] = told

    def open_rows(self) -> list[Wait]:
        """The rows that are not answered."""
        rows = [
            Wait.from_item(item)
            for key, item in self.dynamodb.rows.items()
            if not key.is_reserved and "answered_at" not in item
        ]
        return [row for row in rows if not row.is_answered]

    def one_pass(
        self,
        *,
        redelivery: float = 5400,
        heartbeat: bool = False,
        cycles: bool = False,
        pass_type: type[Pass] = Pass,
    ) -> Summary:
        """The next pass, at its time; with the paces and the budget of the lambda."""
        number = self.passes = self.passes + 1
        began = number * self.interval
        assert self.clock() <= began, "the last pass has not ended yet"
        self.clock.seconds = began
        ends = began + self.interval - reconciler.MARGIN_SECONDS
        answerer = Answerer(
            client=self.stepfunctions,  # type: ignore[arg-type]
            waits=WaitsTable(self.dynamodb, "callbacks", self.clock.now),  # type: ignore[arg-type]
            retention_days=60,
        )
        one_pass = pass_type(
            joins=plain_joins(answerer, StateTable(self.dynamodb, "state")),  # type: ignore[arg-type]
            runs=Runs(
                self.stepfunctions,  # type: ignore[arg-type]
                self._pace(LISTS_PER_SECOND),
                self._pace(DESCRIBES_PER_SECOND),
            ),
            paces=Paces(
                self._pace(reconciler.RECORD_READS_PER_SECOND),
                self._pace(reconciler.ANSWERS_PER_SECOND),
                self._pace(reconciler.ANSWERS_PER_SECOND),
            ),
            settings=ReconcilerSettings(
                redelivery=timedelta(seconds=redelivery),
                heartbeat=heartbeat,
                cycles=cycles,
            ),
            clock=self.clock.now,
            seconds_left=lambda: ends - self.clock(),
            number=number,
        )

        def walks(work: Callable[[Any], Any], things: Sequence[Any]) -> list[Any]:
            """Side by side: each on the clock as it was, which ends with the slowest."""
            at, results, last = self.clock.seconds, [], 0.0
            for thing in things:
                self.clock.seconds = at
                results += concurrency.run_side_by_side(work, [thing])
                last = max(last, self.clock.seconds)
            self.clock.seconds = last
            return results

        with (
            mock.patch.object(concurrency, "ThreadPoolExecutor", Inline),
            mock.patch.object(passes, "run_side_by_side", walks),
        ):
            summary = one_pass.run()
        self.seconds_taken = self.clock() - began
        return summary

    def _pace(self, per_second: float) -> Pace:
        return Pace(per_second, self.clock, self.clock.sleep)


class Inline:
    """In the place of a pool of threads."""

    def __init__(self, max_workers: int) -> None:
        del max_workers

    def __enter__(self) -> Inline:  # noqa: PYI034 - Self needs Python 3.11
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def map(self, work: Callable[[Any], Any], things: Iterable[Any]) -> Iterator[Any]:
        """One after the other."""
        return map(work, things)


def waiting_since(seconds: float, payload_id: str, **fields: Any) -> Wait:
    """A row registered so many seconds before the start."""
    return Wait(
        payload_id,
        fields.pop("token", f"token-{payload_id}"),
        workflow="w",
        cirrus_version="2.0.0",
        registered_at=timestamp(START - timedelta(seconds=seconds)),
        **fields,
    )


def most_in_a_second(times: Iterable[float]) -> int:
    """How many calls at most fell into a second, wherever it begins."""
    ordered = sorted(times)
    most = first = 0
    for last, time in enumerate(ordered):
        while time - ordered[first] >= 1 - 1e-6:
            first += 1
        most = max(most, last - first + 1)
    return most


def running(aws: SlowAws, payload_id: str = "c/workflow-w/one") -> Wait:
    """A run that goes on, and is listed."""
    name = payload_id.rpartition("/")[2]
    aws.record(payload_id, "PROCESSING", execution(name))
    aws.run(execution(name), "RUNNING")
    waits = waiting_since(1000, payload_id)
    aws.add([waits])
    return waits
