"""What an operator's commands make of a fault, and how they are run again."""

from __future__ import annotations

import contextlib
import functools
import io
import re
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.cli.main import status_of
from faults.calls import COMMAND
from faults.cell import Scenario
from faults.fault import Fault
from faults.joining import JOIN_FAILED, JOINS_URL, answer_lost, member_lost, past_deadline
from faults.scenarios import FAILED, event_lost, stream_lost, stream_lost_of_a_failure
from faults.trial import Ran, Trial
from faults.world import SOON

if TYPE_CHECKING:
    from collections.abc import Callable

    from faults.world import Deployed

CANCELLED = "CirrusCallback.Cancelled"

OPERATOR = "the caller"
BY_RESEND = f"{OPERATOR}, by `resend`"

_ONE_MESSAGE = re.compile(r"cirrus-callbacks: [^\n]+\n")
_OF_A_PAYLOAD = ("settle", "cancel", "resend", "show")
_WRITING = ("settle", "cancel", "resend", "reconcile")


def run(trial: Trial, name: str) -> None:
    """Run a command in this process, as a person does."""
    arguments = [name]
    if name in _OF_A_PAYLOAD:
        arguments.append(trial.named or trial.waiting.about)
    if name in _WRITING:
        arguments.append("--yes")
    names = trial.deployed.world.names
    arguments += ["--prefix", names.prefix, "--region", names.region]
    trial.deployed.later = SOON
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        trial.called(lambda: trial.runs.append(Ran(status_of(arguments), err.getvalue().strip())))
    trial.deployed.lines.texts += [out.getvalue(), err.getvalue()]
    if trial.raised:
        trial.problems.append(f"`{name}` broke: {trial.raised[-1]}")
    elif trial.runs[-1].status > 1 and not _ONE_MESSAGE.fullmatch(err.getvalue()):
        trial.problems.append(f"`{name}` does not say it in one message: {err.getvalue()[:300]}")


def again(trial: Trial, name: str) -> None:
    """What a person does about it: the same once more, or what the command says to do."""
    rows = trial.waiting.rows()
    named = trial.named or trial.waiting.about
    row = next((row for row in rows if row.payload_id == named), None)
    if row is not None and row.is_settled and name != "resend":
        trial.note(BY_RESEND, "`resend`")
        run(trial, "resend")
    else:
        trial.note(OPERATOR, "the same command")
        run(trial, name)


def _way(
    name: str,
    prepare: Callable[[Deployed], Trial],
    told: str = "success",
    about: str = "",
    environment: dict[str, str] | None = None,
) -> Scenario:
    return Scenario(
        f"`{name}`{about}",
        COMMAND,
        prepare,
        functools.partial(run, name=name),
        frozenset({told}),
        environment=environment or {},
        again=functools.partial(again, name=name),
    )


def _reading(
    name: str,
    prepare: Callable[[Deployed], Trial] = event_lost,
    told: str = "success",
    about: str = "",
) -> Scenario:
    """A command that only reads: refused once, it says so, and nothing else comes of it."""
    return Scenario(
        f"`{name}`{about}",
        COMMAND,
        prepare,
        functools.partial(run, name=name),
        frozenset({told}),
        again=Trial.schedule,
        faults=(Fault.DENIED,),
    )


def of_a_member(deployed: Deployed) -> Trial:
    """A settled member's wait whose stream record never came, which an operator names."""
    trial = member_lost(deployed)
    trial.named = trial.waiting.child
    return trial


COMMANDS = (
    _way("settle", event_lost),
    _way("cancel", event_lost, CANCELLED),
    _way("resend", stream_lost),
    _way("resend", stream_lost_of_a_failure, FAILED, " of a failure"),
    _way("reconcile", event_lost),
    _way("resend", answer_lost, "success", " of a join", JOINS_URL),
    _way("resend", of_a_member, "success", " of a member"),
    _way("cancel", past_deadline, CANCELLED, " of a join"),
    *(_reading(name) for name in ("waits", "show", "stats", "graph")),
    *(
        _reading(name, past_deadline, JOIN_FAILED, " with a join")
        for name in ("waits", "show", "graph")
    ),
)
"""The commands; `doctor` has tests of its own, with each thing broken alone."""
