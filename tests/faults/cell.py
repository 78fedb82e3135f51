"""One cell of the matrix: a kind of call, a fault, and what was seen of it."""

from __future__ import annotations

import json
import logging
import os
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.waits import step_log
from faults.fault import Fault, code_of, without_codes
from faults.trial import GONE, NOTHING, Again, Trial
from support.in_batches import in_batches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from faults.calls import Call
    from faults.world import Deployed

ONCE = "once"
LASTING = "until mended"

OF_BATCHES = (Fault.THROTTLED, Fault.TIMED_OUT, Fault.DENIED)
"""A batch's client treats a server error as throttling, and a missing table as a refusal."""

_HANDING_ON = ("SendMessage", "SendMessageBatch", "PutObject")
_SERVICES = {
    "Step Functions": "stepfunctions",
    **{name.upper(): name for name in ("s3", "sqs", "lambda", "sts")},
}


@dataclass(frozen=True)
class Scenario:
    """A way on which the product makes some of its calls.

    Attributes:
        name: what the table calls it.
        function: whose calls are at stake.
        prepare: makes the trial, up to the moment before those calls.
        act: the step of AWS in which they are made.
        sees: what the parent may be told in the end.
        environment: variables that it needs.
        again: what is done once more as long as the row is open; None: nothing but what AWS
            does by itself.
        faults: those that are tried.
        batches: True where even one row is written in a batch, as more than a few are.
    """

    name: str
    function: str
    prepare: Callable[[Deployed], Trial]
    act: Callable[[Trial], Any]
    sees: frozenset[str] = frozenset({"success"})
    environment: dict[str, str] = field(default_factory=dict)
    again: Callable[[Trial], Any] | None = None
    faults: tuple[Fault, ...] = tuple(Fault)
    batches: bool = False


@dataclass(frozen=True)
class Ordinary:
    """A scenario's way where nothing fails.

    Attributes:
        scenario: which.
        calls: the kinds of calls that its act makes.
        again, logged: what belongs to its way.
    """

    scenario: Scenario
    calls: tuple[Call, ...]
    again: tuple[Again, ...]
    logged: tuple[str, ...]


@dataclass(frozen=True)
class Observed:
    """What came of a fault, as the table shows it.

    Attributes:
        attempts: how often the first call that failed went over the wire, the same call
            made again by the same invocation included.
        retried_by: who tried again, besides the client.
        waits_for: what the answer waited for, beyond its ordinary way.
        logged: warnings and errors, and what was raised.
        sees: what the parent was told.
        row: how the row was marked in the end.
    """

    attempts: int
    retried_by: tuple[str, ...]
    waits_for: tuple[str, ...]
    logged: tuple[str, ...]
    sees: str
    row: str


@dataclass
class Cell:
    """One call, one fault, once or until mended.

    Attributes:
        scenario, call, fault, span: which cell.
        observed: what came of it.
        problems: promises that it broke.
        texts: everything that was written.
    """

    scenario: Scenario
    call: Call
    fault: Fault
    span: str
    observed: Observed
    problems: list[str]
    texts: list[str]

    @property
    def title(self) -> str:
        """What failures are called by."""
        return f"{self.call.function}: {self.call.name}: {self.fault.value}, {self.span}"

    @property
    def is_about_the_waiter(self) -> bool:
        """True where what is missing is the task that waits."""
        return is_about_the_waiter(self.call, self.fault)


def ordinary(deployed: Deployed, scenario: Scenario) -> Ordinary:
    """Go a scenario's way where nothing fails."""
    with _as_in(scenario):
        deployed.fresh()
        trial = scenario.prepare(deployed)
        _forget(trial)
        scenario.act(trial)
        calls = [made.call for made in deployed.wire.made]
        _finish(trial, scenario)
        found, logged = trial.sees(), _logged(trial)
        deployed.tidy()
    assert found in scenario.sees, f"{scenario.name}: the parent was told {found}"
    assert not trial.problems, f"{scenario.name}: {trial.problems}"
    own = dict.fromkeys(call for call in calls if call.function == scenario.function)
    return Ordinary(scenario, tuple(own), tuple(trial.again), logged)


def attempt(
    deployed: Deployed,
    way: Ordinary,
    call: Call,
    fault: Fault,
    span: str,
) -> Cell:
    """Let one kind of call fail, go on as AWS does, mend it, and see what came of it."""
    wire, scenario = deployed.wire, way.scenario
    with _as_in(scenario):
        deployed.fresh()
        trial = scenario.prepare(deployed)
        _forget(trial)
        instead = trial.waiting.give_up if is_about_the_waiter(call, fault) else None
        wire.fail(call, fault, times=1 if span == ONCE else 1_000_000, instead=instead)
        scenario.act(trial)
        attempts = _attempts(trial, call)
        if span == LASTING:
            _outage(trial, scenario)
        wire.heal()
        _finish(trial, scenario)
        row = trial.waiting.row()
        needed = trial.until_answer or []  # nobody waits for an answer that is never taken
        beyond = [each for each in trial.again if each not in way.again]
        observed = Observed(
            attempts=attempts,
            retried_by=_each_once(who for who, _ in beyond),
            waits_for=_each_once(what for who, what in needed if what and (who, what) in beyond),
            logged=tuple(line for line in _logged(trial) if line not in way.logged),
            sees=trial.sees(),
            row=(row.answer or "open") if row is not None else "none",
        )
        problems = [*trial.problems, *_broken(trial, scenario, call, fault, observed)]
        cell = Cell(scenario, call, fault, span, observed, problems, list(deployed.lines.texts))
        deployed.tidy()
    return cell


def _forget(trial: Trial) -> None:
    """What led up to the act does not count."""
    deployed = trial.deployed
    del deployed.lines.ours[:], deployed.lines.texts[:], deployed.wire.made[:]
    del trial.again[:], trial.raised[:]


def _attempts(trial: Trial, call: Call) -> int:
    made = trial.deployed.wire.of(call)
    first = next((each for each in made if each.faults), None)
    if first is None:
        trial.problems.append("the call was not made")
        return 0
    return sum(each.attempts for each in made if each.parameters == first.parameters)


def _outage(trial: Trial, scenario: Scenario) -> None:
    """While it lasts, one more round: nobody may be told anything untrue."""
    trial.round()
    if scenario.again is not None and trial.is_open():
        scenario.again(trial)
    if trial.sees() not in {*scenario.sees, NOTHING, GONE}:
        trial.problems.append(f"while it lasts the parent is told {trial.sees()}")


def _finish(trial: Trial, scenario: Scenario) -> None:
    """All is well: go on until the row is answered."""
    trial.drive()
    if scenario.again is not None and trial.is_open():
        scenario.again(trial)
        trial.drive()
    trial.repair()
    trial.look()


def is_about_the_waiter(call: Call, fault: Fault) -> bool:
    """True where what is missing is the task that waits: it is ended for true."""
    return fault is Fault.MISSING and call.operation.startswith("SendTask")


def _broken(
    trial: Trial,
    scenario: Scenario,
    call: Call,
    fault: Fault,
    observed: Observed,
) -> list[str]:
    """The promises that hold whatever fails (design, invariants 1 to 6)."""
    waiting, problems = trial.waiting, []
    taken = len(trial.accepted())
    if is_about_the_waiter(call, fault):
        if taken or observed.row != "stale":
            problems.append(f"nobody waits: {taken} answer(s) taken, the row says {observed.row}")
    elif observed.sees not in scenario.sees:
        problems.append(f"the parent was told {observed.sees}, not {sorted(scenario.sees)}")
    elif taken != (0 if observed.sees == GONE else 1):
        problems.append(f"{taken} answers were taken")
    problems += _row_is_closed(trial)
    problems += _strays(trial)
    problems += [
        f"a token was written: {text.replace(waiting.token, '<token>')[:300]}"
        for text in trial.deployed.lines.texts
        if waiting.token in text
    ][:1]
    if trial.plain is not None:
        runs = trial.waiting.runs(trial.plain)
        if len(runs) != 1:
            problems.append(f"the neighbour was run {len(runs)} times")
        if trial.plain_deliveries != 1 and call.operation != "DeleteMessageBatch":
            problems.append(f"the neighbour was delivered {trial.plain_deliveries} times")
    if not trial.is_queue_empty:
        problems.append("a message is left in the queue")
    return problems


def _row_is_closed(trial: Trial) -> list[str]:
    row = trial.waiting.row()
    if row is None:
        return ["there is no row"]
    for each in trial.waiting.rows():
        if not each.is_answered or each.waiting is not None or each.expiration_time is None:
            return [f"a row of {each.payload_id} is not closed"]
    if row.answer == "success" and trial.sees() != "success":
        return ["the row says success, the parent was not told so"]
    return []


def _strays(trial: Trial) -> list[str]:
    """A parent's token stands in its row and nowhere else, and no member's reaches its task."""
    token, deployed = trial.waiting.token, trial.deployed
    names = deployed.world.names
    items = deployed.items(names.callbacks_table) + deployed.items(names.state_table)
    problems = []
    if sum(token in str(item) for item in items) > 1:
        problems.append("the token stands in another row")
    for made in deployed.wire.made:
        if made.call.operation in _HANDING_ON and token in str(made.parameters):
            problems.append(f"the token is handed on by {made.call.operation}")
        if str(made.parameters.get("taskToken")).startswith("#"):
            problems.append("a member's token is sent to Step Functions")
    return problems


def _logged(trial: Trial) -> tuple[str, ...]:
    said = []
    for record in trial.deployed.lines.ours:
        if record.levelno < logging.WARNING:
            continue
        if record.name == step_log.logger.name and isinstance(record.args, tuple):
            told = f"`{json.loads(str(record.args[0]))['callback']}`"
        else:
            told = '"' + str(record.msg).replace("%s", "…").replace("%d", "…") + '"'
        said.append(f"{record.levelname} {told}")
    said += [f"raises `{name}`" for name in trial.raised]
    for ran in trial.failed_runs:
        told = f": {without_codes(ran.told)}" if ran.told else ""
        said.append(f"exit status {ran.status}{told}")
    return _each_once(said)


def expected_code(call: Call, fault: Fault) -> str:
    """How the error of a fault is called in a log line."""
    if fault is Fault.TIMED_OUT:
        return "ReadTimeoutError"
    return code_of(fault, _SERVICES.get(call.target, "dynamodb"), call.operation)[0]


def _each_once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


@contextmanager
def _as_in(scenario: Scenario) -> Iterator[None]:
    with _set(scenario.environment), in_batches() if scenario.batches else nullcontext():
        yield


@contextmanager
def _set(variables: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
