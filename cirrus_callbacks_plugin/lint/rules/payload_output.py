"""What an execution ends with: a payload."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.lint.data.loss import Loss
from cirrus_callbacks_plugin.lint.examples import wait
from cirrus_callbacks_plugin.lint.finding import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.asl.machine import State
    from cirrus_callbacks_plugin.asl.nodes import Position
    from cirrus_callbacks_plugin.lint.data.flow import End
    from cirrus_callbacks_plugin.lint.data.shape import Step
    from cirrus_callbacks_plugin.lint.subject import Subject


def _check(subject: Subject) -> Iterator[Problem]:
    waits = {each.state for each in subject.waits}
    for machine in subject.waiting:
        lost: dict[Loss, End] = {}
        for end in subject.flow(machine).ends:
            if not end.output.may_be_payload:
                loss = end.output.loss or Loss(end.state)
                lost.setdefault(loss, end)
        for loss, end in lost.items():
            yield _problem(loss, end, is_wait=loss.state in waits)


def _problem(loss: Loss, end: End, *, is_wait: bool) -> Problem:
    state = loss.state
    path, at = _place(loss)
    what = _what(loss, is_wait=is_wait)
    fix = _fix(loss, is_wait=is_wait)
    place = end.output.place_of_payload
    if place is not None:
        kept = _shown(place)
        what += f", and keeps it at {kept} alone"
        fix = f"{fix}, or bring it back from {kept} before the end"
    where = "" if end.state is state else f" at {end.state.name!r}"
    return Problem(f"{what}: the execution ends{where} without one", fix, path, at)


def _what(loss: Loss, *, is_wait: bool) -> str:
    if loss.catcher is not None:
        return "puts the error in the place of the payload"
    if loss.field in ("OutputPath", "InputPath", "Parameters", "Result", "Output", "Choices"):
        return f"loses the payload by its {loss.field}"
    if is_wait:
        return "puts the answer in the place of the payload"
    if loss.state.type in ("Map", "Parallel"):
        return "puts its list of results in the place of the payload"
    return "puts its result in the place of the payload"


def _fix(loss: Loss, *, is_wait: bool) -> str:
    state = loss.state
    name = "result"
    if loss.catcher is not None:
        name = "failure"
    elif is_wait:
        name = "answer"
    elif state.type in ("Map", "Parallel"):
        name = "answers"
    if state.is_jsonata:
        source = "errorOutput" if loss.catcher is not None else "result"
        if loss.catcher is None and state.type not in ("Task", "Map", "Parallel"):
            return 'hand on the payload: "Output": "{% $states.input %}"'
        return (
            f"put it beside the payload: "
            f'"Output": "{{% $merge([$states.input, {{\'{name}\': $states.{source}}}]) %}}"'
        )
    if loss.field in ("OutputPath", "InputPath"):
        return f"take {loss.field} out"
    return f'put it beside the payload: "ResultPath": "$.{name}"'


def _place(loss: Loss) -> tuple[str, Position]:
    state: State = loss.state
    if loss.catcher is not None:
        catcher = state.entries("Catch")[loss.catcher]
        return f"{state.path}.Catch[{loss.catcher}]", catcher.at
    if loss.field is not None:
        return state.field_path(loss.field), state.node.where(loss.field)
    return state.path, state.at


def _shown(place: tuple[Step, ...]) -> str:
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)


RULE = Rule(
    id="payload-output",
    severity=Severity.ERROR,
    summary="A workflow that waits ends with a payload, on every way to its end.",
    why=(
        "Cirrus's `update-state` reads the output of an execution as a payload. Where an answer, "
        "an error or a list has taken the payload's place, the execution ends `SUCCEEDED`, "
        "`update-state` raises, and the record stays `PROCESSING` for good: what waits for the "
        "parent waits in vain. A task, a Map and a Parallel hand on their result alone unless "
        "`ResultPath` (in JSONata `Output`) puts it beside the input; so does a `Catch`. The data "
        "is followed on every way from the start, with a payload as the execution's input, and "
        "the state is named that loses it. What a function hands back may be a payload: a state "
        "behind that brings one back is not at fault. For a machine that cirrus does not run, "
        "ignore this rule."
    ),
    bad=wait(ResultPath=None),
    good=wait(ResultPath="$.answer"),
    check=_check,
)
