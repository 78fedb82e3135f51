"""The run of a child for which nobody waits: when it may be stopped, and as what."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cirrus_callbacks_plugin.cirrus.state_table import Record, StateKey
from cirrus_callbacks_plugin.operations.stopping import child_of, stop

CHILD = "c/workflow-child/i"
RUN = "arn:aws:states:us-west-2:1:execution:x-child:run"


def deployment(record: Record | None, status: str = "RUNNING", waiting: int = 0) -> Any:
    stopped: list[dict[str, str]] = []
    return SimpleNamespace(
        states=SimpleNamespace(of_payload=lambda about: record if StateKey.of(about) else None),
        waits=SimpleNamespace(open_rows=lambda _: [[], [object()] * waiting]),
        client=lambda _: SimpleNamespace(
            describe_execution=lambda **_: {"status": status},
            stop_execution=lambda **request: stopped.append(request),
        ),
        stopped=stopped,
    )


RUNNING = Record("PROCESSING", "", (RUN,))


@pytest.mark.parametrize(
    ("where", "about", "why"),
    [
        (deployment(RUNNING, waiting=2), CHILD, "2 wait(s) for it are still open"),
        (deployment(RUNNING, status="SUCCEEDED"), CHILD, "its run is SUCCEEDED"),
        (deployment(None), CHILD, "no run of it is known"),
        (deployment(RUNNING), f"join:{'0' * 32}", "no run of it is known"),
    ],
)
def test_why_a_child_is_left(where: Any, about: str, why: str) -> None:
    """Others wait for it, it has ended, or it is a join, whose members others may want."""
    assert child_of(where, about).why_not == why


def test_a_child_is_stopped_with_the_reason() -> None:
    """Its last listed run; the reason stands where people look."""
    where = deployment(RUNNING)
    child = child_of(where, CHILD)
    assert child.why_not is None
    stop(where, child, "scene withdrawn")
    stop(where, child, None)
    assert [each["executionArn"] for each in where.stopped] == [RUN, RUN]
    assert [each["cause"] for each in where.stopped] == [
        "scene withdrawn",
        "nobody waits for it any more",
    ]
