"""What a state can look at while it runs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from cirrus_callbacks_plugin.lint.data.shape import ABSENT, UNKNOWN, Shape


@dataclass(frozen=True, slots=True)
class Seen:
    """The values that paths and expressions begin at.

    Attributes:
        input: the state's input.
        execution: the input of the execution (``$$.Execution.Input``).
        result: what the task, Map or Parallel came to; absent before.
        error: what a catcher gets; absent elsewhere.
        bound: variables of a JSONata block; every other one may hold anything.
    """

    input: Shape
    execution: Shape = UNKNOWN
    result: Shape = ABSENT
    error: Shape = ABSENT
    bound: dict[str, Shape] = field(default_factory=dict)

    def around(self, shape: Shape) -> Seen:
        """The same, with another value as what paths begin at."""
        return replace(self, input=shape)
