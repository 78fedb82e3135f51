"""Results that outgrow an execution's state data."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.lint.data.bytes_of import least_bytes
from cirrus_callbacks_plugin.lint.examples import CATCH, caught_wait, mapped, parts, wait
from cirrus_callbacks_plugin.lint.figures import figure
from cirrus_callbacks_plugin.lint.finding import Problem, Rule, Severity
from cirrus_callbacks_plugin.lint.items import count_of
from cirrus_callbacks_plugin.lint.rules.map_or_join import ADVICE, only_waits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.asl.machine import State
    from cirrus_callbacks_plugin.lint.subject import Subject
    from cirrus_callbacks_plugin.lint.waits import WaitTask


LIMIT_BYTES = 262_144


def _check(subject: Subject) -> Iterator[Problem]:
    keeping = set()
    for each in subject.waits:
        outer = next((state for state in each.state.around if state.type == "Map"), None)
        if outer is None or (outer.is_distributed and "ResultWriter" in outer.node.members):
            continue
        if _sends_its_input(each) and _keeps_input(each.state):
            keeping.add(outer)
            yield Problem(
                f"hands back the payload that it sent beside the answer, for every item of "
                f"{outer.name!r}: all results together must fit 256 KiB",
                "keep the answer alone (no ResultPath; OutputPath; or a Pass with Parameters "
                "behind it)",
                each.state.path,
                each.state.at,
            )

    maps = dict.fromkeys(
        outer for each in subject.waits for outer in each.state.around if outer.type == "Map"
    )
    for outer in maps:
        if outer not in keeping:
            yield from _too_many(outer, subject)


def _too_many(state: State, subject: Subject) -> Iterator[Problem]:
    """A Map whose results are too large together, as many as its items are."""
    items = count_of(state, subject.settings.example)
    is_written = state.is_distributed and "ResultWriter" in state.node.members
    if items is None or is_written or "ItemBatcher" in state.node.members:
        return
    ends = subject.flow(subject.machine_of(state)).outputs
    outputs = [output for scope in state.inner for output in ends.get(scope, ())]
    each = max(map(least_bytes, outputs), default=0)
    kept = len(json.dumps(subject.settings.example)) if _is_put_beside(state) else 0
    if items * each + kept <= LIMIT_BYTES:
        return
    beside = f", beside an input of {figure(kept)}" if kept else ""
    advice = f"{ADVICE}, or " if only_waits(state, subject) else ""
    yield Problem(
        f"comes to about {figure(items * each)} bytes ({figure(items)} results of about "
        f"{figure(each)}){beside}: an execution's data ends at {figure(LIMIT_BYTES)}",
        f"{advice}make it a distributed Map with a ResultWriter, or hand back less for each item",
        state.path,
        state.at,
    )


def _is_put_beside(state: State) -> bool:
    if state.is_jsonata:
        return "$states.input" in (state.text("Output") or "")
    path = state.node.get("ResultPath")
    return path is not None and path.value is not None and path.text != "$"


def _sends_its_input(each: WaitTask) -> bool:
    """True where the message is a part of the state's input, taken as it is."""
    body = each.places.body
    return body is not None and (body.text or "").startswith("$") and "$$" not in (body.text or "")


def _keeps_input(state: State) -> bool:
    """True where an iteration's result is the wait's input, with the answer in it."""
    path = state.node.get("ResultPath")
    if state.is_jsonata or path is None or path.text == "$" or not _hands_on(state):
        return False
    following = state
    for _ in range(len(state.scope.states)):
        if following.ends_well:
            return True
        after = state.scope.states.get(following.text("Next") or "")
        if after is None or not _changes_nothing(after):
            return False
        following = after
    return False


def _changes_nothing(state: State) -> bool:
    changed = any(name in state.node.members for name in ("Parameters", "Result", "InputPath"))
    return state.type in ("Pass", "Succeed") and not changed and _hands_on(state)


def _hands_on(state: State) -> bool:
    output = state.node.get("OutputPath")
    return output is None or output.text == "$"


RULE = Rule(
    id="result-size",
    severity=Severity.WARNING,
    summary="The iterations of a Map hand back answers, not the payloads that they sent.",
    why=(
        "An execution's data ends at 256 KiB, and a Map's results are one piece of it. An answer "
        "takes about 500 bytes; a payload of one STAC item may take 20,000. Where each iteration "
        "keeps its input (`ResultPath`), a dozen items are too many, and the execution fails "
        "with `States.DataLimitExceeded` after all the waiting. Answers alone are too many from "
        "about 520 items on: how many there are is known with `--input`. A distributed Map has "
        "the same limit, unless a `ResultWriter` puts its results into S3; a join puts them there "
        "by itself."
    ),
    bad=mapped(
        parts(
            Wait=wait(ResultPath="$.answer", Catch=CATCH),
            WithoutIt={"Type": "Pass", "Parameters": {"failure.$": "$.failure"}, "End": True},
        ),
    ),
    good=mapped(caught_wait()),
    check=_check,
)
