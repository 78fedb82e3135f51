"""A whole deployment in this process: its parts in moto, and the event sources around them."""

from __future__ import annotations

import json
import os
import threading
import time
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from cirrus_callbacks_plugin import config
from cirrus_callbacks_plugin.cirrus.installed import cirrus_handler, given_handler
from cirrus_callbacks_plugin.cirrus.state_table import Record, StateTable
from cirrus_callbacks_plugin.joins.rows import Join
from cirrus_callbacks_plugin.joins.table import JoinsTable
from cirrus_callbacks_plugin.local import deployment as parts
from cirrus_callbacks_plugin.local import practice, terraform
from cirrus_callbacks_plugin.local.changes import SERVICES, STEP_FUNCTIONS, Changes
from cirrus_callbacks_plugin.local.clients import clients_kept
from cirrus_callbacks_plugin.local.environment import RECONCILER, isolated, logs
from cirrus_callbacks_plugin.local.errors import LocalProjectError
from cirrus_callbacks_plugin.local.functions import loaded
from cirrus_callbacks_plugin.local.join_progress import JoinProgress
from cirrus_callbacks_plugin.local.moto_corrections.clock import end_what_waits
from cirrus_callbacks_plugin.local.moto_corrections.corrected import corrected
from cirrus_callbacks_plugin.local.project import Project, StoredObject
from cirrus_callbacks_plugin.local.report import Report
from cirrus_callbacks_plugin.local.server import MotoServer
from cirrus_callbacks_plugin.local.sources.executions import ExecutionsSource
from cirrus_callbacks_plugin.local.sources.filters import matcher
from cirrus_callbacks_plugin.local.sources.queue import QueueSource
from cirrus_callbacks_plugin.local.sources.records import StreamRecords
from cirrus_callbacks_plugin.local.sources.schedule import ScheduleSource
from cirrus_callbacks_plugin.local.sources.source import Poll, Rounds, Source, Tell
from cirrus_callbacks_plugin.local.sources.stream import StreamSource
from cirrus_callbacks_plugin.local.timeline import own_id
from cirrus_callbacks_plugin.sender import filters
from cirrus_callbacks_plugin.waits.queries import WaitsQueries
from cirrus_callbacks_plugin.waits.row import task_wait
from cirrus_callbacks_plugin.waits.table import WaitsTable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from cirrus_callbacks_plugin.local.clock import StackClock
    from cirrus_callbacks_plugin.local.moto_corrections.functions import Invoke
    from cirrus_callbacks_plugin.local.sources.source import Handler
    from cirrus_callbacks_plugin.local.timeline import Timeline
    from cirrus_callbacks_plugin.waits.row import Wait

    Around = Callable[[str, Handler], Handler]

REGION = "us-west-2"
ACCOUNT = "123456789012"  # moto's own
VISIBILITY_SECONDS = 1
"""A failed batch comes again after this; deployments wait 180 s."""
PAUSE_SECONDS = 0.1
"""Between two polls of a source that has something to deliver in a while, or follows time."""
IDLE_PAUSE_SECONDS = 3.0
"""The same of a source that has nothing: it is asked at once when what it reads has changed."""
_SEEN = "what the stack has seen"
"""What changes beside the services: with it a condition that is waited for may come true."""
GATHERING_SECONDS = 0.05
"""From a change to the poll: what comes in one go is delivered as one batch."""
LOOK_SECONDS = 1.0
"""How often a condition is looked at while the stack sees nothing happen."""
STOP_SECONDS = 15.0
"""How long a delivery under way may still take once the stack stops."""


@dataclass(frozen=True, slots=True)
class StackSettings:
    """How a stack is to be set up.

    Attributes:
        prefix: of the names of its parts.
        workflows: the per-workflow flag, as ``CIRRUS_CALLBACKS_WORKFLOWS`` holds it.
        environment: the caller's environment; the plugin's own variables in it hold.
        variables: further template variables for the state machines.
        terraform: let the Terraform module make the tracking table, the sender's
            environment and its filter.
        verbose: let the libraries' logs through, to standard error.
        without: functions (``process``, ``update-state``, ``sender``, ``reconciler``) whose
            event sources are left out, as if they were broken: to practise repairs.
        port: where moto's server listens; 0: any free port.
        only: names, paths or ids of the payloads to send; empty for all.
        needs_payloads: a folder without payloads is an error.
    """

    prefix: str = "cirrus-local"
    workflows: str = "*"
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    variables: Mapping[str, str] = field(default_factory=dict)
    verbose: bool = False
    terraform: bool = False
    without: frozenset[str] = frozenset()
    port: int = 0
    only: tuple[str, ...] = ()
    needs_payloads: bool = True

    @property
    def is_for_practice(self) -> bool:
        """True where something is broken on purpose, for people to find and to mend."""
        return bool(self.without)

    def names(self) -> parts.Names:
        """The names of the parts; ``CIRRUS_STATE_DB`` names the tables where it is set.

        Raises:
            ConfigurationError: the tracking table's name cannot be derived.
        """
        tables = None
        if self.environment.get(config.STATE_DB) or self.environment.get(config.TABLE):
            state = self.environment.get(config.STATE_DB) or f"{self.prefix}-state"
            tables = config.Tables.from_env({**self.environment, config.STATE_DB: state})
        return parts.Names(self.prefix, REGION, ACCOUNT, tables=tables)

    def own_variables(self) -> dict[str, str]:
        """The plugin's variables, as the lambdas are to see them."""
        own = {
            name: value
            for name, value in self.environment.items()
            if name.startswith("CIRRUS_CALLBACKS_")
        }
        return {**own, config.WORKFLOWS: self.workflows}


class Stack:
    """A running deployment.

    Attributes:
        deployment: its parts.
        project: the folder that it was made for.
        definitions: the state machines with their variables filled in, by workflow.
        timeline: told what happens.
    """

    def __init__(
        self,
        deployment: parts.LocalDeployment,
        project: Project,
        sources: tuple[Source, ...],
        timeline: Timeline,
        definitions: Mapping[str, str],
        *,
        changes: Changes,
    ) -> None:
        self.deployment = deployment
        self.project = project
        self.definitions = definitions
        self.timeline = timeline
        self._sources = sources
        self._rounds = Rounds(tuple(source.name for source in sources))
        self._changes = changes
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._broken: BaseException | None = None

    def send(self, body: Any) -> None:
        """Send a payload to the process queue."""
        self.deployment.client("sqs").send_message(
            QueueUrl=self.deployment.names.process_queue_url,
            MessageBody=json.dumps(body),
        )
        self.disturbed()

    def disturbed(self) -> None:
        """Take note that work has come from elsewhere than an event source."""
        self._rounds.disturb()
        self._changes.note(*SERVICES, _SEEN)

    def upload(self, stored: StoredObject) -> None:
        """Put an object of the project into S3; its bucket is there already."""
        self.deployment.client("s3").put_object(
            Bucket=stored.bucket,
            Key=stored.key,
            Body=stored.path.read_bytes(),
        )

    def wait_until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait for a condition, at most so long; False if it did not come true.

        It is looked at whenever an event source has delivered or seen something, and every
        second: it may be about what the stack does not watch.
        """
        deadline = time.monotonic() + seconds
        while True:
            seen = self._changes.count(_SEEN)
            if condition():
                return True
            if self._broken is not None:
                raise self._broken
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self._changes.wait(_SEEN, seen, min(left, LOOK_SECONDS))

    def nothing_left(self) -> bool:
        """True once every execution has ended and queue and stream are drained."""
        return self._rounds.nothing_left

    def is_quiet(self) -> bool:
        """True once nothing is being delivered, and nothing is there to be delivered now."""
        return self._rounds.is_quiet

    def dead_letters(self) -> int:
        """How many messages were given up."""
        sqs = self.deployment.client("sqs")
        url = sqs.get_queue_url(QueueName=self.deployment.names.dead_letter_queue)["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return int(attributes["ApproximateNumberOfMessages"])

    def record(self, payload_id: str) -> Record | None:
        """A payload's record in cirrus's state table."""
        states = StateTable(self.deployment.client("dynamodb"), self.deployment.names.state_table)
        return states.of_payload(payload_id)

    def waits(self) -> tuple[Wait, ...]:
        """The waits as the tracking table holds them, in the order of registration.

        A join's own wait is one of them, and so is that of each of its members.
        """
        queries = WaitsQueries(
            self.deployment.client("dynamodb"),
            self.deployment.names.callbacks_table,
        )
        rows = queries.all_rows()
        return tuple(sorted(rows, key=lambda wait: (wait.registered_at or "", wait.payload_id)))

    def joins(self, waits: Iterable[Wait]) -> dict[str, JoinProgress]:
        """How far the joins among some waits are, by id, as the tracking table says."""
        client, name = self.deployment.client("dynamodb"), self.deployment.names.callbacks_table
        table = JoinsTable(WaitsTable(client, name))
        joins_by_id = table.joins({wait.payload_id for wait in waits if wait.is_join})
        return {
            each: JoinProgress(join, tuple(table.members(each)))
            for each, join in joins_by_id.items()
            if isinstance(join, Join)
        }

    def report(self) -> Report:
        """What is known by now; the waits as the tracking table holds them."""
        executions = self.timeline.executions
        ids = {execution.payload_id for execution in executions if execution.payload_id}
        every_record = {payload_id: self.record(payload_id) for payload_id in ids}
        records = {payload_id: record for payload_id, record in every_record.items() if record}
        waits = tuple(wait for wait in self.waits() if task_wait(wait) is not None)
        gone = frozenset(wait.key for wait in waits if not wait.is_answered)
        gone &= self.timeline.gone
        return Report(executions, waits, records, self.joins(waits), gone)

    def payload_id_of(self, given: Any) -> str | None:
        """The id of the payload that an execution's input is, or refers to by ``url``."""
        return own_id(self.payload_behind(given))

    def payload_behind(self, given: Any) -> Any:
        """The payload that a reference ``{"url": ...}`` leads to; everything else as it is."""
        url = given.get("url") if isinstance(given, dict) else None
        if not isinstance(url, str) or own_id(given) is not None:
            return given
        bucket, _, key = url.removeprefix("s3://").partition("/")
        try:
            body = self.deployment.client("s3").get_object(Bucket=bucket, Key=key)["Body"]
            return json.loads(body.read())
        except (ClientError, BotoCoreError, ValueError):
            return given

    def keep(self, folder: Path) -> int:
        """Write every object that S3 holds below a folder, as ``BUCKET/KEY``.

        Returns:
            How many objects were written.

        Raises:
            LocalProjectError: a key leads out of the folder, or a file cannot be written.
        """
        s3, count = self.deployment.client("s3"), 0
        for bucket in s3.list_buckets()["Buckets"]:
            for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket["Name"]):
                for each in page.get("Contents", ()):
                    path = folder / bucket["Name"] / each["Key"]
                    if not path.resolve().is_relative_to(folder.resolve()):
                        raise LocalProjectError(path, "would be written outside of the folder")
                    body = s3.get_object(Bucket=bucket["Name"], Key=each["Key"])["Body"].read()
                    try:
                        path.parent.mkdir(parents=True, exist_ok=True)
                        path.write_bytes(body)
                    except OSError as error:
                        raise LocalProjectError(path, f"cannot be written: {error}") from error
                    count += 1
        return count

    def start(self) -> None:
        """Let the event sources run, each in a thread of its own as each has its lambda."""
        for source in self._sources:
            thread = threading.Thread(
                target=self._serve,
                args=(source,),
                name=f"source-{source.name}",
                daemon=True,
            )
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Let the deliveries under way end, and no other one begin; stop what still runs."""
        self._stopping.set()
        self._changes.note(*SERVICES)
        for thread in self._threads:
            thread.join(STOP_SECONDS)
        stepfunctions = self.deployment.client("stepfunctions")
        for arn in self._running():
            stepfunctions.stop_execution(executionArn=arn)
        # What still runs would go on without the corrections of moto.
        deadline = time.monotonic() + STOP_SECONDS
        while self._running() and time.monotonic() < deadline:
            time.sleep(PAUSE_SECONDS)

    def _running(self) -> list[str]:
        """The ARNs of the executions that have not ended."""
        listing = self.deployment.client("stepfunctions").get_paginator("list_executions")
        return [
            str(execution["executionArn"])
            for workflow in self.project.workflows
            for page in listing.paginate(
                stateMachineArn=self.deployment.names.state_machine_arn(workflow),
                statusFilter="RUNNING",
            )
            for execution in page["executions"]
        ]

    def _serve(self, source: Source) -> None:
        while not self._stopping.is_set():
            seen = self._changes.count(source.reads) if source.reads else 0
            began = self._rounds.began()
            try:
                poll = source.poll()
            except BaseException as error:  # noqa: BLE001 - the one who waits is to know
                self._broken = error  # SystemExit too: the reader of the timeline went away
                self.has_changed()
                return
            before = (self.nothing_left(), self.is_quiet())
            self._rounds.ended(source.name, began, poll)
            if poll is Poll.DELIVERED or (self.nothing_left(), self.is_quiet()) != before:
                self.has_changed()
            if poll is Poll.DELIVERED:
                self._changes.note(*SERVICES)  # each source has to show again that it is empty
            elif poll is Poll.WAITING or source.reads is None:
                self._stopping.wait(PAUSE_SECONDS)
            elif self._changes.wait(source.reads, seen, IDLE_PAUSE_SECONDS):
                self._stopping.wait(GATHERING_SECONDS)

    def has_changed(self) -> None:
        """Let what waits for a condition look at it again."""
        self._changes.note(_SEEN)


@contextmanager
def running(
    root: Path,
    settings: StackSettings,
    timeline: Timeline,
    *,
    around: Around | None = None,
    clock: StackClock | None = None,
    invoke_around: Callable[[Invoke], Invoke] | None = None,
    server: Callable[[], MotoServer] | None = None,
) -> Iterator[Stack]:
    """A stack for a folder's content, until the end of the block; nothing stays behind.

    The buckets of the folder's objects are there; no object is, and no payload is sent.

    Args:
        root: the folder.
        settings: how the stack is to be set up.
        timeline: told what happens.
        around: wraps each lambda handler, by the name of its event source.
        clock: what the interpreter's waiting follows; None: the machine's clock.
        invoke_around: wraps what runs lambda tasks.
        server: gives the server that serves the deployment; None: one of its own.

    Raises:
        LocalProjectError: a file of the folder cannot be used.
        ConfigurationError: a variable is wrong, or no supported cirrus is installed.
    """
    names = settings.names()
    with ExitStack() as until_end:
        joins_url = {config.JOINS_URL: names.joins_url}
        variables = {**names.environment(), **joins_url, **RECONCILER, **settings.own_variables()}
        until_end.enter_context(isolated(variables))
        until_end.enter_context(logs(verbose=settings.verbose))
        config.ReconcilerSettings.from_env()
        project = Project.read(
            root,
            prefix=settings.prefix,
            only=settings.only,
            needs_payloads=settings.needs_payloads,
        )
        project.check_definitions(names, settings.variables)  # before anything is started
        timeline.step(f"a Cirrus is being set up for {root}")
        moto = (
            until_end.enter_context(closing(MotoServer(settings.port)))
            if server is None
            else server()
        )
        names = replace(names, endpoint_url=until_end.enter_context(moto.serving()))
        os.environ.update(names.environment())
        until_end.enter_context(clients_kept())
        functions = until_end.enter_context(loaded(project.functions, names.prefix))
        invoke: Invoke = functions.invoke
        if invoke_around is not None:
            invoke = invoke_around(invoke)
        until_end.enter_context(
            corrected(
                invoke,
                clock,
                on_unanswered=timeline.unanswered,
                on_end=lambda: moto.changes.note(STEP_FUNCTIONS),
            )
        )
        for handler in ("process", "update_state"):
            cirrus_handler(handler, given_handler(handler))  # now, not at the first message
        stream_arn, patterns = None, None
        if settings.terraform:
            timeline.step("the Terraform module is being applied (about a minute)")
            module = until_end.enter_context(terraform.applied(names, settings.workflows))
            stream_arn, patterns = module.stream_arn, module.patterns
            os.environ.update({**module.environment, **settings.own_variables()})
        deployment = parts.create(
            names,
            visibility_seconds=VISIBILITY_SECONDS,
            stream_arn=stream_arn,
        )
        for bucket in {stored.bucket for stored in project.objects} - {names.payload_bucket}:
            parts.create_bucket(deployment, bucket)
        definitions = project.definitions(names, settings.variables)
        state_machines = [
            parts.create_state_machine(deployment, workflow, definition)
            for workflow, definition in definitions.items()
        ]
        if patterns is None:
            patterns = filters.filter_patterns(config.EnabledWorkflows.from_env())
        sources = _sources(
            deployment,
            state_machines,
            timeline,
            patterns=patterns,
            without=settings.without,
            around=around or (lambda _, handler: handler),
        )
        if settings.is_for_practice and server is None and not settings.terraform:
            own = {**RECONCILER, **joins_url, **settings.own_variables()}
            practice.publish(deployment, own, settings.without)
        stack = Stack(deployment, project, sources, timeline, definitions, changes=moto.changes)
        timeline.payload_id_of = stack.payload_id_of
        timeline.on_change = stack.has_changed
        stack.start()
        if clock is not None:
            until_end.callback(end_what_waits, clock)
        until_end.callback(stack.stop)
        timeline.begin()
        timeline.step(f"it is up, with the workflows {', '.join(project.workflows)}")
        if settings.without and server is None:  # a server of a caller's own is not to be shown
            timeline.step(
                f"without {', '.join(sorted(settings.without))}; look at it with: "
                f"cirrus-callbacks waits --deployment {names.prefix} --region {names.region} "
                f"--endpoint-url {names.endpoint_url}",
            )
        yield stack


def _sources(
    deployment: parts.LocalDeployment,
    state_machines: list[str],
    timeline: Timeline,
    *,
    patterns: list[dict[str, Any]],
    without: frozenset[str],
    around: Around,
) -> tuple[Source, ...]:
    """The three event sources, and the schedule, but for those that are left out.

    Executions are watched in any case, since a run is not over while one goes on: without
    update-state their ends are lost.
    """
    from cirrus_callbacks_plugin.lambda_functions import process, reconciler, sender, update_state

    tell = Tell(timeline.trouble)
    ended = (lambda *_: None) if "update-state" in without else update_state.lambda_handler
    sources: tuple[Source, ...] = (
        QueueSource(
            deployment.client("sqs"),
            deployment.names,
            around("process", process.lambda_handler),
            tell,
        ),
        ExecutionsSource(
            deployment.client("stepfunctions"),
            state_machines,
            around("update-state", ended),
            tell,
            timeline.execution,
        ),
        StreamSource(
            StreamRecords(deployment.client("dynamodbstreams"), deployment.stream_arn),
            around("sender", sender.lambda_handler),
            matcher(patterns),
            tell,
            timeline.record,
        ),
        ScheduleSource(around("reconciler", reconciler.lambda_handler), tell),
    )
    left_out = without - {"update-state"}
    return tuple(source for source in sources if source.name not in left_out)
