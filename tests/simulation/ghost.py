"""What really happened, noted beside the world: the invariants are judged by it."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.naming import MemberToken

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

FINAL = ("SUCCEEDED", "FAILED", "INVALID", "ABORTED")
JOIN = "#join"
member_named = functools.lru_cache(maxsize=4096)(MemberToken.of)
"""The member that has this token, None where it is not a member's."""
GONE = ""
"""In the place of a state: the record was deleted."""


@dataclass(frozen=True, slots=True)
class RunFacts:
    """A run, as it really went.

    Attributes:
        listed: the step at which the state table listed it, None if never.
        started: the step of its start, None if it never came to be.
        ended: the step of its end.
        result: how it ended, as the state table should say.
        messages: the messages that the invocation held that started it.
        is_replacement: one of these asked for it.
        is_foreign: it is another payload's, whose id shares the record's key.
        ends: all its ends, where it was redriven: step and result.
        by: the invocation that started it.
        is_unnoted: that invocation died or was refused before it had noted the run in its rows.
    """

    listed: int | None = None
    started: int | None = None
    ended: int | None = None
    result: str | None = None
    messages: tuple[int, ...] = ()
    is_replacement: bool = False
    is_foreign: bool = False
    ends: tuple[tuple[int, str], ...] = ()
    by: int | None = None
    is_unnoted: bool = False


@dataclass(frozen=True, slots=True)
class RowFacts:
    """A row's life.

    Attributes:
        begun: the step at which the invocation began that registered it.
        registered, settled, answered: the steps at which it was.
        settled_by: the kind of invocation that settled it.
        images: every image that was written once it was answered.
        unseen: the runs of which nothing told when it was settled (``Ghost.unseen``).
        is_deleted: the record that listed the latest run was gone when it was settled.
        settler_begun: the step at which the invocation began that settled it.
    """

    begun: int
    registered: int
    settled: int | None = None
    answered: int | None = None
    settled_by: str | None = None
    images: tuple[dict[str, Any], ...] = ()
    unseen: frozenset[str] = frozenset()
    is_deleted: bool = False
    settler_begun: int = 0


@dataclass(frozen=True, slots=True)
class Written:
    """A state that the state table held from this step on.

    Attributes:
        step: when it was written.
        state: what was written.
        run: the run it speaks of: the event's, or the one listed last.
        is_listed: whether the record listed that run then.
    """

    step: int
    state: str
    run: str | None
    is_listed: bool = True


@dataclass(slots=True)
class Ghost:
    """Notes of one schedule."""

    step: int = 0
    runs: dict[str, RunFacts] = field(default_factory=dict)
    written: list[Written] = field(default_factory=list)
    rows: dict[str, RowFacts] = field(default_factory=dict)
    log: list[tuple[Any, ...]] = field(default_factory=list)
    endings: list[tuple[int, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    listings: int = 0
    record: tuple[str, ...] = ()
    settled_by_itself: dict[str, bool] = field(default_factory=dict)

    def fork(self) -> Ghost:
        """The notes as they stand, once more."""
        return self._forked(list(self.log), list(self.endings), list(self.problems))

    def beside(self) -> Ghost:
        """Notes of another payload in the same schedule."""
        return Ghost(step=self.step, log=self.log, endings=self.endings, problems=self.problems)

    def fork_beside(self, whole: Ghost) -> Ghost:
        """These notes once more, beside others' that have been forked."""
        return self._forked(whole.log, whole.endings, whole.problems)

    def _forked(
        self, log: list[tuple[Any, ...]], endings: list[tuple[int, str]], problems: list[str]
    ) -> Ghost:
        return Ghost(
            self.step,
            dict(self.runs),
            list(self.written),
            dict(self.rows),
            log,
            endings,
            problems,
            self.listings,
            self.record,
            dict(self.settled_by_itself),
        )

    def begin(self, state: str, run: str, *, ended: bool, foreign: bool) -> None:
        """The world starts with an old run; one after the other where there are several."""
        at = len(self.runs) - 1
        self.runs[run] = RunFacts(
            listed=at,
            started=at,
            ended=0 if ended else None,
            result=state if ended else None,
            is_foreign=foreign,
            ends=((0, state),) if ended else (),
        )
        self.listings = len(self.runs)
        self.record = tuple(self.runs)
        if self.written:
            self.written.pop()
        self.written.append(Written(0, state, run))

    def started(
        self,
        arn: str,
        actor: int,
        messages: tuple[int, ...],
        *,
        is_replacement: bool = False,
    ) -> None:
        """An execution began."""
        run = self.runs.get(arn, RunFacts())
        self.runs[arn] = replace(
            run,
            started=self.step,
            messages=messages,
            is_replacement=is_replacement,
            by=actor,
            is_unnoted=False,
        )
        self.log.append(("started" if actor >= 0 else "by hand", arn, actor))

    def ended(self, arn: str, result: str) -> None:
        """An execution ended."""
        run = self.runs[arn]
        ends = (*run.ends, (self.step, result))
        self.runs[arn] = replace(run, ended=self.step, result=result, ends=ends)
        self.log.append(("ended", arn, result))

    def redriven(self, arn: str) -> None:
        """A run goes on after its end."""
        self.runs[arn] = replace(self.runs[arn], ended=None, result=None)
        self.log.append(("redriven", arn))

    def see_record(self, state: str | None, executions: tuple[str, ...], run: str | None) -> None:
        """The state table was written: with this state, perhaps the one it had before."""
        self.listings = max(self.listings, len(executions))
        self.record = executions
        for arn in executions:
            facts = self.runs.get(arn, RunFacts())
            if facts.listed is None:
                self.runs[arn] = replace(facts, listed=self.step)
        if state is not None:
            last = executions[-1] if executions else None
            about = run or last
            self.written.append(Written(self.step, state, about, about in executions))

    def deleted(self) -> None:
        """The record is gone: it holds no state."""
        self.record = ()
        self.written.append(Written(self.step, GONE, None))
        self.log.append(("deleted", None))

    def see_rows(self, items: Iterable[dict[str, Any]], begun: int, by: str) -> None:
        """The tracking table was written, by an invocation that began at that step."""
        for item in items:
            token = item["task_token"]["S"]
            if token.startswith("#") and token != JOIN and member_named(token) is None:
                continue
            row = self.rows.get(token) or RowFacts(begun, self.step)
            if row.images and row.images[-1] is item and "expiration_time" in item:
                continue  # answered, and seen so before
            if "settled_at" in item and row.settled is None:
                unseen = self.unseen(item.get("execution_arn", {}).get("S"))
                latest = self.latest_listed(self.step)
                row = replace(
                    row,
                    settled=self.step,
                    settled_by=by,
                    unseen=unseen,
                    is_deleted=latest is not None and latest not in self.record,
                    settler_begun=begun,
                )
            if "answered_at" in item:
                row = replace(row, answered=row.answered or self.step)
                if not row.images or row.images[-1] != item:
                    row = replace(row, images=(*row.images, item))
                if "expiration_time" not in item:
                    self.problems.append(f"{token}: answered, and never expires")
            elif "expiration_time" in item:
                self.problems.append(f"{token}: expires though it was not answered")
            self.rows[token] = row

    def unseen(self, noted: str | None) -> frozenset[str]:
        """Runs that no reader can know of, where a row names that one.

        The record that listed them was deleted, and who started them could note them nowhere.
        """
        return frozenset(
            arn
            for arn, run in self.runs.items()
            if run.is_unnoted and run.listed is not None and arn not in self.record and arn != noted
        )

    def could_not_note(self, actor: int) -> None:
        """An invocation died, or a call was refused to it, after it may have started a run."""
        for arn, run in self.runs.items():
            if run.by == actor:
                self.runs[arn] = replace(run, is_unnoted=True)

    def latest_listed(self, step: int, besides: Collection[str] = ()) -> str | None:
        """The run that the state table listed last, as of a step."""
        listed = [
            (run.listed, arn)
            for arn, run in self.runs.items()
            if run.listed is not None
            and run.listed <= step
            and arn not in besides
            and not run.is_foreign
        ]
        return max(listed)[1] if listed else None

    def never_came_to_be(self) -> frozenset[str]:
        """Runs that are listed, and were not started so far."""
        return frozenset(arn for arn, run in self.runs.items() if run.started is None)

    def held(self, since: int, until: int) -> list[Written]:
        """The states that the state table held from one step to another."""
        before = [written for written in self.written if written.step <= since][-1:]
        return before + [each for each in self.written if since < each.step <= until]

    def was_final(self, row: RowFacts) -> bool:
        """True where cirrus runs the payload afresh, if it does, after any earlier runs.

        Its state was final all the while the row was registered, or its record deleted.
        """
        return self.were_final(row.begun, row.registered)

    def were_final(self, since: int, until: int) -> bool:
        """True where the payload's state was final, or gone, from one step to another."""
        held = self.held(since, until)
        return bool(held) and all(each.state in (*FINAL, GONE) for each in held)

    def cirrus_event(self, actor: int, kind: str, event: Any) -> None:
        """A cirrus handler is called with this event."""
        self.log.append(("handler", actor, kind, event))

    def cirrus_call(self, actor: int, variant: str) -> None:
        """Cirrus's own code makes a call."""
        self.log.append(("call", actor, variant))

    def cirrus_done(self, actor: int, ending: str) -> None:
        """A cirrus handler returned or raised."""
        self.endings.append((actor, ending))

    def crashed(self, actor: int) -> None:
        """An invocation died."""
        self.log.append(("crashed", actor))
