"""What really happened, noted call by call: answers are judged by it afterwards.

What a payload went through stands in the simulation's own :class:`Ghost`, one a payload.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moto.dynamodb.models import dynamodb_backends

from bench.soak.calls import Call, accepted, json_error
from cirrus_callbacks_plugin.waits.row import Key
from simulation.ghost import Ghost
from simulation.independence import WRITING, keys_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.soak.invocations import Invocation
    from bench.soak.plan import Message
    from cirrus_callbacks_plugin.local.deployment import Names

ANSWERS = {"SendTaskSuccess": "success", "SendTaskFailure": "failure"}


@dataclass(frozen=True, slots=True)
class Told:
    """An answer that was accepted.

    Attributes:
        answer: ``success`` or ``failure``.
        error: the error's name, None with a success.
        content: the output, or the cause.
        at: when; seconds of the monotonic clock.
        by: the function that sent it.
    """

    answer: str
    error: str | None
    content: dict[str, Any]
    at: float
    by: str


@dataclass(slots=True)
class Waiter:
    """One token, and what became of it.

    Attributes:
        message: the message that carries it.
        token: itself.
        payload_id: the payload of its row, once there is one.
        registered: when its row was put; seconds of the monotonic clock.
        settled_by: the function that settled it.
        told: the answer that was accepted.
        extra: SendTask* calls for it afterwards.
    """

    message: Message
    token: str
    payload_id: str | None = None
    registered: float | None = None
    settled_by: str | None = None
    told: Told | None = None
    extra: int = 0


@dataclass
class Notes:
    """The notes of one soak; calls are noted one at a time."""

    names: Names
    step: int = 0
    ghosts: dict[str, Ghost] = field(default_factory=dict)
    waiters: dict[str, Waiter] = field(default_factory=dict)
    by_key: dict[str, Waiter] = field(default_factory=dict)
    ended: dict[str, float] = field(default_factory=dict)
    leaks: list[str] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    new_runs: deque[tuple[str, str]] = field(default_factory=deque)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def expect(self, message: Message, token: str) -> None:
        """Somebody waits with this token."""
        with self.lock:
            if token not in self.waiters:
                waiter = self.waiters[token] = Waiter(message, token)
                self.by_key[Key.of("", token).task_token] = waiter

    @property
    def answered(self) -> int:
        """How many have been told."""
        with self.lock:
            return sum(waiter.told is not None for waiter in self.waiters.values())

    def ghost(self, payload_id: str) -> Ghost:
        """A payload's ghost, at the present step."""
        ghost = self.ghosts.setdefault(payload_id, Ghost())
        ghost.step = self.step
        return ghost

    # --- answers ---------------------------------------------------------------------

    def answered_here(self, call: Call | None, invocation: Invocation | None, url: str) -> Any:
        """The answer to SendTask* for a token behind which no execution stands.

        Each takes one answer. None: the call is moto's to answer.
        """
        if call is None or invocation is None or call.operation not in ANSWERS:
            return None
        waiter = self.waiters.get(call.request["taskToken"])
        if waiter is None:
            return None
        if waiter.told is not None:
            waiter.extra += 1
        if waiter.message.by_parent:
            return None
        if waiter.told is not None:
            return json_error(url, "TaskTimedOut", "Task Timed Out: it is closed")
        return accepted(url)

    def took_effect(self, call: Call, invocation: Invocation | None) -> None:
        """A call succeeded."""
        if invocation is None:
            return
        self.calls[f"{call.service} {call.operation}"] += 1
        if call.operation in WRITING and call.table == self.names.state_table:
            self._saw_record(call, invocation)
        elif call.operation in WRITING and call.table == self.names.callbacks_table:
            self._saw_rows(call, invocation)
        elif call.operation == "StartExecution":
            self._saw_start(call, invocation)
        elif call.operation in ANSWERS:
            self._saw_answer(call, invocation)

    def _saw_answer(self, call: Call, invocation: Invocation) -> None:
        request = call.request
        waiter = self.waiters.get(request["taskToken"])
        if waiter is not None and waiter.told is None:
            waiter.told = Told(
                answer=ANSWERS[call.operation],
                error=request.get("error"),
                content=json.loads(request.get("output") or request.get("cause") or "{}"),
                at=time.monotonic(),
                by=invocation.function,
            )

    # --- the two tables --------------------------------------------------------------

    def _images(self, call: Call) -> Iterator[tuple[dict[str, Any], dict[str, Any] | None]]:
        """The key of each row that a write is about, and the item as it is now."""
        backend = dynamodb_backends[self.names.account][self.names.region]
        table = backend.get_table(call.table)
        for named in keys_of(call.request)[1]:
            key = {name: named[name] for name in (table.hash_key_attr, table.range_key_attr)}
            item = backend.get_item(call.table, key)
            yield key, None if item is None else item.to_json()["Attributes"]

    def _saw_record(self, call: Call, invocation: Invocation) -> None:
        ((key, item),) = self._images(call)
        if item is None:
            return
        self.step += 1
        collections, _, workflow = key["collections_workflow"]["S"].rpartition("_")
        payload_id = f"{collections}/workflow-{workflow}/{key['itemids']['S']}"
        sets_state = "state_updated" in repr(call.request)
        self.ghost(payload_id).see_record(
            item["state_updated"]["S"].partition("_")[0] if sets_state else None,
            tuple(each["S"] for each in item.get("executions", {}).get("L", ())),
            invocation.about,
        )

    def _saw_rows(self, call: Call, invocation: Invocation) -> None:
        for key, item in self._images(call):
            self._saw_row(key, item, invocation)

    def _saw_row(
        self, key: dict[str, Any], item: dict[str, Any] | None, invocation: Invocation
    ) -> None:
        waiter = self.by_key.get(key["task_token"]["S"])
        if item is None or waiter is None:
            return
        self.step += 1
        payload_id = key["payload_id"]["S"]
        ghost = self.ghost(payload_id)
        ghost.see_rows([item], invocation.begun, invocation.function)
        if waiter.registered is None:
            waiter.registered, waiter.payload_id = time.monotonic(), payload_id
        if "settled_at" in item and waiter.settled_by is None:
            waiter.settled_by = invocation.function

    # --- executions ------------------------------------------------------------------

    def _saw_start(self, call: Call, invocation: Invocation) -> None:
        machine = call.request["stateMachineArn"].replace(":stateMachine:", ":execution:")
        arn = f"{machine}:{call.request['name']}"
        payload_id = str(json.loads(call.request["input"])["id"])
        ghost = self.ghost(payload_id)
        known = ghost.runs.get(arn)
        if known is None or known.started is None:
            self.step += 1
            ghost.step = self.step
            ghost.started(
                arn,
                0,
                invocation.messages.get(payload_id, ()),
                is_replacement=payload_id in invocation.replaced,
            )
            self.new_runs.append((payload_id, arn))

    def run_ends(self, payload_id: str, arn: str, result: str) -> None:
        """A run is about to end."""
        with self.lock:
            self.step += 1
            self.ghost(payload_id).ended(arn, result)
            self.ended[arn] = time.monotonic()
