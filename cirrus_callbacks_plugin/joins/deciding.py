"""Whether a join's result is certain: a pure judgement on counts of its members."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from cirrus_callbacks_plugin.errors import RequestError
from cirrus_callbacks_plugin.naming import middle_cut

EARLY = "early"
SETTLED = "settled"
ALL = "all"
ANY = "any"


class Result(Enum):
    """How a join ends."""

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class JoinRule:
    """When a join is answered, and with what.

    Attributes:
        succeed_on: ``all``, ``any``, or how many members have to succeed.
        answer: ``early`` or ``settled``.
        total: how many members there are.
    """

    succeed_on: str | int
    answer: str
    total: int

    @property
    def needed(self) -> int:
        """How many members have to succeed."""
        if self.succeed_on == ALL:
            return self.total
        return 1 if self.succeed_on == ANY else int(self.succeed_on)

    def may_decide(self, succeeded: int, failed: int) -> bool:
        """True where counts that may be too high could decide: then the members are counted.

        A count that is never too low cannot miss a decision.
        """
        return self.judge(succeeded, failed) is not None

    def judge(self, succeeded: int, failed: int) -> Result | None:
        """The result that is certain with these true counts; None while none is."""
        result = self._certain(succeeded, failed)
        if self.answer == EARLY:
            return result
        return result if succeeded + failed >= self.total else None

    def at_deadline(self, succeeded: int) -> Result:
        """The result once the deadline has passed: what is pending has not succeeded."""
        return Result.SUCCEEDED if succeeded >= self.needed else Result.FAILED

    def _certain(self, succeeded: int, failed: int) -> Result | None:
        if succeeded >= self.needed:
            return Result.SUCCEEDED
        return Result.FAILED if failed > self.total - self.needed else None


def check_total(succeed_on: str | int, total: int) -> None:
    """See that so many members can succeed at all; for a list in S3 once it has been read.

    Raises:
        RequestError: there are fewer members than have to succeed.
    """
    if isinstance(succeed_on, int) and succeed_on > total:
        raise RequestError(
            f"join has succeed_on {middle_cut(str(succeed_on), 20)} and {total} member(s): "
            f"give at most {total}",
        )
