"""One simulated deployment: its stores, its invocations, and what may happen next."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import greenlet

from cirrus_callbacks_plugin.cirrus.state_table import StateKey
from cirrus_callbacks_plugin.joins.rows import join_id_of
from simulation import independence, possible
from simulation.actors import Actor, Answer, Call, Code, Crash
from simulation.fake_aws.client import handle_with
from simulation.fake_aws.dynamodb import DynamoDB, Table
from simulation.fake_aws.errors import FakeError, Unanswered
from simulation.fake_aws.queue import Bucket, Queue, Topic
from simulation.fake_aws.stepfunctions import Execution, StepFunctions
from simulation.ghost import JOIN, Ghost
from simulation.join_ghost import JoinGhost, member_of
from simulation.join_independence import things_of
from simulation.join_request import FILLING, LIST_KEY
from simulation.scenario import (
    BY_HAND,
    EVENT_TRIES,
    OLD_RUN,
    PAYLOAD_ID,
    PREFIX,
    REPLACEMENT,
    WORKFLOW,
    Scenario,
    first_run,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from simulation.clock import Clock
    from simulation.join_independence import Things
    from simulation.join_request import Join
    from simulation.possible import Option
    from simulation.scenario import Sent
    from simulation.system import System

STATE_TABLE = "sim-state"
BUCKET = "sim-payloads"
WAITS_TABLE = "sim-callbacks"
QUEUE_ARN = "arn:aws:sqs:us-west-2:123456789012:sim-process"
QUEUE_URL = "https://sqs.us-west-2.amazonaws.com/123456789012/sim-process"


@dataclass(frozen=True, slots=True)
class Event:
    """The event of a run's end.

    Attributes:
        left: how often it may still be delivered.
        tries: how often ``update-state`` was invoked with it.
    """

    left: int
    tries: int = 0


MAX_CLOSING_PASSES = 8


@dataclass
class World:
    """A deployment under a scheduler.

    Attributes:
        scenario, system, clock: what it is made of.
        actors: all invocations, by number.
        trace: what happened, a line each.
        ghost: what really happened; where there are joins, of all payloads together.
        ghosts: the same by payload, and by join for its own wait.
        joins: what happened to each join, by its id.
        is_disturbed: something was lost that only the reconciler can make up for.
        sender_faults: how often a sender died, or a call was refused to it.
        may_repeat: an answer may have been sent twice.
        stream_position: up to where the stream was read, by lane (``lanes``).
        held: messages that an invocation holds.
        begun: the step at which each invocation began.
        rested: in a world of cycles, the step at which a whole pass was through at the end.
    """

    scenario: Scenario
    system: System
    clock: Clock
    actors: list[Actor] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)
    ghost: Ghost = field(default_factory=Ghost)
    ghosts: dict[str, Ghost] = field(default_factory=dict)
    joins: dict[str, JoinGhost] = field(default_factory=dict)
    faults_left: int = 0
    passes_left: int = 0
    advances_left: int = 0
    deletions_left: int = 0
    redrives_left: int = 0
    losses_left: int = 0
    lost_records_left: int = 0
    list_changes_left: int = 0
    slow_left: int = 0
    sender_faults: int = 0
    events: dict[str, Event] = field(default_factory=dict)
    is_disturbed: bool = False
    may_repeat: bool = False
    is_answering: bool = False
    stream_position: dict[str, int] = field(default_factory=dict)
    is_closing: bool = False
    held: dict[int, tuple[int, ...]] = field(default_factory=dict)
    _batch: dict[int, tuple[str, int, int]] = field(default_factory=dict)
    begun: dict[int, int] = field(default_factory=dict)
    rested: int = 0
    _first: dict[int, int] = field(default_factory=dict)
    _first_with: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.clock.reset()
        self.states = Table(("collections_workflow", "itemids"))
        self.waits = Table(("payload_id", "task_token"), has_stream=True)
        self.dynamodb = DynamoDB({STATE_TABLE: self.states, WAITS_TABLE: self.waits})
        self.sfn = StepFunctions(lambda: self.clock.now)
        self.queue = Queue(QUEUE_ARN, QUEUE_URL, most_bytes=self.scenario.most_bytes)
        self.bucket = Bucket()
        self.topic = Topic()
        self.services = self._services()
        self._set_batches()
        self.faults_left = self.scenario.faults
        self.passes_left = self.scenario.passes
        self.advances_left = self.scenario.advances
        self.deletions_left = self.scenario.deletions
        self.redrives_left = self.scenario.redrives
        self.losses_left = self.scenario.losses + self.scenario.dead_letters
        self.lost_records_left = self.scenario.lost_records
        self.list_changes_left = self.scenario.list_changes
        self.slow_left = self.scenario.slow_expansions
        self.ghosts = dict.fromkeys(self.scenario.payload_ids, self.ghost)
        if self.scenario.can_start:
            self.sfn.machines.add(PREFIX + WORKFLOW)
        self._begin()
        handle_with(self._call, self._upload, _is_repeating)

    def _set_batches(self) -> None:
        """Two rows make a batch where the scenario has batches."""
        self.system.batch(2 if self.scenario.batches else None)

    def _services(self) -> dict[str, Any]:
        return {
            "dynamodb": self.dynamodb,
            "stepfunctions": self.sfn,
            "sqs": self.queue,
            "s3": self.bucket,
            "sns": self.topic,
        }

    def _begin(self) -> None:
        if self.scenario.has_parts:
            self.ghosts = {each: self.ghost.beside() for each in self.scenario.payload_ids}
        if self.scenario.has_joins:
            self._begin_joins()
        for payload_id in self.scenario.running:
            self._first_runs(payload_id)
        before = self.scenario.before
        if before is not None:
            self._old_run(before)
        for sent in self.scenario.messages:
            attributes: dict[str, Any] = {}
            if sent.token is not None:
                self.sfn.tokens.add(sent.token)
                attributes = _attributes(sent)
            self.queue.send("no JSON" if sent.is_garbage else self._body(sent), attributes)
        self.clock.advance(timedelta(hours=1))

    def _begin_joins(self) -> None:
        """Notes apart for each join; what requests refer to lies in S3."""
        for sent in self.scenario.messages:
            if sent.join is None or sent.token is None:
                continue
            join_id = join_id_of(sent.token)
            self.joins[join_id] = JoinGhost(join_id)
            self.ghosts[join_id] = self.ghost.beside()
            self.bucket.objects[LIST_KEY] = json.dumps(self._members(sent.join)).encode()
            for member in sent.join.members:
                payload = json.dumps(self._payload(member.payload_id)).encode()
                self.bucket.objects[member.object_key] = payload

    def _members(self, join: Join) -> list[Any]:
        written: list[Any] = []
        for member in join.members:
            if member.kind == "attached":
                written.append({"payload_id": member.payload_id})
            elif member.kind == "reference":
                written.append({"url": f"s3://{BUCKET}/{member.object_key}"})
            else:
                filling = {"filling": FILLING} if member.is_large else {}
                written.append({**self._payload(member.payload_id), **filling})
        return written

    def _body(self, sent: Sent) -> str:
        if sent.join is not None:
            return json.dumps(sent.join.body(BUCKET, self._members(sent.join)))
        return json.dumps(self._payload(sent.payload_id, replace=sent.replace))

    def _old_run(self, state: str) -> None:
        now = self.clock.now
        running = state == "PROCESSING"
        listed = [OLD_RUN]
        payload_id = self.scenario.before_id or PAYLOAD_ID
        key = _key_of(payload_id).to_item()
        execution = self._execution(OLD_RUN, payload_id, now - timedelta(minutes=10))
        if not running:
            result = {"SUCCEEDED": "SUCCEEDED", "ABORTED": "ABORTED"}.get(state, "FAILED")
            self._stop(execution, result, invalid=state == "INVALID")
            self.events[OLD_RUN] = Event(self.scenario.old_events)
        else:
            self.events[OLD_RUN] = Event(self.scenario.events + self.scenario.old_events)
        if self.scenario.is_redriven:
            self._execution(REPLACEMENT, payload_id, now - timedelta(minutes=5))
            self.events[REPLACEMENT] = Event(self.scenario.events)
            listed.append(REPLACEMENT)
        item: dict[str, Any] = {
            **key,
            "created": {"S": now.isoformat()},
            "updated": {"S": now.isoformat()},
            "state_updated": {"S": f"{state}_{now.isoformat()}"},
            "executions": {"L": [{"S": arn} for arn in listed]},
        }
        if state in ("FAILED", "INVALID"):
            item["last_error"] = {"S": "it broke"}
        self.states.items[self.states.key(key)] = item
        ghost = self.ghosts[payload_id] if self.scenario.has_parts else self.ghost
        for arn in listed:
            ghost.begin(state, arn, ended=not running, foreign=self.scenario.shares_key)

    def _first_runs(self, payload_id: str) -> None:
        """A run that goes on, as the state table tells it."""
        now, run = self.clock.now, first_run(payload_id)
        key = _key_of(payload_id).to_item()
        self._execution(run, payload_id, now - timedelta(minutes=10))
        self.events[run] = Event(self.scenario.events)
        self.states.items[self.states.key(key)] = {
            **key,
            "created": {"S": now.isoformat()},
            "updated": {"S": now.isoformat()},
            "state_updated": {"S": f"PROCESSING_{now.isoformat()}"},
            "executions": {"L": [{"S": run}]},
        }
        self.ghosts[payload_id].begin("PROCESSING", run, ended=False, foreign=False)

    def _execution(self, arn: str, payload_id: str, started: datetime) -> Execution:
        execution = Execution(
            arn=arn,
            name=arn.rpartition(":")[2],
            machine=PREFIX + WORKFLOW,
            input=json.dumps(self._payload(payload_id)),
            started=started,
        )
        self.sfn.executions[arn] = execution
        return execution

    def start_by_hand(self) -> None:
        """Somebody starts an execution with the payload's input: no record lists it."""
        self.clock.tick()
        self._execution(BY_HAND, self.scenario.payload_id, self.clock.now)
        self.events[BY_HAND] = Event(self.scenario.events)
        self.ghost.started(BY_HAND, -1, ())
        self.clock.tick()

    def redrive(self, arn: str) -> None:
        """An operator redrives a run: it goes on under its ARN, and ends once more."""
        self.clock.tick()
        self.sfn.executions[arn] = replace(
            self.sfn.executions[arn],
            status="RUNNING",
            stopped=None,
            output=None,
            error=None,
            cause=None,
        )
        self.events[arn] = Event(self.scenario.events, self.events[arn].tries)
        self.ghost_of(arn).redriven(arn)
        self.clock.tick()

    def delete_record(self) -> None:
        """An operator deletes the payload's record."""
        self.states.write(self.states.key(self.key.to_item()), None)
        self.ghost.deleted()

    @functools.cached_property
    def things(self) -> Things:
        """Everything that there is, where there are joins."""
        return things_of(self.scenario)

    @property
    def key(self) -> StateKey:
        """The payload's key in the state table."""
        return _key_of(self.scenario.payload_id)

    def fork(self) -> World:
        """A world of its own with the same past; ``take_over`` before it goes on."""
        fork = World.__new__(World)
        fork.__dict__.update(self.__dict__)
        fork.states, fork.waits = self.states.fork(), self.waits.fork()
        fork.dynamodb = DynamoDB({STATE_TABLE: fork.states, WAITS_TABLE: fork.waits})
        fork.sfn, fork.queue = self.sfn.fork(), self.queue.fork()
        fork.bucket, fork.topic = self.bucket.fork(), self.topic.fork()
        fork.services = fork._services()
        fork.ghost, fork.trace = self.ghost.fork(), list(self.trace)
        fork.ghosts = {
            each: fork.ghost if ghost is self.ghost else ghost.fork_beside(fork.ghost)
            for each, ghost in self.ghosts.items()
        }
        fork.joins = {each: join.fork() for each, join in self.joins.items()}
        fork.events, fork.stream_position = dict(self.events), dict(self.stream_position)
        fork.held, fork._batch = dict(self.held), dict(self._batch)
        fork.begun = dict(self.begun)
        fork._first, fork._first_with = dict(self._first), dict(self._first_with)
        fork.actors = [each.fork() for each in self.actors]
        return fork

    def take_over(self, moment: datetime) -> None:
        """From now on calls come to this world, and it is that late."""
        self.clock.travel(moment)
        self._set_batches()
        handle_with(self._call, self._upload, _is_repeating)

    # --- calls ----------------------------------------------------------------------

    def _call(
        self,
        client: Any,
        service: str,
        operation: str,
        request: dict[str, Any],
    ) -> dict[str, Any]:
        """An actor's code calls AWS: stop there, and go on as the scheduler says."""
        code = greenlet.getcurrent()
        assert isinstance(code, Code), f"{service} {operation} by nobody"
        if code.is_over:
            raise Crash
        if service == "sns":
            code.effect("publish", operation, request)
            return Topic().call(operation, request, "ok")
        if operation == "BatchExecuteStatement":
            return self._batch_of_statements(code, service, request)
        return code.stop_at(Call(service, operation, request, self.system.is_own(client)))

    def _batch_of_statements(
        self, code: Code, service: str, request: dict[str, Any]
    ) -> dict[str, Any]:
        """A batch is not a transaction: others may come, and the invocation die, between two.

        Where the answer is lost and the SDK makes the call again, every statement is executed
        once more, and only what those say is told.
        """
        operation, told = "BatchExecuteStatement", request["Statements"]
        DynamoDB({STATE_TABLE: Table(()), WAITS_TABLE: Table(self.waits.keys)}).call(
            operation, request, "ok"
        )  # what AWS refuses as a whole

        def execute(first: int) -> list[dict[str, Any]]:
            return [
                code.stop_at(
                    Call(service, operation, {"Statements": [each]}, is_own=True, position=position)
                )
                for position, each in enumerate(told, first)
            ]

        answers = execute(0)
        if answers[0].get("again"):
            answers = execute(1)  # no first statement: nothing is made a third time
        return {"Responses": [response for each in answers for response in each["Responses"]]}

    def _upload(self, body: bytes, key: str) -> None:
        """Cirrus uploads a payload."""
        code = greenlet.getcurrent()
        assert isinstance(code, Code)
        code.effect("upload", key, body)

    def _apply(self, actor: Actor, effects: list[tuple[Any, ...]]) -> None:
        """Let happen what needs no choice."""
        for kind, *what in effects:
            if kind == "publish":
                self.topic.call(what[0], what[1], "ok")
            elif kind == "upload":
                self.bucket.objects[what[0]] = what[1]
            elif kind == "handler":
                self.ghost.cirrus_event(actor.number, *what)
            elif kind == "done":
                actor.is_through = True
                self.ghost.cirrus_done(actor.number, *what)

    def _is_waiting(self, request: dict[str, Any]) -> bool:
        shard = request["ExpressionAttributeValues"][":shard"]
        known = [*self.waits.items.values(), *(each[0] for each in self.waits.older.values())]
        known += [each[1] for each in self.waits.older.values()]
        return any(item is not None and item.get("waiting") == shard for item in known)

    def _go_on(self, actor: Actor, variant: str) -> None:
        call = actor.pending
        assert call is not None
        if variant != "ok":
            self.faults_left -= 1
            if self.joins and actor.kind == "sender":
                self.sender_faults += 1  # delivered again: nobody else is needed
            else:
                self.is_disturbed |= self._disturbs(call, variant)
            self.may_repeat |= variant.startswith(("crash", "throttle", "lost"))
        if not call.is_own:
            self.ghost.cirrus_call(actor.number, variant)
        if variant == "crash-before":
            self._could_not_note(actor)
            self._crash(actor)
            return
        # In a cycle, or where a join's list changes, no order is left out.
        expects = not (self.system.bare or self.scenario.running or self.scenario.list_changes)
        if expects and not possible.future(self, actor).covers(possible.touched(self, actor)):
            self.ghost.problems.append(f"{actor.name} was not expected to call {call.name}")
        response, error = self._effect(actor, call, variant)
        if variant == "crash-after" or (variant.startswith("throttle") and call.is_own):
            self._could_not_note(actor)
        if response is not None and call.operation == "Query" and actor.kind == "update_state":
            actor.found = frozenset(item["task_token"]["S"] for item in response["Items"])
        if variant == "crash-after":
            self._crash(actor)
            return
        self._apply(actor, actor.go_on(Answer(response, error, self.clock.now)))
        self._after(actor)

    def _could_not_note(self, actor: Actor) -> None:
        for ghost in self.all_ghosts():
            ghost.could_not_note(actor.number)

    def all_ghosts(self) -> list[Ghost]:
        """The notes of all payloads and joins."""
        return [*self.ghosts.values()] if self.scenario.has_parts else [self.ghost]

    def ghost_of(self, arn: str) -> Ghost:
        """The notes of a run's payload."""
        if not self.scenario.has_parts:
            return self.ghost
        return self.ghosts[json.loads(self.sfn.executions[arn].input)["id"]]

    def next_step(self) -> None:
        """Something happens."""
        self.ghost.step += 1
        for ghost in self.all_ghosts():
            ghost.step = self.ghost.step

    def _disturbs(self, call: Call, variant: str) -> bool:
        """Not so where a read asked for no consistency, or can ask for what it did not get.

        Beside a message of which cirrus raises nobody but the reconciler can: what cirrus has
        read is not known then. Nor beside an event that is told twice: it writes the record
        once more, and the hook cannot tell that from a run that cirrus began.
        """
        if variant == "unprocessed" and call.is_own:
            tells_twice = self.scenario.events > 1 or self.scenario.old_events > 0
            return tells_twice or any(sent.is_garbage for sent in self.scenario.messages)
        return not (call.is_own and variant.startswith("stale"))

    def _effect(
        self,
        actor: Actor,
        call: Call,
        variant: str,
    ) -> tuple[dict[str, Any] | None, FakeError | None]:
        if variant.startswith("throttle"):
            return _throttled(call, variant)
        writes = call.operation in (*independence.WRITING, "StartExecution")
        # Time moves where its order can matter: at a new state, and around a run's start.
        moves = call.operation == "StartExecution" or (writes and not call.is_own)
        if moves:
            self.clock.tick()
        settles = writes and call.is_own and actor.kind in ("process", "update_state")
        before = dict(self.waits.items) if settles else {}
        sent, known = self.queue.sent, len(self.sfn.executions)
        if call.operation.startswith("SendTask") and call.request["taskToken"].startswith("#"):
            self.ghost.problems.append("J5. a member's token went to Step Functions")
        try:
            response = self.services[call.service].call(call.operation, call.request, variant)
        except FakeError as error:
            return None, error
        if call.operation == "StartExecution":
            self.clock.tick()
        self._note_started(actor, list(self.sfn.executions)[known:])
        self._note_sent(range(sent, self.queue.sent))
        if writes:
            self._observe(actor, call)
        if settles:
            self._check_settled(before)
        if variant == "lost":
            return None, Unanswered()
        return {**response, "again": True} if variant == "again" else response, None

    def _note_started(self, actor: Actor, arns: list[str]) -> None:
        if not arns:
            return
        held = self.held.get(actor.number, ())
        first = [number for number in held if number < len(self.scenario.messages)]
        replaces = any(self.scenario.messages[number].replace for number in first)
        messages = tuple(map(self.first_of, held))
        for arn in arns:
            self.events[arn] = Event(self.scenario.events)
            self.ghost_of(arn).started(arn, actor.number, messages, is_replacement=replaces)

    def _note_sent(self, numbers: range) -> None:
        for number in numbers:
            member = member_of(self.queue.messages[number].attributes)
            if member is not None:
                self.joins[member.join_id].sent(member.index)
                self._first[number] = self._first_with.setdefault(member.text, number)

    def _check_settled(self, before: dict[Any, Any]) -> None:
        """What a hook may not do, and what ``Scenario.sender_comes_last`` builds upon."""
        for key, row in before.items():
            if key[1] == "#expand":
                continue  # put again by a request that comes again
            if "settled_at" in row and self.waits.items.get(key) is not row:
                self.ghost.problems.append(f"3. a hook changed a settled row: {key[1]}")

    def first_of(self, number: int) -> int:
        """The message with which a member was sent for the first time; it may be sent again."""
        return self._first.get(number, number)

    def message_of(self, token: str) -> int:
        """The first message with a member's token; -1 where none was sent."""
        return self._first_with.get(token, -1)

    def _observe(self, actor: Actor, call: Call) -> None:
        """Tell the ghosts what a write has changed."""
        sets_state = call.sets_state
        written = call.request.get("Key") or call.request.get("Item") or {}
        for payload_id, ghost in self.ghosts.items():
            key = StateKey.of(payload_id)
            if key is None or (self.scenario.has_parts and key.to_item() != written):
                continue
            record = self.states.items.get(self.states.key(key.to_item()))
            if record is not None:
                ghost.see_record(
                    record["state_updated"]["S"].partition("_")[0] if sets_state else None,
                    tuple(each["S"] for each in record.get("executions", {}).get("L", ())),
                    actor.subject if actor.kind.endswith("update_state") else None,
                )
        begun = self.begun[actor.number]
        if not self.scenario.has_parts:
            self.ghost.see_rows(self.waits.items.values(), begun, actor.kind)
            return
        for payload_id, ghost in self.ghosts.items():
            rows = [row for (each, _), row in self.waits.items.items() if each == payload_id]
            ghost.see_rows(rows, begun, actor.kind)
        for join in self.joins.values():
            now, step = self.clock.now, self.ghost.step
            self.ghost.problems += join.see(step, self.waits, self.queue, now)

    # --- invocations ----------------------------------------------------------------

    def _start(self, kind: str, subject: str, given: Any, work: Callable[[Code], Any]) -> Actor:
        actor = Actor(
            number=len(self.actors),
            kind=kind,
            subject=subject,
            given=f"{self.scenario.batches} {given!r}",
            work=work,
            clock=self.clock,
            memory=self.system.memory,
        )
        self.actors.append(actor)
        self.begun[actor.number] = self.ghost.step
        return actor

    def _run_to_first_call(self, actor: Actor) -> None:
        self._apply(actor, actor.start())
        self._after(actor)

    def _pass_over_empty_shards(self, actor: Actor) -> None:
        """A shard of the index without a row: no order of events can matter to its reading."""
        call = actor.pending
        if call is None or "IndexName" not in call.request or self._is_waiting(call.request):
            return
        response = self.dynamodb.call(call.operation, call.request, "ok")
        self._apply(actor, actor.go_on(Answer(response, None, self.clock.now)))
        self._after(actor)

    def _crash(self, actor: Actor) -> None:
        actor.crash()
        self.ghost.crashed(actor.number)
        self._after(actor)

    def _after(self, actor: Actor) -> None:
        """What AWS does once an invocation is through, one way or the other."""
        if actor.is_alive:
            self._pass_over_empty_shards(actor)
            return
        failed = actor.failed
        ending = "crashes" if actor.is_dead else "returns"
        if failed and not actor.is_dead:
            ending = f"raises {type(actor.step.raised).__name__}"
        self.trace.append(f"    {actor.name} {ending}")
        if actor.kind == "process":
            for number in self.held.pop(actor.number):
                if failed:
                    self.queue.give_back(number)
                else:
                    self.queue.messages.pop(number, None)
        elif actor.kind == "update_state" and failed:
            event = self.events[actor.subject]
            if event.tries % EVENT_TRIES:
                self.events[actor.subject] = Event(event.left + 1, event.tries)
        elif actor.kind == "sender":
            lane, start, end = self._batch.pop(actor.number)
            if not failed:
                numbers = [
                    int(each["itemIdentifier"]) for each in actor.step.returned["batchItemFailures"]
                ]
                self.stream_position[lane] = min(numbers) - 1 if numbers else end
            else:
                self.stream_position[lane] = start

    def deliver(self, numbers: tuple[int, ...]) -> None:
        """The queue's mapping invokes ``process`` with a batch."""
        event = {"Records": [self.queue.receive(number) for number in numbers]}
        actor = self._start(
            "process",
            "+".join(map(str, numbers)),
            event,
            lambda code: self.system.process(event, code),
        )
        self.held[actor.number] = numbers
        self._run_to_first_call(actor)

    def deliver_event(self, arn: str) -> None:
        """EventBridge invokes ``update-state`` with a run's end."""
        self.events[arn] = Event(self.events[arn].left - 1, self.events[arn].tries + 1)
        event = self.system.event_of(self.sfn.executions[arn])
        actor = self._start(
            "update_state",
            arn,
            event,
            lambda code: self.system.update_state(event, code),
        )
        self._run_to_first_call(actor)

    def deliver_records(self, count: int, lane: str = "", chunks: int | None = None) -> None:
        """The stream's mapping invokes the sender with what is new and passes its filter.

        Args:
            count: of the first records.
            lane: which part of the stream.
            chunks: of members, for which the sender has time; None for all.
        """
        start = self.stream_position.get(lane, 0)
        chosen = self.new_records(lane)[:count]
        end = int(chosen[-1]["dynamodb"]["SequenceNumber"])
        numbers = [each["dynamodb"]["SequenceNumber"] for each in chosen]
        actor = self._start(
            "sender",
            "+".join(numbers),
            (chosen, chunks),
            lambda _: self.system.sender({"Records": chosen}, chunks),
        )
        self._batch[actor.number] = (lane, start, end)
        self._run_to_first_call(actor)

    def lanes(self) -> tuple[str, ...]:
        """Parts of the stream that are read side by side: a payload's or a join's rows each."""
        return tuple(self.ghosts) if self.scenario.has_lanes else ("",)

    def lanes_read(self) -> set[str]:
        """Lanes that a sender is reading."""
        return {lane for lane, _, _ in self._batch.values()}

    def batch_of(self, sender: Actor) -> list[tuple[str, str]]:
        """The rows that a sender's records are about."""
        keys = [
            self.waits.stream[int(each) - 1]["dynamodb"]["Keys"]
            for each in sender.subject.split("+")
        ]
        return [(each["payload_id"]["S"], each["task_token"]["S"]) for each in keys]

    def new_records(self, lane: str = "") -> list[dict[str, Any]]:
        """Records of settled, unanswered rows: with every workflow enabled, no others pass.

        (``filters.filter_patterns``; its patterns are evaluated on real records in
        tests/functional/test_stream_filters.py.)
        """
        return [
            record
            for record in self.waits.stream[self.stream_position.get(lane, 0) :]
            if lane in ("", record["dynamodb"]["Keys"]["payload_id"]["S"])
            and "settled_at" in record["dynamodb"].get("NewImage", {})
            and "answered_at" not in record["dynamodb"]["NewImage"]
        ]

    def reconcile(self) -> None:
        """The schedule invokes the reconciler."""
        grace = 900 if self.is_closing else 0
        redelivery = self.scenario.redelivery_seconds
        actor = self._start(
            "reconciler",
            "pass",
            (grace, redelivery, self.scenario.queue_seconds),
            lambda _: self.system.reconciler(
                self.clock,
                redelivery,
                grace_seconds=grace,
                queue_seconds=self.scenario.queue_seconds,
                cycles=bool(self.scenario.running),
            ),
        )
        self._run_to_first_call(actor)

    def end_run(self, arn: str, result: str) -> None:
        """A child's execution ends."""
        self.clock.tick()
        invalid = result == "INVALID"
        self._stop(self.sfn.executions[arn], "FAILED" if invalid else result, invalid=invalid)
        self.clock.tick()
        self.ghost_of(arn).ended(arn, result)

    def _stop(self, execution: Execution, result: str, *, invalid: bool = False) -> None:
        told: dict[str, Any] = {}
        if result == "SUCCEEDED":
            told["output"] = execution.input
        if result == "FAILED":
            told["error"] = "stactask.exceptions.InvalidInput" if invalid else "Broken"
            told["cause"] = "it broke"
        self.sfn.executions[execution.arn] = replace(
            execution, status=result, stopped=self.clock.now, **told
        )

    # --- for a replay without hooks -----------------------------------------------------

    def start_bare(self, number: int, kind: str, event: Any) -> Actor:
        """Start a bare handler with the event that the wrapped one was given."""
        function = getattr(self.system, kind)
        arn = event["detail"]["executionArn"] if kind == "update_state" else ""
        actor = self._start(f"bare_{kind}", arn, event, lambda code: function(event, code))
        actor.number = number
        self.begun[number] = self.ghost.step
        self._run_to_first_call(actor)
        return actor

    def let_go_on(self, actor: Actor, variant: str) -> None:
        """Let a bare handler make its call as the wrapped one made it."""
        self._go_on(actor, variant)

    def crash(self, actor: Actor) -> None:
        """Let a bare handler die where the wrapped one died."""
        self._crash(actor)

    # --- what happens ----------------------------------------------------------------

    def apply(self, option: Option) -> None:
        """Let it happen."""
        self.next_step()
        self.trace.append(option.label)
        if option.kind == "go":
            self._go_on(self.actors[option.subject], option.variant)
        elif option.kind == "deliver":
            self.deliver(option.subject)
        elif option.kind == "end":
            self.end_run(option.subject, option.variant)
        elif option.kind == "end-told":
            self.end_run(option.subject, option.variant)
            self.deliver_event(option.subject)
        elif option.kind == "event":
            self.deliver_event(option.subject)
        elif option.kind == "stream":
            lane, count, *chunks = option.subject  # chunks: of a sender that is slow
            self.slow_left -= len(chunks)
            self.is_answering = possible.sender_comes_last(self)
            self.deliver_records(count, lane, *chunks)
        elif option.kind == "reconcile":
            self.passes_left -= 1
            self.reconcile()
        elif option.kind == "advance":
            self.advances_left -= 1
            self.clock.advance(timedelta(seconds=option.subject))
        elif option.kind in ("lose", "lose-record", "change-list", "close"):
            self._mishap(option)
        else:
            self._by_people(option)

    def _by_people(self, option: Option) -> None:
        self.is_disturbed = True  # a record, or whose run it tells of, is lost
        if option.kind == "by-hand":
            self.start_by_hand()
        elif option.kind == "redrive":
            self.redrives_left -= 1
            self.redrive(option.subject)
        elif option.kind == "delete":
            self.deletions_left -= 1
            self.delete_record()

    def _mishap(self, option: Option) -> None:
        """Something of a join is lost or changed."""
        self.is_disturbed = True
        if option.kind == "lose":
            self.losses_left -= 1
            self.queue.lose(option.subject)
        elif option.kind == "lose-record":
            self.lost_records_left -= 1
            first = self.new_records(option.subject)[0]
            self.stream_position[option.subject] = int(first["dynamodb"]["SequenceNumber"])
        elif option.kind == "change-list":
            self.list_changes_left -= 1
            members = json.loads(self.bucket.objects[LIST_KEY])
            self.bucket.objects[LIST_KEY] = json.dumps(members[::-1]).encode()
        else:
            self.sfn.tokens.clear()

    # --- the end ----------------------------------------------------------------------

    def close(self) -> None:
        """Faults have stopped: the queue drains, runs end, the reconciler runs.

        Events that were not told by now are lost for good: the reconciler has to do
        without them.
        """
        self.trace.append("--- faults have stopped, lost events stay lost")
        self.faults_left = 0
        if self.joins:
            self._close_joins()
            return
        if self.scenario.running:
            self._close_cycles()
            return
        while self.queue.messages or self._alive():
            self._settle_down()
            visible = [number for number, each in self.queue.messages.items() if each.is_visible]
            if visible:
                self.next_step()
                self.trace.append(f"message {visible[0]} is delivered")
                self.deliver((visible[0],))
        for arn, execution in list(self.sfn.executions.items()):
            if execution.status == "RUNNING":
                self.next_step()
                self.trace.append(f"run {arn.rpartition(':')[2][:8]} ends SUCCEEDED")
                self.end_run(arn, "SUCCEEDED")
        self.is_closing, self.is_answering = True, False
        self._drain_stream()
        self.ghost.settled_by_itself = {
            item["task_token"]["S"]: "settled_at" in item for item in self.waits.items.values()
        }
        for number in range(3):
            if number and not any("answered_at" not in row for row in self.waits.items.values()):
                break
            self.clock.advance(timedelta(seconds=6000))
            for step in (self._drain_stream, self._one_pass, self._drain_stream):
                step()
        self._settle_down()

    def _close_joins(self) -> None:
        self._come_to_rest()
        for join in self.joins.values():
            row = self.waits.items.get((join.join_id, JOIN), {})
            join.answered_by_itself = "answered_at" in row
        self.is_closing = True
        for _ in range(MAX_CLOSING_PASSES):
            if not any(_is_open(row) for row in self.waits.items.values()):
                break
            self.clock.advance(timedelta(seconds=6000))
            self._come_to_rest()
            self._one_pass()
            self._come_to_rest()

    def _close_cycles(self) -> None:
        """A whole pass while the runs go on; then they end, and nobody is told of it."""
        self._come_to_rest(ends=False)
        self.is_closing = True
        self.clock.advance(timedelta(seconds=6000))
        self._one_pass()
        self._drain_stream()
        self.rested = self.ghost.step
        for _ in range(MAX_CLOSING_PASSES):
            self._come_to_rest()
            if not any(_is_open(row) for row in self.waits.items.values()):
                break
            self.clock.advance(timedelta(seconds=6000))
            self._one_pass()

    def _come_to_rest(self, *, ends: bool = True) -> None:
        """All messages and records are delivered, all runs end; one brings about another."""
        while True:
            self._settle_down()
            self._drain_stream()
            visible = [number for number, each in self.queue.messages.items() if each.is_visible]
            running = sorted(
                arn
                for arn, each in self.sfn.executions.items()
                if ends and each.status == "RUNNING"
            )
            if visible:
                self.next_step()
                self.trace.append(f"message {visible[0]} is delivered")
                self.deliver((visible[0],))
            elif running:
                self._end_of_closing(running[0])
            elif not self._is_any_record_new():
                return

    def _end_of_closing(self, arn: str) -> None:
        self.next_step()
        self.trace.append(f"run {arn.rpartition(':')[2][:8]} ends SUCCEEDED")
        self.end_run(arn, "SUCCEEDED")
        if self.scenario.tells_ends:
            self.deliver_event(arn)

    def _is_any_record_new(self) -> bool:
        return any(self.new_records(lane) for lane in self.lanes())

    def _alive(self) -> bool:
        return any(actor.is_alive for actor in self.actors)

    def _settle_down(self) -> None:
        while True:
            alive = [actor for actor in self.actors if actor.is_alive]
            if not alive:
                return
            actor = alive[-1]
            assert actor.pending is not None
            self.next_step()
            self.trace.append(f"{actor.name}: {actor.pending.name}")
            self._go_on(actor, "ok")

    def _drain_stream(self) -> None:
        self._settle_down()
        for lane in self.lanes():
            while self.new_records(lane):
                self.next_step()
                self.trace.append("records are delivered")
                self.deliver_records(len(self.new_records(lane)), lane)
                self._settle_down()

    def _one_pass(self) -> None:
        self.next_step()
        self.trace.append("the reconciler begins")
        self.reconcile()
        self._settle_down()

    def _payload(self, payload_id: str | None = None, *, replace: bool = False) -> dict[str, Any]:
        process: dict[str, Any] = {
            "workflow": WORKFLOW,
            "upload_options": {"path_template": "/x"},
            "tasks": {},
        }
        if replace:
            process["replace"] = True
        return {
            "type": "FeatureCollection",
            "id": payload_id or self.scenario.payload_id,
            "features": [{"type": "Feature", "id": "a", "collection": "scenes", "links": []}],
            "process": [process],
        }


def _throttled(call: Call, variant: str) -> tuple[dict[str, Any] | None, FakeError | None]:
    if variant == "throttle" and call.operation == "BatchExecuteStatement":
        error = {"Code": "ProvisionedThroughputExceeded", "Message": "throttled"}
        return {"Responses": [{"TableName": WAITS_TABLE, "Error": error}]}, None
    code = "ProvisionedThroughputExceededException"
    return None, FakeError(code if call.service == "dynamodb" else "ThrottlingException")


def _is_repeating() -> bool:
    code = greenlet.getcurrent()
    return isinstance(code, Code) and code.is_repeating


def _key_of(payload_id: str) -> StateKey:
    key = StateKey.of(payload_id)
    assert key is not None
    return key


def _attributes(sent: Sent) -> dict[str, Any]:
    """A token's message attributes."""
    values = {"cirrus-task-token": sent.token}
    if sent.waiter is not None and sent.tells in ("payload", "both"):
        values["cirrus-waiter-payload-id"] = sent.waiter
    if sent.waiter is not None and sent.tells in ("execution", "both"):
        values["cirrus-waiter-execution-arn"] = first_run(sent.waiter)
    return {name: {"dataType": "String", "stringValue": text} for name, text in values.items()}


def _is_open(row: dict[str, Any]) -> bool:
    return "waiting" in row and "answered_at" not in row
