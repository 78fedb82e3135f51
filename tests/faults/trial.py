"""One trial: a parent that waits, and the machinery of AWS that goes on around it.

The queue delivers again what was not deleted, EventBridge's event comes, the stream delivers
again from the lowest failed record on, the schedule starts the reconciler. What goes beyond
the ordinary way is noted; from the notes follows who retried and what the answer waited for.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cirrus_callbacks_plugin import config
from cirrus_callbacks_plugin.lambda_functions import process, reconciler, sender, update_state
from cirrus_callbacks_plugin.local.sources.filters import matcher
from cirrus_callbacks_plugin.sender.filters import filter_patterns
from cirrus_callbacks_plugin.waits.row import CONTINUE
from faults.world import GAVE_UP, LATE, SOON, Deployed, Waiting
from support.cirrus_world import Context

if TYPE_CHECKING:
    from collections.abc import Callable

    from faults.wire import Made

ROUNDS = 8
"""More than the machinery ever needs; what has work then never comes to an end."""

NOTHING = "nothing"
GONE = "nothing: it is gone"
_ANSWERING = ("SendTaskSuccess", "SendTaskFailure")
_QUEUEING = ("SendMessageBatch", "SendMessage")

Again = tuple[str, str]
"""Who did something beyond the ordinary way, and what was waited for until then."""


@dataclass(frozen=True)
class Ran:
    """A command that was run.

    Attributes:
        status: its exit status.
        told: what it wrote to standard error.
    """

    status: int
    told: str


@dataclass
class Trial:
    """The parts of AWS that go on, for one parent that waits.

    Attributes:
        deployed: where.
        waiting: the parent, and what it waits for.
        plain: the payload of a neighbour that nobody waits for, in the same batch.
        again: what was done beyond the ordinary way.
        until_answer: the same, up to the moment at which the answer was taken.
        raised: what the functions raised, in the order in which Lambda logs it.
        problems: promises that were broken.
        stream: records that the sender has not dealt with.
        is_queue_empty: True where no message is left.
        plain_deliveries: how often the neighbour was delivered.
        passes_at: how many seconds after now the reconciler's passes are made.
        runs: the commands that were run.
        named: what an operator names, where it is not what the parent waits for.
    """

    deployed: Deployed
    waiting: Waiting
    plain: str | None = None
    again: list[Again] = field(default_factory=list)
    until_answer: list[Again] | None = None
    raised: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    stream: list[dict[str, Any]] = field(default_factory=list)
    is_queue_empty: bool = True
    plain_deliveries: int = 0
    passes_at: float = SOON
    runs: list[Ran] = field(default_factory=list)
    named: str | None = None
    _delivered: set[str] = field(default_factory=set)
    _passes: int = 0
    _continued: bool = False
    _sent: set[str] = field(default_factory=set)
    _reported: set[str] = field(default_factory=set)

    # --- what AWS does --------------------------------------------------------------

    def queue(self) -> bool:
        """Deliver what lies in the queue to ``process``; it is deleted where that returns."""
        event = None if self.is_queue_empty else self.deployed.world.receive()
        if event is None:
            self.is_queue_empty = True
            return False
        plain = [record for record in event["Records"] if not record["messageAttributes"]]
        names = {each["messageId"] for each in event["Records"] if each["messageAttributes"]}
        if names & self._delivered:
            self.note("the queue", "the message's next delivery")
        self._delivered |= names
        if plain:
            if self.plain_deliveries:
                self.note("the queue, for the neighbours", "")
            self.plain_deliveries += 1
        if self.called(lambda: process.lambda_handler(event, Context())):
            self.deployed.world.delete(event)
        return True

    def event(self) -> bool:
        """Deliver the end of the payload's last run to ``update-state``, once."""
        run = self.ended_run()
        if run is None:
            return False
        event = self.deployed.world.event_of(run)
        self.event_delivered(lambda: update_state.lambda_handler(event, Context()))
        return True

    def event_delivered(self, call: Callable[[], Any]) -> None:
        """Call ``update-state``; whatever befalls the plugin, it does what cirrus does."""
        if not self.called(call):
            self.problems.append(f"update-state was failed by it: {self.raised[-1]}")

    def ended_run(self) -> str | None:
        """The payload's last run, the first time that it is asked for; None where it is not."""
        runs = [self.waiting.run] if self.waiting.run else self.waiting.runs()
        run = runs[-1] if runs else None
        if run is None or run in self._reported:
            return None
        try:
            self.deployed.world.wait_ended(run)
        except ClientError:
            return None  # it could not be started
        self._reported.add(run)
        return run

    def records(self) -> bool:
        """Deliver the stream's records to the sender."""
        return self.records_delivered(Context())

    def records_delivered(self, context: Context) -> bool:
        """Deliver them in a context, through the filter that Terraform deploys."""
        matches = matcher(filter_patterns(config.EnabledWorkflows.from_env()))
        new = self.deployed.new_records()
        self.stream += [record for record in new if matches(record)]
        if not self.stream:
            return False
        known = {record["eventID"] for record in self.stream}
        if any(
            record["dynamodb"]["Keys"]["task_token"]["S"] == CONTINUE
            and record["eventID"] not in self._sent
            for record in self.stream
        ):
            another = "another" if self._continued else "a"
            self._continued = True
            self.note(f"the sender, by {another} `#continue`", "the record of `#continue`")
        if known & self._sent:
            self.note("the stream", "the batch's next delivery")
        if self.runs and self.is_open():
            self.note("the sender", "the row's stream record")
        self._sent |= known
        batch = list(self.stream)
        told: dict[str, Any] = {}
        if self.called(lambda: told.update(sender.lambda_handler({"Records": batch}, context))):
            failed = {each["itemIdentifier"] for each in told["batchItemFailures"]}
            numbers = [record["dynamodb"]["SequenceNumber"] for record in batch]
            lowest = [place for place, number in enumerate(numbers) if number in failed]
            self.stream = batch[lowest[0] :] if lowest else []
        if any(made.call.operation in _QUEUEING for made in self.deployed.wire.made):
            self.is_queue_empty = False  # a join's members
        return True

    def schedule(self) -> bool:
        """Start a pass of the reconciler."""
        self.deployed.later = self.passes_at
        if self._passes:
            self.note("the reconciler", "its next pass")
        self._passes += 1
        if not self.called(lambda: reconciler.lambda_handler(None, None)):
            self.problems.append(f"a whole pass failed: {self.raised[-1]}")
        return True

    def round(self) -> bool:
        """Everything once that has work to do; False where nothing has."""
        return any([self.queue(), self.event(), self.records()])

    def drive(self) -> None:
        """Go on until nothing has work to do."""
        for _ in range(ROUNDS):
            if not self.round():
                return
        self.problems.append("the machinery does not come to rest")

    def repair(self) -> None:
        """Passes of the reconciler, at later and later times, until every row is answered."""
        for when, told in ((SOON, "the grace period"), (LATE, "the redelivery time")):
            if all(row.is_answered for row in self.waiting.rows()):
                return
            self.passes_at, self._passes = when, 0
            self.note("the reconciler", f"a pass after {told}")
            self.schedule()
            self.drive()

    def note(self, who: str, waits_for: str) -> None:
        """Note something beyond the ordinary way."""
        self.look()
        self.again.append((who, waits_for))

    def look(self) -> None:
        """Note, once, what had been needed when the answer was taken."""
        if self.until_answer is None and self.accepted():
            self.until_answer = list(self.again)

    def called(self, call: Callable[[], Any]) -> bool:
        """Call a function as Lambda does; False where it raised."""
        try:
            call()
        except Exception as error:  # noqa: BLE001 - Lambda takes any
            self.raised.append(type(error).__name__)
            self.deployed.lines.texts.append("".join(traceback.format_exception(error)))
            return False
        finally:
            self.look()
        return True

    # --- what came of it ------------------------------------------------------------

    def is_open(self) -> bool:
        """True where the parent has a row and it is not answered."""
        row = self.waiting.row()
        return row is not None and not row.is_answered

    @property
    def failed_runs(self) -> list[Ran]:
        """The commands that did not end with 0."""
        return [ran for ran in self.runs if ran.status]

    def accepted(self) -> list[Made]:
        """The answers to this parent that Step Functions took."""
        token = self.waiting.token
        return [
            made
            for made in self.deployed.wire.made
            if made.call.operation in _ANSWERING and made.parameters["taskToken"] == token
            for status in made.statuses
            if status == 200
        ]

    def sees(self) -> str:
        """What the parent was told."""
        told = self.waiting.told(has_ended=bool(self.accepted()))
        if told["status"] == "RUNNING":
            return NOTHING
        if told["status"] == "SUCCEEDED":
            return "success"
        return GONE if told.get("error") == GAVE_UP else str(told.get("error"))
