"""Where a state's result is put: ResultPath."""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.moto_corrections.failures import failure

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.local.moto_corrections.patches import Patches

MATCH_FAILURE = "States.ResultPathMatchFailure"
_STEP = re.compile(
    r"""\.(?P<name>[^.\[\]]+)|\[(?P<index>\d+)\]|\[(?P<quote>['"])(?P<quoted>.+?)(?P=quote)\]""",
)


def put_results_where_they_fit(patches: Patches) -> None:
    """A ResultPath that cannot be applied to the input is ``States.ResultPathMatchFailure``.

    What is missing on the way is created; what is there and is no object is not replaced by
    one. moto returns the input without the result, or breaks off.
    https://states-language.net/spec.html#appendix-a
    """
    from moto.stepfunctions.parser.asl.component.common.path.result_path import ResultPath

    original = ResultPath._eval_body  # noqa: SLF001 - moto has no public seam

    def _eval_body(self: Any, env: Any) -> None:
        steps = None if self.result_path_src is None else _steps(self.result_path_src)
        if not steps:
            original(self, env)
            return
        result = copy.deepcopy(env.stack.pop())
        given = env.states.get_input()
        if not _put(given, steps, result):
            raise failure(
                env,
                MATCH_FAILURE,
                f"Unable to apply ResultPath '{self.result_path_src}' to the state's input: "
                "it leads through a value that is no object",
            )
        env.stack.append(given)

    patches.set(ResultPath, "_eval_body", _eval_body)


def _steps(path: str) -> list[str | int] | None:
    """The names and indexes of a reference path; None where it is something else."""
    steps: list[str | int] = []
    position = 1
    while position < len(path):
        match = _STEP.match(path, position)
        if match is None:
            return None
        index = match["index"]
        steps.append(match["name"] or match["quoted"] if index is None else int(index))
        position = match.end()
    return steps


def _put(into: Any, steps: list[str | int], result: Any) -> bool:
    """Put a result into a value; False where the steps do not lead anywhere in it."""
    *way, last = steps
    for step in way:
        if isinstance(step, str) and isinstance(into, dict):
            into = into.setdefault(step, {})
        elif isinstance(step, int) and isinstance(into, list) and step < len(into):
            into = into[step]
        else:
            return False
    if isinstance(last, str) and isinstance(into, dict):
        into[last] = result
        return True
    if isinstance(last, int) and isinstance(into, list) and last < len(into):
        into[last] = result
        return True
    return False
