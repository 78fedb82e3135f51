"""What became of the mutants, for people and for scripts."""

from __future__ import annotations

import os
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mutation.children import KILLED, SURVIVED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mutation.children import Ended
    from mutation.equivalents import Identity
    from mutation.mutants import Mutant


class BrokenRunError(Exception):
    """A process ended in a way that says nothing about its mutant."""


def why_broken(ended: Ended) -> str:
    """Why a run of unchanged tests tells nothing."""
    if ended.code is None:
        return f"a test takes too long without any change ({ended.seconds:.0f} s): {ended.word}"
    if ended.code == KILLED:
        return f"a test fails without any change: {ended.word}"
    return f"exit code {ended.code} without any change: {ended.word}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a mutant.

    Attributes:
        mutant: which.
        verdict: ``killed``, ``timed out`` (which is killed, too) or ``survived``.
        by: the test that failed.
        seconds: how long it took.
    """

    mutant: Mutant
    verdict: str
    by: str
    seconds: float

    @classmethod
    def of(cls, mutant: Mutant, ended: Ended) -> Outcome:
        """Read a verdict from how a process ended.

        Raises:
            BrokenRunError: it says nothing about the mutant.
        """
        if ended.code not in (KILLED, SURVIVED, None):
            raise BrokenRunError(f"{mutant.name}: exit code {ended.code}\n{ended.word}")
        verdict = {KILLED: "killed", SURVIVED: "survived", None: "timed out"}[ended.code]
        return cls(mutant, verdict, ended.word, ended.seconds)


@dataclass(slots=True)
class Progress:
    """How far the run is, on standard error: one line, written over on a terminal."""

    total: int
    listed: Mapping[Identity, str]
    outcomes: list[Outcome] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)
    _descriptor: int = field(default_factory=lambda: os.dup(2))
    _told: float = 0.0

    def say(self, what: str) -> None:
        """Say what begins."""
        self._write(f"{what} ...\n")

    def tell(self, outcome: Outcome) -> None:
        """Count a mutant; a survivor is named at once."""
        self.outcomes.append(outcome)
        mutant = outcome.mutant
        if outcome.verdict == "survived" and mutant.identity not in self.listed:
            self._write(f"survived: {_described(mutant)}\n")
        pause = 0.5 if os.isatty(self._descriptor) else 30.0
        if time.monotonic() - self._told > pause or len(self.outcomes) == self.total:
            self._told = time.monotonic()
            counts = Counter(each.verdict for each in self.outcomes)
            told = ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items()))
            minutes = (time.monotonic() - self.began) / 60
            end = "\r" if os.isatty(self._descriptor) else "\n"
            self._write(f"{len(self.outcomes)} of {self.total}: {told} ({minutes:.0f} min){end}")

    def end(self) -> None:
        """Leave the line."""
        self._write("")

    def _write(self, text: str) -> None:
        clear = "\r\x1b[K" if os.isatty(self._descriptor) else ""
        os.write(self._descriptor, f"{clear}{text}".encode())


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a run.

    Attributes:
        outcomes: all of them.
        listed: the equivalent ones, with the reason.
        gone: entries of that list that are about no mutant any more.
        seconds: how long all took.
    """

    outcomes: Sequence[Outcome]
    listed: Mapping[Identity, str]
    gone: Sequence[Identity]
    seconds: float

    @property
    def survived(self) -> list[Mutant]:
        """Those that no test noticed."""
        return [each.mutant for each in self.outcomes if each.verdict == "survived"]

    @property
    def surviving(self) -> list[Outcome]:
        """Those that no test noticed though one should."""
        return [
            each
            for each in self.outcomes
            if each.verdict == "survived" and each.mutant.identity not in self.listed
        ]

    @property
    def noticed(self) -> list[Identity]:
        """Entries of the list all of whose mutants are killed: they are not equivalent."""
        survived = {each.identity for each in self.survived}
        killed = {each.mutant.identity for each in self.outcomes} - survived
        return [each for each in self.listed if each in killed]

    @property
    def is_good(self) -> bool:
        """Nothing survives unlisted, and the list is true."""
        return not (self.surviving or self.gone or self.noticed)

    def counts(self) -> dict[str, int]:
        """The figures of the last line."""
        verdicts = Counter(each.verdict for each in self.outcomes)
        return {
            "mutants": len(self.outcomes),
            "killed": verdicts["killed"] + verdicts["timed out"],
            "timed_out": verdicts["timed out"],
            "equivalent": verdicts["survived"] - len(self.surviving),
            "surviving": len(self.surviving),
        }

    def text(self) -> str:
        """What a person reads; the last line is the result."""
        lines = [f"survives: {_described(each.mutant)}" for each in self.surviving]
        lines += [
            f"listed as equivalent, but there is no such mutant: {_line(each)}"
            for each in self.gone
        ]
        lines += [
            f"listed as equivalent, but a test notices it: {_line(each)}" for each in self.noticed
        ]
        modules = sorted({each.mutant.path for each in self.outcomes})
        width = max(len(path) for path in modules)
        for path in modules:
            part = [each for each in self.outcomes if each.mutant.path == path]
            alive = sum(each.mutant.path == path for each in self.surviving)
            lines.append(f"{path:{width}} {len(part):5} mutants {alive:4} surviving")
        told = self.counts()
        lines.append(
            f"{told['mutants']} mutants in {self.seconds / 60:.0f} min: {told['killed']} killed "
            f"({told['timed_out']} by time), {told['equivalent']} equivalent, "
            f"{told['surviving']} surviving",
        )
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """The same for scripts."""
        return {
            **self.counts(),
            "seconds": round(self.seconds, 1),
            "survivors": [
                {
                    "path": each.mutant.path,
                    "line": each.mutant.first,
                    "function": each.mutant.function,
                    "before": each.mutant.before,
                    "after": each.mutant.after,
                }
                for each in self.surviving
            ],
            "gone_from_code": [list(each) for each in self.gone],
            "listed_but_killed": [list(each) for each in self.noticed],
        }


def _described(mutant: Mutant) -> str:
    return f"{mutant.name}\n  - {_flat(mutant.before)}\n  + {_flat(mutant.after)}"


def _flat(text: str) -> str:
    return text.replace("\n", "\n    ")


def _line(identity: Identity) -> str:
    path, function, before, after = identity
    return f"{path} {function}\n  - {_flat(before)}\n  + {_flat(after)}"
