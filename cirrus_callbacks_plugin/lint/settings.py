"""What the linter is told besides the files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class LintSettings:
    """What is known of the deployment, and of its input.

    Attributes:
        heartbeats: whether the reconciler sends heartbeats; None where that is not known.
        interval_seconds: the reconciler's schedule.
        workflows: names that may be waited for; None where that is not known.
        all_workflows: True where every workflow may be waited for.
        queues: texts by which a queue is known as cirrus's.
        example: an input to count a Map's items in.
    """

    heartbeats: bool | None = None
    interval_seconds: int = 300
    workflows: frozenset[str] | None = None
    all_workflows: bool = False
    queues: tuple[str, ...] = ()
    example: Any = None
