"""The hooks on parts of their own: two tables in memory, and a cirrus of a few lines."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.cirrus.adapter import Identity
from cirrus_callbacks_plugin.cirrus.generations import V2
from cirrus_callbacks_plugin.cirrus.state_table import StateKey
from cirrus_callbacks_plugin.errors import UnacceptablePayload
from support.each_alone import SettlesEach

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from cirrus_callbacks_plugin.cirrus.state_table import Record
    from cirrus_callbacks_plugin.waits.outcome import Outcome
    from cirrus_callbacks_plugin.waits.row import Key, Wait

NOW = "2024-06-01T00:00:00.000000+00:00"
QUEUE = "arn:aws:sqs:us-west-2:123456789012:process"


def payload_id(item: str = "i") -> str:
    """A payload's id."""
    return f"c/workflow-w/{item}"


def message(item: str = "i", token: str | None = None, **more: Any) -> dict[str, Any]:
    """A message of the process queue; more keys of its payload."""
    record: dict[str, Any] = {
        "messageId": f"m-{item}",
        "receiptHandle": f"r-{item}",
        "eventSourceARN": QUEUE,
        "body": json.dumps({"id": payload_id(item), **more}),
    }
    if token is not None:
        record["messageAttributes"] = {
            "cirrus-task-token": {"dataType": "String", "stringValue": token},
            "cirrus-waiter-payload-id": {"dataType": "String", "stringValue": f"who-{token}"},
            "cirrus-waiter-execution-arn": {"dataType": "String", "stringValue": f"arn-{token}"},
        }
    return record


@dataclass
class Rows(SettlesEach):
    """The tracking table: what was put and settled, and what calls meet."""

    there: dict[Key, Wait] = field(default_factory=dict)
    put: list[Wait] = field(default_factory=list)
    settled: list[tuple[str, Outcome]] = field(default_factory=list)
    noted: list[tuple[str, str]] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    meets: dict[str, bool | Exception] = field(default_factory=dict)
    """By token: what a put or an update of its row meets; False: somebody was first."""

    def now(self) -> str:
        """It is always the same time."""
        return NOW

    def register(self, row: Wait) -> Wait:
        """Put if absent."""
        result = self.meets.get(row.task_token)
        if isinstance(result, Exception):
            raise result
        self.put.append(row)
        return self.there.get(row.key, row)

    def note_run(self, key: Key, execution_arn: str) -> bool:
        """Note a run, if open."""
        self.noted.append((key.task_token, execution_arn))
        result = self.meets.get(f"run of {key.task_token}", True)
        if isinstance(result, Exception):
            raise result
        return result

    def settle(self, key: Key, outcome: Outcome, *, noted_run: str | None = None) -> bool:
        """Update if open."""
        self.forgotten += [noted_run] if noted_run and not outcome.execution_arn else []
        result = self.meets.get(key.task_token, True)
        if isinstance(result, Exception):
            raise result
        self.settled.append((key.task_token, outcome))
        return result


@dataclass
class Records:
    """The state table; what it says is changed by what runs in cirrus's place."""

    there: dict[str, Record] = field(default_factory=dict)
    reads: list[set[StateKey]] = field(default_factory=list)
    error: Exception | None = None
    rounds: int = 1
    """Calls that a read takes; more than one where keys are left unprocessed at first."""

    def read(
        self,
        keys: Collection[StateKey],
        before_call: Callable[[], None],
    ) -> dict[StateKey, Record]:
        """One consistent read of many."""
        for _ in range(self.rounds):
            before_call()
        self.reads.append(set(keys))
        if self.error is not None:
            raise self.error
        by_key = {StateKey.of(each): found for each, found in self.there.items()}
        return {key: by_key[key] for key in keys if key in by_key}


class StateDB:
    """Cirrus's, as far as it is noticed."""

    def set_failed(self, payload_id: str, msg: str) -> None:
        """A run could not be started."""

    def set_completed(self, payload_id: str) -> None:
        """A run ended well."""


class Cirrus:
    """What the hooks ask of the installed cirrus."""

    version = "2.0.0"
    generation = V2

    def extract(self, given: Any) -> Any:
        """The payload in a message."""
        return json.loads(given["body"]) if "body" in given else given

    def identify(self, payload: Any) -> Identity:
        """The payload's id; one that is to be refused says so."""
        if "refuse" in payload:
            raise UnacceptablePayload(payload["refuse"])
        return Identity(payload["id"], payload.get("replace", False), payload.get("workflow"))

    def deliverable(self, given: Any, payload: Any) -> Any:
        """The record itself, but of a payload that asks for another form."""
        return {**given, "body": payload["as"]} if "as" in payload else given

    def reads_back(self, payload_id: str) -> bool:
        """True where the record under the id's key is the payload's own."""
        return "_" not in payload_id

    def output_url(self, payload_id: str, execution_arn: str) -> str:
        """Where a run's output is."""
        return f"s3://out/{payload_id}/{execution_arn}"

    def state_setters(self) -> tuple[type, Mapping[str, str]]:
        """The seam at which states are noticed."""
        return StateDB, {"set_failed": "FAILED", "set_completed": "SUCCEEDED"}


class Queue:
    """SQS: which messages were deleted."""

    meta = SimpleNamespace(endpoint_url="https://sqs.example")

    def __init__(self) -> None:
        self.deleted: list[str] = []

    def delete_message_batch(self, **given: Any) -> dict[str, Any]:
        """Delete them."""
        self.deleted += [each["ReceiptHandle"] for each in given["Entries"]]
        return {}


class Objects:
    """S3: bodies by key, and errors."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes | Exception] = {}

    def get_object(self, **given: Any) -> dict[str, Any]:
        """One object, in two parts."""
        body = self.bodies[given["Key"]]
        if isinstance(body, Exception):
            raise body
        parts = (body[:3], body[3:])
        return {"Body": SimpleNamespace(iter_chunks=lambda _: iter(parts))}


@dataclass
class Parts:
    """All of it, in the place of the hooks' services."""

    waits: Rows = field(default_factory=Rows)
    states: Records = field(default_factory=Records)
    clients: SimpleNamespace = field(
        default_factory=lambda: SimpleNamespace(sqs=Queue(), s3=Objects())
    )
