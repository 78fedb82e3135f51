"""Names of errors that nobody sends."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.lint import reactions
from cirrus_callbacks_plugin.lint.examples import parts, wait
from cirrus_callbacks_plugin.lint.finding import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.asl.machine import State
    from cirrus_callbacks_plugin.asl.nodes import Position
    from cirrus_callbacks_plugin.lint.subject import Subject

_KNOWN = (*reactions.SENT, *reactions.RESERVED)
_OURS = {name.removeprefix(reactions.OWN).lower(): name for name in _KNOWN}
_PREFIX = reactions.OWN.removesuffix(".").lower()
_NEAR_PREFIX = 0.8
_NEAR_NAME = 0.4
_NEAR_STATES = 0.85

STATES = (
    reactions.ALL,
    reactions.TASK_FAILED,
    reactions.TIMEOUT,
    reactions.HEARTBEAT_TIMEOUT,
    reactions.TOLERANCE,
    "States.BranchFailed",
    "States.DataLimitExceeded",
    "States.Http.StatusCode",
    "States.IntrinsicFailure",
    "States.ItemReaderFailed",
    "States.NoChoiceMatched",
    "States.ParameterPathFailure",
    "States.Permissions",
    "States.QueryEvaluationError",
    "States.ResultPathMatchFailure",
    "States.ResultWriterFailed",
    "States.Runtime",
)
"""https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html"""


def _check(subject: Subject) -> Iterator[Problem]:
    around = {
        state for each in subject.waits for state, _ in reactions.way_up(each.state, reactions.ALL)
    }
    for state in subject.states:
        for field in ("Retry", "Catch"):
            for index, entry in enumerate(state.entries(field)):
                for name in reactions.names_of(entry):
                    text = name.text or ""
                    if name.is_later or not text:
                        continue
                    meant = meant_by(text, waits=state in around)
                    if meant is not None:
                        yield _problem(state, f"{field}[{index}]", text, meant, name.at)


def _problem(state: State, entry: str, text: str, meant: str, at: Position) -> Problem:
    return Problem(
        f"names the error {text!r}, which is never sent",
        f"write {meant!r}" if meant else f"write one of {', '.join(_KNOWN)}",
        f"{state.path}.{entry}.ErrorEquals",
        at,
    )


def meant_by(text: str, *, waits: bool) -> str | None:
    """The error that a misspelt name means; empty where it is one of ours and none is near.

    Args:
        text: the name.
        waits: True on a wait and around it: Step Functions' own errors are judged there, too.

    Returns:
        None for a name that is right, or that may be anybody's.
    """
    if text in _KNOWN:
        return None
    ours = _ours(text)
    if ours is not None or not waits:
        return ours
    return _of_states(text)


def _ours(text: str) -> str | None:
    """``CirrusCallBack.Failed``, ``cirrus-callback.failed``, ``Callback.Failed`` and the like."""
    bare = text.strip()
    prefix, separator, name = _split(bare)
    letters = re.sub(r"[^a-z]", "", prefix.lower())
    if difflib.SequenceMatcher(None, letters, _PREFIX).ratio() < _NEAR_PREFIX:
        is_short = letters in ("cirrus", "callback", "cirruscallbacksplugin")
        if not is_short or not separator or _near(name, 0.8) is None:
            return None
    return _near(name, _NEAR_NAME) or ""


def _split(text: str) -> tuple[str, str, str]:
    """A name's two halves: at its last dot, colon, slash or blank, else behind ``callback``."""
    parts = re.split(r"([.:/\s])", text)
    if len(parts) > 1:
        return "".join(parts[:-2]), parts[-2], parts[-1]
    match = re.match(r"(?i)(.*call[-_]?backs?)[-_]*(.*)", text)
    return (match[1], "", match[2]) if match else (text, "", "")


def _near(name: str, cutoff: float) -> str | None:
    near = difflib.get_close_matches(name.lower(), _OURS, 1, cutoff)
    return _OURS[near[0]] if near else None


def _of_states(text: str) -> str | None:
    if text in STATES or not text.strip().lower().startswith("state"):
        return None
    lower = {name.lower(): name for name in STATES}
    near = difflib.get_close_matches(text.strip().lower(), lower, 1, _NEAR_STATES)
    return lower[near[0]] if near else None


def _caught(name: str) -> dict[str, object]:
    return parts(
        Wait=wait(Catch=[{"ErrorEquals": [name], "ResultPath": "$.failure", "Next": "Without"}]),
        Without={"Type": "Pass", "End": True},
    )


RULE = Rule(
    id="error-name",
    severity=Severity.ERROR,
    summary="A `CirrusCallback.` error that is retried or caught is one that is sent.",
    why=(
        "Step Functions takes any name in `ErrorEquals` and compares letter by letter: a "
        "misspelt one (`CirrusCallBack.Failed`, `CirrusCallback.Timeout`) never matches, and the "
        "error goes on as if nobody had thought of it. On a wait and around it the same holds for "
        "`States.TimeOut` and its like."
    ),
    bad=_caught("CirrusCallback.Failure"),
    good=_caught("CirrusCallback.Failed"),
    check=_check,
)
