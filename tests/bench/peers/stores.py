"""A deployment in memory: the simulation's stores, with DynamoDB's pages and its read units."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from bench.peers.units import MeteredTable, item_bytes
from simulation.fake_aws.dynamodb import DynamoDB
from simulation.fake_aws.queue import Queue
from simulation.fake_aws.stepfunctions import StepFunctions

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.local.deployment import Names

PAGE_BYTES = 1_048_576
"""Of a Query. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html"""
READ_UNIT_BYTES = 4096


@dataclass(slots=True)
class Stores:
    """The two tables, the process queue and Step Functions.

    Attributes:
        states: cirrus's state table.
        waits: the tracking table.
        executions: children's runs, and the tokens that wait.
        queue: from which a message's neighbours are deleted where it has to come again.
        read_units: what all reads have cost, in read request units.
    """

    states: MeteredTable
    waits: MeteredTable
    dynamodb: DynamoDB
    executions: StepFunctions
    queue: Queue
    read_units: float = 0.0

    @classmethod
    def of(cls, names: Names, workflow: str, keys: tuple[str, ...]) -> Stores:
        """An empty deployment.

        Args:
            names: of its tables.
            workflow: its one workflow.
            keys: key attributes of the tracking table.
        """
        states = MeteredTable(("collections_workflow", "itemids"))
        waits = MeteredTable(keys, has_stream=True, index=("waiting", "registered_at"))
        tables = {names.state_table: states, names.callbacks_table: waits}
        executions = StepFunctions(_now, machines={names.state_machine_arn(workflow)})
        queue = Queue(names.process_queue_arn, names.process_queue_url)
        return cls(states, waits, DynamoDB(dict(tables)), executions, queue)

    @property
    def write_units(self) -> int:
        """What all writes have cost, in write request units, the index's among them."""
        return self.states.units + self.waits.units

    def call(self, service: str, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Answer a call.

        Raises:
            FakeError: AWS refuses it.
        """
        if service == "stepfunctions":
            return self.executions.call(operation, request, "ok")
        if service == "sqs":
            return self.queue.call(operation, request, "ok")
        told = self.dynamodb.call(operation, request, "ok")
        if operation == "Query":
            told = self._page(request, told["Items"])
            self._count(request, [sum(map(item_bytes, told["Items"]))])
        elif operation == "GetItem":
            self._count(request, [item_bytes(told.get("Item", {}))])
        elif operation == "BatchGetItem":
            ((name, asked),) = request["RequestItems"].items()
            found = [item_bytes(item) for item in told["Responses"][name]]
            self._count(asked, found + [0] * (len(asked["Keys"]) - len(found)))
        return told

    def _page(self, request: dict[str, Any], found: list[dict[str, Any]]) -> dict[str, Any]:
        """Cut a Query's answer where DynamoDB cuts it."""
        keys = self.dynamodb.tables[request["TableName"]].keys
        if "IndexName" in request:
            keys = ("registered_at", *keys)

        def place(item: dict[str, Any]) -> tuple[str, ...]:
            return tuple(item[name]["S"] for name in keys)

        if "ExclusiveStartKey" in request:
            start = place(request["ExclusiveStartKey"])
            found = [item for item in found if place(item) > start]
        size = 0
        for number, item in enumerate(found):
            size += item_bytes(item)
            if size > PAGE_BYTES:
                last = found[number - 1]
                names = {*keys, "waiting"} if "IndexName" in request else {*keys}
                key = {name: value for name, value in last.items() if name in names}
                return {"Items": found[:number], "Count": number, "LastEvaluatedKey": key}
        return {"Items": found, "Count": len(found)}

    def _count(self, asked: dict[str, Any], sizes: list[int]) -> None:
        each = 1.0 if asked.get("ConsistentRead") else 0.5
        self.read_units += each * sum(max(1, math.ceil(size / READ_UNIT_BYTES)) for size in sizes)

    def end(self, arn: str, error: str | None = None) -> dict[str, Any]:
        """End a child's run, well unless an error is told, and describe it."""
        execution = self.executions.executions[arn]
        ended = (
            {"status": "SUCCEEDED", "output": execution.input}
            if error is None
            else {"status": "FAILED", "error": error, "cause": "it broke"}
        )
        self.executions.executions[arn] = replace(execution, stopped=_now(), **ended)
        return self.executions.executions[arn].describe()


def _now() -> datetime:
    return datetime.now(timezone.utc)
