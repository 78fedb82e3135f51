"""HeartbeatSeconds, which only a reconciler with heartbeats on can keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.config import HEARTBEAT
from cirrus_callbacks_plugin.lint.examples import wait
from cirrus_callbacks_plugin.lint.figures import figure
from cirrus_callbacks_plugin.lint.finding import Problem, Rule, Severity
from cirrus_callbacks_plugin.lint.settings import LintSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.lint.subject import Subject
    from cirrus_callbacks_plugin.lint.waits import WaitTask


def shortest(interval_seconds: int) -> int:
    """What HeartbeatSeconds must exceed: two intervals and the pass.

    A pass ends before the next one starts, so it takes an interval at most; a row's turn may
    come at the beginning of one pass and at the end of the next but one.
    """
    return 3 * interval_seconds


def _check(subject: Subject) -> Iterator[Problem]:
    for each in subject.waits:
        members = each.state.node.members
        if "HeartbeatSeconds" in members or "HeartbeatSecondsPath" in members:
            yield from _judge(each, subject.settings)


def _judge(each: WaitTask, settings: LintSettings) -> Iterator[Problem]:
    state = each.state
    name = (
        "HeartbeatSeconds" if "HeartbeatSeconds" in state.node.members else "HeartbeatSecondsPath"
    )
    path, at = state.field_path(name), state.node.where(name)
    if settings.heartbeats is False:
        yield Problem(
            "has HeartbeatSeconds while the deployment sends no heartbeats: the task times out "
            "although its child runs",
            f"take it out, or have heartbeats switched on ({HEARTBEAT}=true)",
            path,
            at,
        )
        return
    node = state.node.get("HeartbeatSeconds")
    seconds = None if node is None else node.number
    least = shortest(settings.interval_seconds)
    if seconds is not None and seconds <= least:
        yield Problem(
            f"has HeartbeatSeconds {figure(seconds)}: the reconciler runs every "
            f"{settings.interval_seconds} s, and a heartbeat may come only after two intervals "
            "and a pass",
            f"set it to more than {least}",
            path,
            at,
        )
    timeout = state.node.get("TimeoutSeconds")
    limit = None if timeout is None else timeout.number
    if seconds is not None and limit is not None and seconds >= limit:
        yield Problem(
            f"has HeartbeatSeconds {figure(seconds)}, not less than its TimeoutSeconds "
            f"{figure(limit)}: Step Functions refuses that",
            "make it the smaller of the two",
            path,
            at,
        )
    if settings.heartbeats is None:
        yield Problem(
            "has HeartbeatSeconds, which holds only where the deployment sends heartbeats",
            f"see that {HEARTBEAT}=true there, and say so here with --heartbeats",
            path,
            at,
            Severity.WARNING,
        )


RULE = Rule(
    id="heartbeat",
    severity=Severity.ERROR,
    summary=(
        "`HeartbeatSeconds` stands only where the deployment sends heartbeats, and is longer than "
        "two intervals of the reconciler's schedule and a pass."
    ),
    why=(
        "Heartbeats are sent by the reconciler, and only where they are switched on. Without them "
        "the task fails with `States.Timeout` after `HeartbeatSeconds`, however well its child "
        "does. A pass may take as long as an interval, so three intervals are the least (900 s "
        "with the default schedule). Whether they are on is known with `--deployment` or "
        "`--heartbeats`; where it is not, this is a warning."
    ),
    settings=LintSettings(heartbeats=True),
    bad=wait(TimeoutSeconds=86_400, HeartbeatSeconds=300),
    good=wait(TimeoutSeconds=86_400, HeartbeatSeconds=1200),
    check=_check,
)
