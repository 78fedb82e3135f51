"""One thing that happens during a run, as a line of the timeline."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class EventKind(enum.Enum):
    """What sort of thing happened."""

    STEP = "step"
    RUN = "run"
    WAIT = "wait"
    SETTLE = "settle"
    ANSWER = "answer"
    END = "end"
    TROUBLE = "trouble"


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of the timeline.

    Attributes:
        seconds: since the run began.
        kind: what sort of thing.
        text: what happened; never holds a token.
        is_bad: a failure, to be shown as one.
    """

    seconds: float
    kind: EventKind
    text: str
    is_bad: bool = False
