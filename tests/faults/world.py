"""One deployment in moto for all trials, and what one trial has of its own."""

from __future__ import annotations

import contextlib
import functools
import io
import itertools
import json
import logging
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest import mock

import boto3
from boto3.session import Session
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.dynamodb.models import dynamodb_backends

from cirrus_callbacks_plugin.cirrus.installed import cirrus_handler
from cirrus_callbacks_plugin.cirrus.state_table import StateKey
from cirrus_callbacks_plugin.hooks import own_time, services
from cirrus_callbacks_plugin.joins.rows import Join, row_from_item, wait_of
from cirrus_callbacks_plugin.lambda_functions import clients, reconciler
from cirrus_callbacks_plugin.local import deployment
from cirrus_callbacks_plugin.local.clients import KeptClients
from cirrus_callbacks_plugin.local.moto_corrections.corrected import corrected
from cirrus_callbacks_plugin.operations import deployment as operated
from cirrus_callbacks_plugin.operations import repairs
from cirrus_callbacks_plugin.operations.aws import Aws, _name_call
from cirrus_callbacks_plugin.waits.outcome import Outcome
from cirrus_callbacks_plugin.waits.row import Key, Wait, shard, timestamp
from cirrus_callbacks_plugin.waits.table import utc_now
from faults.wire import Wire, quotas, refill, wired
from support.cirrus_world import PARENT, REGION, World, payload, payload_id
from support.generation import forget_clients, forget_queue_urls
from support.later import GRACE, REDELIVERY

if TYPE_CHECKING:
    from collections.abc import Iterator

CHILD = "sentinel-2-cog"
NO_MACHINE = "no-such-workflow"
GAVE_UP = "Parent.GaveUp"
"""With what a parent ends that waits no more."""
_QUICK = {"StartAt": "Done", "States": {"Done": {"Type": "Pass", "End": True}}}
# Lines of a package's logger, but not of botocore (SECURITY.md) nor of moto, which is AWS here.
_EXCEPTED = ("botocore", "moto", "werkzeug", "urllib3", "s3transfer")


PARENTS = 10


@dataclass
class Lines(logging.Handler):
    """What the product logged, and every text in which a token must not stand."""

    def __post_init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.ours: list[logging.LogRecord] = []
        self.texts: list[str] = []

    __hash__ = logging.Handler.__hash__

    def emit(self, record: logging.LogRecord) -> None:
        """Note a line."""
        if record.name.startswith(_EXCEPTED):
            return
        self.texts.append(record.getMessage())
        self.texts.append(str(record.args))
        if record.name.startswith("cirrus_callbacks_plugin"):
            self.ours.append(record)


@dataclass
class Deployed:
    """The deployment that all trials share.

    Attributes:
        world: its parts.
        wire: what goes over the wire.
        lines: what is logged.
        later: how many seconds after now the reconciler's clock stands.
        parents: executions that wait already, each with its token.
    """

    world: World
    wire: Wire
    lines: Lines
    later: float = 0.0
    parents: list[tuple[str, str]] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self._quotas = quotas()
        self._records = 0

    def new_item(self) -> str:
        """The name of an item that no other trial knows."""
        return f"item-{next(self.numbers)}"

    def start(self, workflow: str, name: str, text: str) -> str:
        """Start an execution."""
        machine = self.world.names.state_machine_arn(workflow)
        started = self.world.sfn.start_execution(stateMachineArn=machine, name=name, input=text)
        return str(started["executionArn"])

    def new_parent(self) -> tuple[str, str]:
        """A parent that waits, and its token; some at once, since each takes its time."""
        if not self.parents:
            started = [self.start("parent", self.new_item(), "{}") for _ in range(PARENTS)]
            self.parents = [(arn, self.world.token_of(arn)) for arn in started]
        return self.parents.pop()

    def now(self) -> Any:
        """The reconciler's clock."""
        return utc_now() + timedelta(seconds=self.later)

    def fresh(self) -> None:
        """As a new trial finds it: nothing made, nothing said, every retry unspent."""
        self.wire.heal()
        self.wire.made.clear()
        self.wire.standing = None
        self.wire.pauses = 0
        self.lines.ours.clear()
        self.lines.texts.clear()
        self.later = 0.0
        refill(self._quotas)

    def tidy(self) -> None:
        """Leave nothing of a trial: moto's queries read whole tables."""
        self.tables[self.world.names.callbacks_table].items.clear()
        self.tables[self.world.names.state_table].items.clear()
        self.new_records()

    def new_records(self) -> list[dict[str, Any]]:
        """The stream's records since the last call; asked for only where there are any."""
        there = len(self.tables[self.world.names.callbacks_table].stream_shard.items)
        if there == self._records:
            return []
        self._records = there
        return self.world.new_stream_records()

    @property
    def tables(self) -> Any:
        """Moto's own tables: to look into them costs no call."""
        return dynamodb_backends[self.world.names.account][self.world.names.region].tables

    def items(self, table: str) -> list[dict[str, Any]]:
        """A table's items, as DynamoDB's low-level API returns them."""
        return [item.to_json()["Attributes"] for item in self.tables[table].all_items()]


@contextmanager
def deployed() -> Iterator[Deployed]:
    """A deployment on corrected moto behind a wire; clients are built once, for all trials."""
    lines = Lines()
    root = logging.getLogger()
    package = logging.getLogger("cirrus_callbacks_plugin")
    with contextlib.ExitStack() as stack:
        wire = stack.enter_context(wired())
        _environment(stack)
        kept = KeptClients()
        _forget()
        stack.callback(_forget)
        for module in (deployment, clients, reconciler):
            stack.enter_context(mock.patch.object(module, "Session", return_value=kept))
        stack.enter_context(mock.patch.object(boto3, "client", kept.client))
        # What a machine under load makes of two seconds is not a trial's business.
        stack.enter_context(mock.patch.object(own_time, "OWN_SECONDS", 600.0))
        stack.enter_context(
            mock_aws(config={"stepfunctions": {"execute_state_machine": True}}),
        )
        stack.enter_context(corrected())
        stack.enter_context(contextlib.redirect_stdout(io.StringIO()))  # metrics
        stack.enter_context(mock.patch.object(Aws, "of", functools.cache(_at_hand)))
        stack.enter_context(mock.patch.object(repairs, "SENDER_SECONDS", 0.0))
        world = World()
        for name, value in world.names.environment().items():
            os.environ[name] = value
        os.environ["CIRRUS_CALLBACKS_WORKFLOWS"] = "*"
        world.add_workflow(CHILD, _QUICK)
        world.add_workflow("parent", PARENT)
        _build_clients()
        found = Deployed(world, wire, lines)
        stack.enter_context(mock.patch.object(reconciler, "utc_now", found.now))
        stack.enter_context(mock.patch.object(operated, "now", found.now))
        root.addHandler(lines)
        stack.callback(root.removeHandler, lines)
        for name in ("process", "update_state"):
            cirrus_handler(name)  # importing it configures cirrus's logging
        _level(stack, package, logging.DEBUG)
        for name in ("cirrus.lib", "function"):  # cirrus prints every event and payload
            _level(stack, logging.getLogger(name), logging.CRITICAL)
        yield found


def _level(stack: contextlib.ExitStack, logger: logging.Logger, level: int) -> None:
    stack.callback(logger.setLevel, logger.level)
    logger.setLevel(level)


def _environment(stack: contextlib.ExitStack) -> None:
    stack.enter_context(mock.patch.dict(os.environ))
    for name in list(os.environ):
        if name.startswith(("CIRRUS_", "AWS_", "POWERTOOLS_")):
            del os.environ[name]
    os.environ.update(
        AWS_DEFAULT_REGION="us-west-2",
        AWS_ACCESS_KEY_ID="testing",
        AWS_SECRET_ACCESS_KEY="testing",
        AWS_EC2_METADATA_DISABLED="true",
    )


def _forget() -> None:
    clients._kept.cache_clear()
    services._kept.cache_clear()
    forget_clients()
    forget_queue_urls()


class _KeptSession(Session):
    """Builds a client once: reading AWS's models is what costs a command its time."""

    @functools.cache  # noqa: B019 - as long as the world
    def client(self, service_name: str, **given: Any) -> Any:
        """The client of a service."""
        return super().client(service_name, **given)


def _at_hand(region: str | None, _profile: str | None, _endpoint_url: str | None) -> Aws:
    """In the place of ``Aws.of``."""
    session = _KeptSession(region_name=region)
    session.events.register("after-call", _name_call)
    return Aws(session)


def _build_clients() -> None:
    """Build what the product keeps, so that the retry quotas of all of them are known."""
    found = clients.clients()
    assert found.dynamodb
    assert found.stepfunctions
    assert found.s3()
    assert found.sqs()
    hooks = services.clients()
    assert hooks.dynamodb
    assert hooks.s3
    assert hooks.sqs
    assert reconciler._s3()
    for service in ("dynamodb", "stepfunctions", "lambda", "s3", "sts"):
        assert Aws.of(REGION, None, None).client(service)


@dataclass
class Waiting:
    """One parent that waits, and the payload that it waits for.

    Attributes:
        deployed: where.
        workflow: the child's.
        item: the payload's one item.
        token: with which the parent waits.
        parent: the parent's execution.
        run: the child's run, once there is one.
    """

    deployed: Deployed
    workflow: str = CHILD
    item: str = ""
    token: str = ""
    parent: str = ""
    run: str | None = None
    _told: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        self.item = self.deployed.new_item()
        self.parent, self.token = self.deployed.new_parent()

    @property
    def world(self) -> World:
        """The deployment's parts."""
        return self.deployed.world

    @property
    def child(self) -> str:
        """The payload's id."""
        return payload_id(self.item, self.workflow)

    @property
    def about(self) -> str:
        """What the parent's row is about."""
        return self.child

    @functools.cached_property
    def key(self) -> Key:
        """The row's key."""
        return Key.of(self.about, self.token)

    def runs(self, about: str | None = None) -> list[str]:
        """The runs that cirrus has listed of the payload, or of another one."""
        key = StateKey.of(about or self.child)
        assert key is not None
        for item in self.deployed.items(self.world.names.state_table):
            if key.to_item().items() <= item.items():
                return [each["S"] for each in item["executions"]["L"]]
        return []

    def row(self) -> Wait | None:
        """The row, as it is now; that of an unusable payload is found by its token."""
        return next((row for row in self.rows() if row.task_token == self.token), None)

    def rows(self) -> list[Wait]:
        """The rows of all waits that there are, those of a join's members among them."""
        items = self.deployed.items(self.world.names.callbacks_table)
        rows = [row_from_item(item, Key.from_item(item)) for item in items]
        return [wait_of(row) for row in rows if isinstance(row, (Wait, Join))]

    def told(self, *, has_ended: bool) -> dict[str, Any]:
        """The parent's execution as it is now; waits for its end where it must have ended."""
        if self._told is None:
            found = self.world.wait_ended if has_ended else self.world.describe
            told = found(self.parent)
            if told["status"] == "RUNNING":
                return told
            self._told = told
        return self._told

    def give_up(self) -> None:
        """End the parent by itself: Step Functions takes its token no more."""
        with contextlib.suppress(ClientError):  # it has ended, as it was told to by the product
            self.world.sfn.send_task_failure(taskToken=self.token, error=GAVE_UP)
        self.world.wait_ended(self.parent)

    # --- short cuts: what other parts of the product would have done ---------------------

    def start_run(self) -> str:
        """Let the child run and end; cirrus has listed it and knows nothing of its end."""
        text = json.dumps({"id": self.child, **payload(self.item, self.workflow)})
        self.run = self.deployed.start(self.workflow, self.item, text)
        self.record("PROCESSING", self.run)
        return self.run

    def record(
        self,
        state: str,
        *runs: str,
        error: str | None = None,
        about: str | None = None,
    ) -> None:
        """Write the record of the payload, or of another one."""
        key = StateKey.of(about or self.child)
        assert key is not None
        item = {
            **key.to_item(),
            "state_updated": {"S": f"{state}_{timestamp(utc_now())}"},
            "executions": {"L": [{"S": run} for run in runs]},
        }
        if error is not None:
            item["last_error"] = {"S": error}
        self.world.dynamodb.put_item(TableName=self.world.names.state_table, Item=item)

    def register(self, **fields: Any) -> None:
        """Put the row as the process hook does."""
        row = Wait(
            self.about,
            self.token,
            workflow=self.workflow,
            registered_at=timestamp(utc_now()),
            waiting=shard(self.token),
            cirrus_version="2.0.0",
            **fields,
        )
        self.world.waits().register(row)

    def settle(self, state: str = "SUCCEEDED", error: str | None = None) -> None:
        """Settle the row as update-state does."""
        self.world.waits().settle(self.key, Outcome(state, self.run, error))


SOON = GRACE + 60
LATE = REDELIVERY + 60
