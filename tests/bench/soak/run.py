"""A soak from its first message to its judgement."""

from __future__ import annotations

import json
import logging
import math
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto import mock_aws

from bench.clients import fresh_clients
from bench.soak.chance import Chance
from bench.soak.children import Children
from bench.soak.events import Events
from bench.soak.feed import Feed
from bench.soak.invocations import Invocations
from bench.soak.judge import Judgement, judge
from bench.soak.lambdas import Lambdas
from bench.soak.notes import Notes
from bench.soak.parents import Parents
from bench.soak.plan import ENABLED, WORKFLOWS, plan
from bench.soak.records import Parts
from bench.soak.schedule import END_SECONDS, ENVIRONMENT, Schedule
from bench.soak.wire import Wire
from cirrus_callbacks_plugin import config
from cirrus_callbacks_plugin.local import deployment as parts
from cirrus_callbacks_plugin.local.environment import isolated
from cirrus_callbacks_plugin.local.moto_corrections.corrected import corrected
from cirrus_callbacks_plugin.local.sources.filters import matcher
from cirrus_callbacks_plugin.local.sources.queue import QueueSource
from cirrus_callbacks_plugin.local.sources.records import StreamRecords
from cirrus_callbacks_plugin.local.sources.source import Poll, Rounds, Tell
from cirrus_callbacks_plugin.local.sources.stream import StreamSource
from cirrus_callbacks_plugin.sender import filters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REGION = "us-west-2"
ACCOUNT = "123456789012"
PREFIX = "fd-soak-cirrus"
PROCESSES = 2
UPDATERS = 2
SENDERS = 2
"""Batches of one shard that the deployed mapping delivers at once."""
PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 0.4
"""Before a source that had nothing is looked at again: a look costs as much as a call."""
STREAM_AHEAD = 400
"""Records that may wait for the sender before the feed does."""
EVENTS_AHEAD = 10


@dataclass(frozen=True, slots=True)
class Settings:
    """What a soak is asked for.

    Attributes:
        tokens: how many wait.
        payloads: for how many payloads.
        real: how many of them are real executions.
        seed: what messages and faults follow from.
        faults: times the chances of every fault; 0: none.
        reconcile_every: seconds between two passes of the reconciler.
        visibility: seconds after which a message that was not deleted comes again.
        defect: one of the simulation's planted defects, to see that it is noticed.
    """

    tokens: int
    payloads: int
    real: int
    seed: int
    faults: float = 1.0
    reconcile_every: float = 20.0
    visibility: int = 3
    defect: str | None = None


class Soak:
    """A deployment in moto under load; :meth:`run` comes to an end by itself."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.plan = plan(settings.seed, settings.tokens, settings.payloads, settings.real)
        self.names = parts.Names(PREFIX, REGION, ACCOUNT)
        self.chance = Chance(settings.seed, settings.faults)
        self.invocations = Invocations()
        self.notes = Notes(self.names)
        self.phase = "starting"
        self.dead_letters = 0
        self.seconds = 0.0
        self.broken: BaseException | None = None
        self._stopping = threading.Event()

    @property
    def expected(self) -> int:
        """How many are to be answered."""
        return sum(message.waits for message in self.plan.messages)

    def run(self, tell: Callable[[Soak], object]) -> Judgement:
        """Send everything, let the faults stop, repair what is left, and judge.

        Args:
            tell: called now and then, with how far it came. What it raises ends the soak;
                KeyboardInterrupt ends it with what was reached.
        """
        with self._world():
            began = time.monotonic()
            threads = self._start()
            interrupted = False
            try:
                self._feed(tell)
                self._come_to_rest(tell)
                self._repair(tell)
            except KeyboardInterrupt:
                interrupted = True
            finally:
                self.seconds = time.monotonic() - began
                self.chance.calm()
                self._stopping.set()
                for thread in threads:
                    thread.join(60)
            told = self.parents.told(0.0 if interrupted else 10.0)
            if interrupted:
                self.parents.stop()
            return judge(self.notes, self.plan, self._rows(), told, interrupted=interrupted)

    @contextmanager
    def _world(self) -> Iterator[None]:
        wire = Wire(self.names, self.chance, self.invocations, self.notes)
        variables = {
            **self.names.environment(),
            **ENVIRONMENT,
            "CIRRUS_CALLBACKS_WORKFLOWS": ",".join(ENABLED),
        }
        with ExitStack() as until_end:
            until_end.enter_context(_quiet())
            until_end.enter_context(isolated(variables))
            until_end.enter_context(wire.installed())
            until_end.enter_context(
                mock_aws(config={"stepfunctions": {"execute_state_machine": True}}),
            )
            until_end.enter_context(corrected())
            until_end.enter_context(fresh_clients(REGION))
            until_end.enter_context(self.invocations.followed())
            self._build()
            until_end.enter_context(self.schedule.clock_ahead())
            yield

    def _build(self) -> None:
        deployment = self.deployment = parts.create(
            self.names, visibility_seconds=self.settings.visibility
        )
        messages = {message.number: message for message in self.plan.messages}
        payloads = {payload.id: payload for payload in self.plan.payloads}
        self.lambdas = Lambdas(messages, self.invocations, self.notes, self.chance)
        self.parents = Parents(deployment)
        self.parents.create()
        self.feed = Feed(self.plan, deployment, self.notes, self.parents)
        self.events = Events(self.lambdas.update_state, self.chance, lambda: self.feed.place)
        self.children = Children(deployment, self.notes, payloads, self.events.ended)
        self.children.create((*WORKFLOWS, "not-enabled"))
        self.schedule = Schedule(self.lambdas.reconciler, self.settings.reconcile_every)
        self._sqs = deployment.client("sqs")

    # --- the event sources ------------------------------------------------------------

    def _sources(self) -> dict[str, Callable[[], Poll]]:
        tell = Tell(lambda _: None)
        sources: dict[str, Callable[[], Poll]] = {}
        for number in range(PROCESSES):
            queue = QueueSource(self._sqs, self.names, self.lambdas.process, tell)
            sources[f"process {number}"] = queue.poll
        for number in range(UPDATERS):
            sources[f"update-state {number}"] = self.events.poll
        patterns = filters.filter_patterns(config.EnabledWorkflows.from_env())
        matches = matcher(patterns)

        def passes(record: dict[str, Any]) -> bool:
            keys = json.dumps(record["dynamodb"]["Keys"])
            return matches(record) and not self.chance.happens("stream record lost", keys)

        client = self.deployment.client("dynamodbstreams")
        records = Parts(StreamRecords(client, self.deployment.stream_arn), SENDERS, passes)
        self._streams = []
        for number in range(SENDERS):
            part: Any = records.part(number)
            source = StreamSource(part, self.lambdas.sender, lambda _: True, tell, lambda _: None)
            self._streams.append(source)
            sources[f"sender {number}"] = source.poll
        sources["reconciler"] = self.schedule.poll
        return sources

    def _start(self) -> list[threading.Thread]:
        threads = []
        sources = self._sources()
        # A schedule always has something to come; what it brings about, the others show.
        self._rounds = Rounds(tuple(name for name in sources if name != "reconciler"))
        for name, poll in sources.items():
            thread = threading.Thread(target=self._serve, args=(name, poll), daemon=True)
            thread.start()
            threads.append(thread)
        return threads

    def _serve(self, name: str, poll: Callable[[], Poll]) -> None:
        pause = PAUSE_SECONDS
        try:
            while not self._stopping.is_set():
                began = self._rounds.began()
                found = poll()
                if name != "reconciler":
                    self._rounds.ended(name, began, found)
                elif found is Poll.DELIVERED:
                    self._rounds.disturb()
                if found is Poll.DELIVERED:
                    pause = PAUSE_SECONDS
                else:
                    self._stopping.wait(pause)
                    pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)
        except BaseException as error:  # noqa: BLE001 - raised where the soak is run
            self.broken = error

    # --- the phases -------------------------------------------------------------------

    def _turn(self, tell: Callable[[Soak], object]) -> None:
        if self.broken is not None:
            raise self.broken
        self.children.look(self.feed.place)
        tell(self)
        time.sleep(PAUSE_SECONDS)

    def _feed(self, tell: Callable[[Soak], object]) -> None:
        self.phase = "under load"
        while not (self.feed.is_over and math.isinf(self.feed.place)):
            if self.events.waiting <= EVENTS_AHEAD and self.behind <= STREAM_AHEAD:
                self.feed.go_on(len(self.lambdas.delivered))
            self._turn(tell)

    @property
    def behind(self) -> int:
        """Stream records that wait for the senders."""
        return sum(len(source._reading.records) for source in self._streams)

    def _come_to_rest(self, tell: Callable[[Soak], object]) -> None:
        """Everything that is under way ends; faults go on, until it has."""
        self.phase = "coming to rest"
        self._until_idle(tell)
        self.chance.calm()
        self._redrive()
        self._until_idle(tell)

    def _until_idle(self, tell: Callable[[Soak], object]) -> None:
        self._rounds.disturb()
        while self.children.running or not self.events.is_empty or not self._rounds.nothing_left:
            self._turn(tell)

    def _redrive(self) -> None:
        """What the queue gave up before its token was registered, sent again, as people do."""
        url = self._sqs.get_queue_url(QueueName=self.names.dead_letter_queue)["QueueUrl"]
        while messages := self._sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages"):
            for message in messages:
                self.dead_letters += 1
                number = message["MessageAttributes"]["soak-number"]["StringValue"]
                waiters = [
                    waiter
                    for waiter in self.notes.waiters.values()
                    if waiter.message.number == int(number)
                ]
                if any(waiter.registered is None for waiter in waiters):
                    attributes = {
                        name: {key: value[key] for key in ("DataType", "StringValue")}
                        for name, value in message["MessageAttributes"].items()
                    }
                    self.feed.send(message["Body"], attributes)
                self._sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def _repair(self, tell: Callable[[Soak], object]) -> None:
        """Passes at a time when every limit is over, until one finds nothing open."""
        self.phase = "being repaired"
        self.schedule.ahead = END_SECONDS
        in_vain = 0
        while in_vain < 3:
            summary = self._pass_apart(tell)
            if summary is not None and summary["open_waits"] == 0 and summary["is_complete"]:
                break
            acts = (
                0
                if summary is None
                else sum(summary[act] for act in ("settled", "never_started", "answered", "stale"))
            )
            in_vain = 0 if acts else in_vain + 1
            self._until_idle(tell)

    def _pass_apart(self, tell: Callable[[Soak], object]) -> dict[str, Any] | None:
        """A pass in a thread of its own: this one goes on to tell."""
        found: list[dict[str, Any] | None] = []
        thread = threading.Thread(
            target=lambda: found.append(self.schedule.make_a_pass()), daemon=True
        )
        thread.start()
        while thread.is_alive():
            self._turn(tell)
        return found[0] if found else None

    def _rows(self) -> dict[str, dict[str, Any]]:
        """The tracking table's rows by sort key."""
        dynamodb = self.deployment.client("dynamodb")
        pages = dynamodb.get_paginator("scan").paginate(TableName=self.names.callbacks_table)
        return {item["task_token"]["S"]: item for page in pages for item in page["Items"]}


@contextmanager
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
