"""The code under test, set up once: real hooks, sender, reconciler, and real cirrus handlers."""

from __future__ import annotations

import functools
import itertools
import logging
import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import greenlet
from boto3.session import Session

from cirrus_callbacks_plugin.aws import batch_reads as batches
from cirrus_callbacks_plugin.aws import side_by_side as concurrency
from cirrus_callbacks_plugin.aws.statements import MAX_STATEMENTS
from cirrus_callbacks_plugin.cirrus.state_table import StateTable
from cirrus_callbacks_plugin.config import EnabledWorkflows, ReconcilerSettings
from cirrus_callbacks_plugin.hooks.own_time import OwnTime
from cirrus_callbacks_plugin.hooks.process import process
from cirrus_callbacks_plugin.hooks.services import Services
from cirrus_callbacks_plugin.hooks.update_state import update_state
from cirrus_callbacks_plugin.joins import expanding
from cirrus_callbacks_plugin.joins.service import JoinClients, Joins, JoinSettings
from cirrus_callbacks_plugin.local.events import execution_event
from cirrus_callbacks_plugin.protocol.answer import Answerer
from cirrus_callbacks_plugin.reconcile.passes import Paces, Pass
from cirrus_callbacks_plugin.reconcile.runs import Runs
from cirrus_callbacks_plugin.sender.batch import Sender
from cirrus_callbacks_plugin.sender.stream import StreamRecord
from cirrus_callbacks_plugin.waits.table import WaitsTable
from simulation.actors import Code, Memory
from simulation.scenario import PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from simulation.clock import Clock
    from simulation.fake_aws.stepfunctions import Execution

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "simulated",
    "AWS_SECRET_ACCESS_KEY": "simulated",
    "AWS_DEFAULT_REGION": "us-west-2",
    "AWS_REGION": "us-west-2",
    "CIRRUS_BASE_WORKFLOW_ARN": PREFIX,
    "CIRRUS_PAYLOAD_BUCKET": "sim-payloads",
    "CIRRUS_STATE_DB": "sim-state",
    "CIRRUS_WORKFLOW_EVENT_TOPIC_ARN": "arn:aws:sns:us-west-2:123456789012:sim-workflow-event",
    "CIRRUS_LOG_LEVEL": "CRITICAL",
}


JOINS_PREFIX = "joins/"
CHUNK = 2
"""Of a join's members: three make two chunks."""


class _Inline:
    """In the place of a thread pool: one thing after the other, in their order."""

    def __init__(self, **_: Any) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def map(self, work: Callable[[Any], Any], things: Any) -> list[Any]:
        return [work(thing) for thing in things]


class _NoPace:
    per_second = 1e9

    def wait(self) -> None:
        pass


@dataclass(frozen=True, slots=True)
class _Clients:
    dynamodb: Any
    s3: Any
    sqs: Any


class _QueueUrls(dict[str, str]):
    """Cirrus remembers queue URLs for the life of a process; here each invocation is one.

    Others stand at their calls meanwhile: what one of them remembers is not known to the next.
    """

    def __getitem__(self, arn: str) -> str:
        return _kept_by_code()[arn]

    def __setitem__(self, arn: str, url: str) -> None:
        _kept_by_code()[arn] = url


def _kept_by_code() -> dict[str, str]:
    code = greenlet.getcurrent()
    assert isinstance(code, Code), "cirrus's code runs in an invocation"
    return code.queue_urls


@dataclass
class System:
    """The four functions.

    Attributes:
        bare: True for cirrus's handlers without hooks.
        left: what those left behind, by where they began and what happened.
    """

    bare: bool = False
    left: dict[bytes, tuple[Any, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        from cirrus.lambda_functions import process as cirrus_process
        from cirrus.lambda_functions import update_state as cirrus_update_state

        self._bare: System | None = None
        self.memory = Memory()
        session = Session(region_name="us-west-2")
        self._dynamodb: Any = session.client("dynamodb")
        self._sqs: Any = session.client("sqs")
        self._s3: Any = session.client("s3")
        self._sfn: Any = session.client("stepfunctions")
        self._own = {id(each) for each in (self._dynamodb, self._sqs, self._s3, self._sfn)}
        self._handlers = {
            "process": cirrus_process.lambda_handler,
            "update_state": cirrus_update_state.lambda_handler,
        }
        self.waits = WaitsTable(self._dynamodb, "sim-callbacks")
        self.states = StateTable(self._dynamodb, "sim-state")
        self.joins = Joins(
            Answerer(self._sfn, self.waits, 60),
            self.states,
            JoinClients(lambda: self._s3, lambda: self._sqs),
            JoinSettings(joins_url=f"s3://{ENVIRONMENT['CIRRUS_PAYLOAD_BUCKET']}/{JOINS_PREFIX}"),
        )

    def batch(self, size: int | None) -> None:
        """Write so many rows in batches of that size; None: as many as are never there."""
        self.waits.batching.above = (size or MAX_STATEMENTS + 1) - 1
        self.waits.batching.size = size or MAX_STATEMENTS

    def forget(self) -> None:
        """End all code that stands somewhere; what it did is remembered no more."""
        self.memory.forget()
        if self._bare is not None:
            self._bare.forget()

    def without_hooks(self) -> System:
        """The same with cirrus's handlers bare."""
        if self._bare is None:
            self._bare = System(bare=True)
        return self._bare

    def is_own(self, client: Any) -> bool:
        """True for the product's clients."""
        return id(client) in self._own

    def _services(self) -> Services:
        return Services(
            self.waits,
            self.states,
            _Clients(self._dynamodb, self._s3, self._sqs),  # type: ignore[arg-type]
        )

    def _noted(self, kind: str, code: Code) -> Callable[[Any, Any], Any]:
        def handler(event: Any, context: Any) -> Any:
            code.effect("handler", kind, event)
            try:
                returned = self._handlers[kind](event, context)
            except Exception as error:
                code.effect("done", f"raises {type(error).__name__}")
                raise
            code.effect("done", f"returns {returned}")
            return returned

        return handler

    def process(self, event: Any, code: Code) -> Any:
        """The wrapped ``process``, or cirrus's own."""
        handler = self._noted("process", code)
        if not self.bare:
            handler = process(
                handler,
                services=self._services,
                own_time=functools.partial(OwnTime, lambda: 0.0),
            )
        return handler(event, None)

    def update_state(self, event: Any, code: Code) -> Any:
        """The wrapped ``update-state``, or cirrus's own."""
        handler = self._noted("update_state", code)
        if not self.bare:
            handler = update_state(handler, services=self._services, clock=lambda: 0.0)
        return handler(event, None)

    def sender(self, event: Any, chunks: int | None = None) -> Any:
        """The sender, every workflow enabled; with time for so many chunks of members, or all."""
        asked = itertools.count()
        sender = Sender(
            self.joins,
            EnabledWorkflows(None),
            # Asked before the list is read, too.
            lambda: chunks is None or next(asked) <= chunks,
        )
        failed = sender.send(StreamRecord.from_batch(event["Records"]))
        return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}

    def reconciler(
        self,
        clock: Clock,
        redelivery_seconds: int,
        *,
        grace_seconds: int,
        queue_seconds: int,
        cycles: bool = False,
    ) -> Any:
        """One pass of the reconciler."""
        pace: Any = _NoPace()
        return Pass(
            joins=self.joins,
            runs=Runs(self._sfn, pace, pace),
            paces=Paces(pace, pace, pace),
            settings=ReconcilerSettings(
                grace=timedelta(seconds=grace_seconds),
                redelivery=timedelta(seconds=redelivery_seconds),
                queue=timedelta(seconds=queue_seconds),
                cycles=cycles,
            ),
            clock=lambda: clock.shown,
            seconds_left=lambda: 1000.0,
        ).run()

    @staticmethod
    def event_of(execution: Execution) -> dict[str, Any]:
        """EventBridge's event of an ended execution."""
        return execution_event(execution.describe())


@contextmanager
def prepared() -> Iterator[None]:
    """The environment and the seams that a simulation needs, for the block."""
    before = {name: os.environ.get(name) for name in ENVIRONMENT}
    os.environ.update(ENVIRONMENT)
    pool = concurrency.ThreadPoolExecutor
    concurrency.ThreadPoolExecutor = _Inline  # type: ignore[misc, assignment]
    sleep, temporary, chunk = batches.time.sleep, tempfile.tempdir, expanding.CHUNK
    batches.time.sleep = lambda _: None
    expanding.CHUNK = CHUNK
    if Path("/dev/shm").is_dir():
        tempfile.tempdir = "/dev/shm"
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    from cirrus.lib import utils

    queue_urls, utils.QUEUE_URLS = utils.QUEUE_URLS, _QueueUrls()
    try:
        yield
    finally:
        utils.QUEUE_URLS = queue_urls
        logging.disable(level)
        batches.time.sleep, tempfile.tempdir, expanding.CHUNK = sleep, temporary, chunk
        concurrency.ThreadPoolExecutor = pool  # type: ignore[misc]
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
