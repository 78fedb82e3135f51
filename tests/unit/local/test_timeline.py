"""What a run tells: every thing once, and no token."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cirrus_callbacks_plugin.local.happenings import EventKind, Happening
from cirrus_callbacks_plugin.local.report import Report
from cirrus_callbacks_plugin.local.timeline import Execution, Timeline
from cirrus_callbacks_plugin.naming import short
from cirrus_callbacks_plugin.waits.row import Wait, token_name

TOKEN = "AQCEAAAAKgAAAAMAAAAAAAAAAWUZnXvh"
WAIT = Wait(
    "sentinel-2-l2a/workflow-child/scene",
    TOKEN,
    workflow="child",
    registered_at="2023-06-28T07:24:41.000000+00:00",
    waiter_payload_id="sentinel-2-l2a/workflow-parent/mosaic",
)
SETTLED = replace(
    WAIT,
    workflow_state="FAILED",
    settled_at="2023-06-28T07:24:42.000000+00:00",
    error="AssetMissing: no metadata",
    execution_arn="run-1",
)
ANSWERED = replace(
    SETTLED,
    answer="failure",
    answer_error="CirrusCallback.Failed",
    answered_at="2023-06-28T07:24:43.500000+00:00",
)


def _record(wait: Wait) -> dict[str, Any]:
    return {"eventName": "MODIFY", "dynamodb": {"NewImage": wait.to_item()}}


def _told(*records: dict[str, Any]) -> list[Happening]:
    told: list[Happening] = []
    timeline = Timeline(told.append, "local")
    for record in records:
        timeline.record(record)
    return told


def _with_timeline() -> tuple[Timeline, list[Happening]]:
    told: list[Happening] = []
    return Timeline(told.append, "local"), told


def test_a_wait_whose_task_timed_out_has_its_line() -> None:
    """Told once, whenever the row comes; it is gone, until an answer closes it."""
    timeline, told = _with_timeline()
    timeline.unanswered(TOKEN, "States.Timeout")
    timeline.record(_record(WAIT))
    timeline.unanswered(TOKEN, "States.Timeout")
    timeline.record(_record(SETTLED))
    assert [each.text for each in told if each.is_bad] == [
        "parent/mosaic waits no more for child/scene: its task ended with States.Timeout"
    ]
    assert timeline.gone == {WAIT.key}
    timeline.record(_record(replace(ANSWERED, answer="stale", answer_error=None)))
    assert timeline.gone == frozenset()
    assert told[-1].text == "the answer about child/scene finds parent/mosaic gone after 2.5 s"
    assert not any("stale" in each.text for each in told)


def test_a_wait_whose_execution_was_stopped_has_its_line() -> None:
    """Its task has no error of its own."""
    timeline, told = _with_timeline()
    timeline.record(_record(WAIT))
    timeline.unanswered(TOKEN, None)
    assert told[-1].text == "parent/mosaic waits no more for child/scene: its task was stopped"


def test_a_wait_is_told_from_beginning_to_end() -> None:
    """Who waits for what, what came of it, what was answered and after how long."""
    told = _told(_record(WAIT), _record(SETTLED), _record(ANSWERED))
    assert [(each.kind, each.text) for each in told] == [
        (EventKind.WAIT, f"parent/mosaic waits for child/scene, token {token_name(TOKEN)}"),
        (EventKind.SETTLE, "child/scene is FAILED: AssetMissing: no metadata"),
        (
            EventKind.ANSWER,
            "parent/mosaic is told CirrusCallback.Failed about child/scene after 2.5 s",
        ),
    ]
    assert told[-1].is_bad
    assert not any(TOKEN in each.text for each in told)


def test_what_was_told_is_not_told_again() -> None:
    """A record delivered twice, a removal and a second row with the outcome add no line."""
    other = replace(SETTLED, task_token="other")
    told = _told(_record(SETTLED), _record(SETTLED), {"dynamodb": {}}, _record(other))
    assert [each.kind for each in told] == [EventKind.WAIT, EventKind.SETTLE, EventKind.WAIT]


def test_an_outcome_on_its_way_to_the_sender_is_no_wait() -> None:
    """The row ``#continue`` waits for nothing."""
    timeline = Timeline(lambda _: None, "local")
    timeline.record(_record(replace(SETTLED, task_token="#continue")))
    assert timeline.waits == ()


def test_open_waits_are_those_without_an_answer() -> None:
    """A settled wait is open until it is answered."""
    timeline = Timeline(lambda _: None, "local")
    timeline.record(_record(SETTLED))
    assert len(timeline.open_waits) == 1
    timeline.record(_record(ANSWERED))
    assert timeline.open_waits == ()


def test_an_execution_is_told_when_it_begins_and_ends() -> None:
    """Its payload names it; one without a payload is named by itself; a text is an output."""
    told: list[Happening] = []
    timeline = Timeline(told.append, "local")
    running = {
        "executionArn": "arn",
        "stateMachineArn": "arn:aws:states:us-west-2:123456789012:stateMachine:local-child",
        "name": "run",
        "status": "RUNNING",
        "input": "[]",
    }
    timeline.execution(running)
    timeline.execution({**running, "status": "SUCCEEDED", "output": "a text"})
    assert [each.text for each in told] == ["child/run runs", "child/run SUCCEEDED"]
    assert timeline.executions[0].output == "a text"


def test_names_of_payloads_are_short() -> None:
    """Collections are left out; an id that is not one of cirrus's stays whole."""
    assert short("a/b/workflow-child/one/two") == "child/one/two"
    assert short("invalid:message") == "invalid:message"


def test_who_waits_is_told_as_far_as_it_is_known() -> None:
    """The payload, else the execution, else no name."""
    arn = "arn:aws:states:us-west-2:123456789012:execution:local-parent:run"
    nameless = replace(WAIT, waiter_payload_id=None)
    assert (
        "local-parent:run waits"
        in _told(_record(replace(nameless, waiter_execution_arn=arn)))[0].text
    )
    assert "somebody waits" in _told(_record(nameless))[0].text


def test_the_graph_quotes_what_mermaid_would_read() -> None:
    """Quotes and brackets in names do not end a label; an open wait says so."""
    odd = replace(WAIT, waiter_payload_id='a/workflow-p/"x"<b>')
    execution = Execution("arn", "run", "child", "RUNNING", "sentinel-2-l2a/workflow-child/scene")
    graph = Report((execution,), (odd, ANSWERED)).to_mermaid()
    assert graph.splitlines() == [
        "graph LR",
        '  n0["child/scene"]',
        '  n1["p/#quot;x#quot;#lt;b>"]',
        '  n1 -->|"still waits"| n0',
        '  n2["parent/mosaic"]',
        '  n2 -->|"CirrusCallback.Failed 2.5 s"| n0',
    ]


def test_the_json_holds_no_token() -> None:
    """The report for programs names payloads, never tokens; an open wait has no answer."""
    report = Report((), (WAIT,))
    assert TOKEN not in str(report.to_json())
    assert report.to_json()["callbacks"] == [
        {
            "payload_id": "sentinel-2-l2a/workflow-child/scene",
            "workflow": "child",
            "workflow_state": "PROCESSING",
            "answer": None,
            "answer_error": None,
            "waited_seconds": None,
            "waiter_payload_id": "sentinel-2-l2a/workflow-parent/mosaic",
            "is_waiter_gone": False,
            "join": None,
        },
    ]


def test_setting_up_takes_no_time_of_the_run() -> None:
    """Seconds count from begin(): what is told before it stands at 0, not after what follows."""
    told: list[Happening] = []
    timeline = Timeline(told.append, "local")
    timeline.step("it is being set up")
    timeline.begin()
    timeline.step("it is up")
    assert told[0].seconds == 0
    assert told[1].seconds > 0
