"""How every repair is made: say what, ask, do it, say what was done."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cirrus_callbacks_plugin.cli import options
from cirrus_callbacks_plugin.cli.screen import Screen
from cirrus_callbacks_plugin.operations.repairs import Act, Done, HandRepairer, Step, only
from cirrus_callbacks_plugin.protocol.error_names import answer_text_of
from cirrus_callbacks_plugin.waits.row import STALE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cirrus_callbacks_plugin.cli.operating import Where
    from cirrus_callbacks_plugin.operations.deployment import Deployment
    from cirrus_callbacks_plugin.operations.survey import Survey
    from cirrus_callbacks_plugin.waits.row import Wait

    Command = TypeVar("Command", bound=Callable[..., Any])

UNFINISHED = 1
SHOWN = 20
"""Steps of one kind that are shown one by one."""


def repair_options(command: Command) -> Command:
    """Add what every repair takes."""
    yes = click.option("--yes", "-y", is_flag=True, help="Do not ask.")
    why = click.option("--reason", metavar="TEXT", help="Why, for the history of the waits.")
    return yes(why(command))


def payload_options(command: Command) -> Command:
    """Add what a repair of one payload's waits takes."""
    wait = click.option(
        "--wait",
        "names",
        multiple=True,
        metavar="DIGEST",
        help="Only this wait, as `waits --json` and `show` name it; may be repeated.",
    )
    return repair_options(wait(command))


@dataclass
class Repairing:
    """One repair, from the plan to the report.

    Attributes:
        left_because: of waits that are not among the steps, how many are left for which reason.
        done: what has been done so far.
    """

    deployment: Deployment
    repairer: HandRepairer
    is_json: bool
    yes: bool
    dry_run: bool = False
    left_because: Mapping[str, int] = field(default_factory=dict)
    done: list[Done] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.screen = Screen(sys.stderr) if self.is_json else Screen()

    @staticmethod
    def check(*, is_json: bool, yes: bool, dry_run: bool = False) -> None:
        """A program cannot be asked.

        Raises:
            UsageError: ``--json`` without ``--yes``.
        """
        if is_json and not yes and not dry_run:
            raise click.UsageError("--json cannot ask: give --yes, too.")

    def make(self, steps: Sequence[Step], nothing: str) -> int:
        """Say what will be done, ask, do it; returns the command's exit status.

        Args:
            steps: one for each row.
            nothing: what to say where there is no row at all.
        """
        acts = [step for step in steps if step.act is not Act.LEAVE]
        left = [step for step in steps if step.act is Act.LEAVE]
        if not self.is_json:
            self._plan(acts, left, nothing)
        if acts and not self.dry_run and (self.yes or self._asked(len(acts))):
            self._act(acts)
        if self.is_json:
            options.write_json(sys.stdout, self._to_json(acts, left))
        problems = [done for done in self.done if done.problem is not None]
        undone = bool(acts) and not self.dry_run and not self.done
        return UNFINISHED if left or problems or undone else 0

    def _plan(self, acts: Sequence[Step], left: Sequence[Step], nothing: str) -> None:
        if not acts and not left:
            self.screen.line(nothing)
        if acts:
            self.screen.line(f"Would do to {len(acts)} wait(s):" if self.dry_run else "Will do:")
            self._steps(acts)
        if left:
            self.screen.line(f"Leaves {len(left)} wait(s) as they are:")
            self._steps(left)

    def _steps(self, steps: Sequence[Step]) -> None:
        for step in steps[:SHOWN]:
            self.screen.line(f"  {step.row.payload_id}")
            text = f"wait {step.row.key.name} of {step.row.waiter_name}: {step.what}"
            self.screen.indented(text, 4)
        if len(steps) > SHOWN:
            self.screen.line(f"  and {len(steps) - SHOWN} more")

    def _asked(self, count: int) -> bool:
        if click.confirm(f"Do it to {count} wait(s)?", err=True):
            return True
        self.screen.line("Nothing was done.")
        return False

    def _act(self, acts: Sequence[Step]) -> None:
        try:
            with self.screen.progress("repairing", len(acts)) as advance:
                for done in self.repairer.carry_out(acts):
                    self.done.append(done)
                    advance(1)
        except BaseException:  # also Ctrl-C: the one who stops it must know how far it came
            self._report(f"Stopped: {len(self.done)} of {len(acts)} wait(s) were done")
            raise
        self._report("Done")

    def _report(self, title: str) -> None:
        self.screen.line(f"{title}:" if self.done else title)
        for done in self.done[:SHOWN]:
            row = done.row
            result = "gone"
            if row is not None:
                what = answer_text_of(row)
                result = f"answered {what}" if row.is_answered else "not answered"
                result = "done, and open: its members decide" if done.is_open else result
                result = f"closed, {what}" if row.answer == STALE else result
            self.screen.verdict(
                f"{done.step.row.payload_id}, wait {done.step.row.key.name}: {result}"
                + (f"; {done.problem}" if done.problem else ""),
                good=done.problem is None,
            )
        if len(self.done) > SHOWN:
            bad = sum(done.problem is not None for done in self.done)
            self.screen.line(f"{len(self.done)} wait(s) in all, {bad} with a problem")

    def _to_json(self, acts: Sequence[Step], left: Sequence[Step]) -> dict[str, Any]:
        return {
            "deployment": self.deployment.to_json(),
            "action": self.repairer.action,
            "dry_run": self.dry_run,
            "planned": [step.to_json() for step in acts],
            "left": [step.to_json() for step in left],
            "left_because": dict(self.left_because),
            "done": [done.to_json() for done in self.done],
        }


@dataclass(frozen=True, slots=True)
class PayloadRepair:
    """A repair of one payload's waits, as its command's arguments ask for it.

    Attributes:
        payload_id: the payload waited for.
        names: digests of the waits to choose; empty for all.
        reason: why, for the history.
        yes: do not ask.
        is_json: print one JSON object.
    """

    payload_id: str
    names: tuple[str, ...]
    reason: str | None
    yes: bool
    is_json: bool

    def make(
        self,
        where: Where,
        action: str,
        plan: Callable[[Survey, list[Wait]], Sequence[Step]],
        nothing: str,
    ) -> int:
        """Find the deployment and the waits, plan, and carry it out; the exit status.

        Args:
            where: the deployment.
            action: how the history calls it.
            plan: the steps for the chosen waits, answered ones among them.
            nothing: what to say where there is no step at all.

        Returns:
            1 as well where nobody knows the payload, or a wait that was named.

        Raises:
            UsageError: ``--json`` without ``--yes``.
        """
        from cirrus_callbacks_plugin.operations.listing import waits_for_payload
        from cirrus_callbacks_plugin.operations.settings import reconciler_settings
        from cirrus_callbacks_plugin.operations.survey import Survey

        Repairing.check(is_json=self.is_json, yes=self.yes)
        with where.found() as deployment:
            settings = reconciler_settings(deployment, must_know=True)
            survey = Survey(deployment, settings)
            rows = waits_for_payload(survey, self.payload_id)
            chosen = only(rows, self.names)
            repairer = HandRepairer(deployment, settings, action, self.reason)
            repairing = Repairing(deployment, repairer, self.is_json, self.yes)
            unknown = self._unknown(survey, rows, chosen)
            if unknown is None:
                status = repairing.make(plan(survey, chosen), nothing)
                return UNFINISHED if any(each.is_open for each in repairing.done) else status
            repairing.make([], unknown)
            if self.is_json:
                repairing.screen.line(unknown)
            return UNFINISHED

    def _unknown(
        self,
        survey: Survey,
        rows: Sequence[Wait],
        chosen: Sequence[Wait],
    ) -> str | None:
        """What of the arguments nobody knows, in a sentence; None where all is known."""
        missing = sorted(set(self.names) - {row.key.name for row in chosen})
        if rows and missing:
            return f"No wait for {self.payload_id} is called {', '.join(missing)}."
        if not rows and survey.record(self.payload_id) is None:
            return f"Neither the state table nor the tracking table knows {self.payload_id}."
        return None
