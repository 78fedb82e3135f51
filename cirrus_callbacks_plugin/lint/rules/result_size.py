"""Results that outgrow an execution's state data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.lint.examples import CATCH, caught_wait, mapped, parts, wait
from cirrus_callbacks_plugin.lint.finding import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.asl.machine import State
    from cirrus_callbacks_plugin.lint.subject import Subject
    from cirrus_callbacks_plugin.lint.waits import WaitTask


def _check(subject: Subject) -> Iterator[Problem]:
    for each in subject.waits:
        outer = next((state for state in each.state.around if state.type == "Map"), None)
        if outer is None or (outer.is_distributed and "ResultWriter" in outer.node.members):
            continue
        if _sends_its_input(each) and _keeps_input(each.state):
            yield Problem(
                f"hands back the payload that it sent beside the answer, for every item of "
                f"{outer.name!r}: all results together must fit 256 KiB",
                "keep the answer alone (no ResultPath; OutputPath; or a Pass with Parameters "
                "behind it)",
                each.state.path,
                each.state.at,
            )


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
        "with `States.DataLimitExceeded` after all the waiting. A distributed Map with a "
        "`ResultWriter` has no such limit."
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
