"""What a pass of the reconciler would do now, and what it would leave."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.operations.repairs import Act, Step, repairing
from cirrus_callbacks_plugin.operations.survey import Filters
from cirrus_callbacks_plugin.waits.row import moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cirrus_callbacks_plugin.operations.survey import Survey
    from cirrus_callbacks_plugin.waits.row import Wait

YOUNG = "younger-than-grace"
"""Why a wait is left that hooks and sender may still see to; others: a reason's code."""


@dataclass(frozen=True, slots=True)
class Pass:
    """One look at every open wait.

    Attributes:
        steps: one for each wait that is old enough and has something to be mended.
        left: how many others there are, by why they are left.
    """

    steps: tuple[Step, ...]
    left: Mapping[str, int]


def due(survey: Survey) -> Pass:
    """Judge every open wait.

    Raises:
        ClientError, BotoCoreError: AWS could not be asked.
    """
    grace = survey.settings.grace
    now = survey.deployment.clock()
    left: Counter[str] = Counter()
    steps: list[Step] = []

    def old() -> Iterator[Wait]:
        for row in survey.rows(Filters()):
            if now - moment(row.settled_at or row.registered_at) >= grace:
                yield row
            else:
                left[YOUNG] += 1

    for explained in survey.explained(old()):
        step = repairing(explained)
        if step.act is Act.LEAVE:
            left[explained.reason.code.value] += 1
        else:
            steps.append(step)
    return Pass(tuple(steps), left)
