"""What a run looks like, on a terminal and in a pipe."""

from __future__ import annotations

import io
from dataclasses import replace

from cirrus_callbacks_plugin.cli.display import Display
from cirrus_callbacks_plugin.joins.rows import Join, MemberRow, join_id_of
from cirrus_callbacks_plugin.local.happenings import EventKind, Happening
from cirrus_callbacks_plugin.local.join_progress import JoinProgress
from cirrus_callbacks_plugin.local.report import Report
from cirrus_callbacks_plugin.local.timeline import Execution, Timeline
from cirrus_callbacks_plugin.naming import MemberToken
from cirrus_callbacks_plugin.waits.row import Wait

WAIT = Wait(
    "sentinel-2-l2a/workflow-child/scene",
    "AQCEAAAAKgAAAAMAAAAAAAAAAWUZnXvh",
    workflow="child",
    registered_at="2023-06-28T07:24:41.000000+00:00",
    waiter_payload_id="sentinel-2-l2a/workflow-parent/mosaic",
)
EXECUTION = Execution("arn", "run", "child", "FAILED", "sentinel-2-l2a/workflow-child/scene")


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        """Say so."""
        return True


class Pipe(io.TextIOWrapper):
    """A pipe of an encoding, and what was written to it."""

    def __init__(self, encoding: str) -> None:
        self.bytes = io.BytesIO()
        super().__init__(self.bytes, encoding=encoding)

    def text(self) -> str:
        """What was written."""
        self.flush()
        return self.bytes.getvalue().decode(self.encoding)


def test_a_pipe_gets_plain_lines() -> None:
    """One happening a line, however long, and no control codes."""
    pipe = Pipe("utf-8")
    Display(pipe).show(Happening(1.25, EventKind.WAIT, f"{'x' * 300} waits [red]for[/red] it"))
    assert pipe.text() == f"    1.2 s  wait    {'x' * 300} waits [red]for[/red] it\n"


def test_a_terminal_shows_who_waits_now() -> None:
    """Below the timeline stand the open waits, and who and what they are for."""
    terminal = Terminal()
    timeline = Timeline(lambda _: None, "local")
    for number in range(14):
        wait = replace(WAIT, task_token=f"token-{number}")
        timeline.record({"dynamodb": {"NewImage": wait.to_item()}})
    with Display(terminal).watching(timeline):
        pass
    shown = terminal.getvalue()
    assert "waiting now" in shown
    assert "parent/mosaic" in shown
    assert "07:24:41 UTC" in shown
    assert "and 2 more" in shown


def test_a_terminal_says_when_nobody_waits() -> None:
    """An empty list is said to be empty."""
    terminal = Terminal()
    with Display(terminal).watching(Timeline(lambda _: None, "local")):
        pass
    assert "nobody waits" in terminal.getvalue()


def test_the_summary_tells_every_outcome() -> None:
    """Executions, and each wait with its answer, its error or none; the graph; no token."""
    pipe = Pipe("utf-8")
    answered = replace(WAIT, answered_at="2023-06-28T07:24:43.000000+00:00", answer="failure")
    failed = replace(answered, answer_error="CirrusCallback.Failed")
    good, stale = replace(answered, answer="success"), replace(answered, answer="stale")
    display, report = Display(pipe), Report((EXECUTION,), (WAIT, good, failed, stale))
    display.summary(report)
    assert "graph LR" not in pipe.text()
    display.mermaid(report)
    text = pipe.text()
    for words in (
        "FAILED",
        "none yet",
        "success",
        "CirrusCallback.Failed",
        "not taken",
        "graph LR",
    ):
        assert words in text
    assert WAIT.task_token not in text
    assert "\x1b" not in text


def test_a_join_is_one_row_with_its_counts() -> None:
    """In the table, and below the timeline on a terminal: no member has a row of its own."""
    row = replace(WAIT, payload_id=join_id_of(WAIT.task_token))
    rows = tuple(MemberRow(MemberToken(row.payload_id, index)) for index in range(3))
    join = JoinProgress(Join(row, total=3), (replace(rows[0], answer="success"), *rows[1:]))
    pipe, terminal = Pipe("utf-8"), Terminal()
    Display(pipe).summary(Report((), (row,), joins={row.payload_id: join}))
    assert pipe.text().count("parent/mosaic") == 1
    assert "3 members: 1 succeeded, 2 pending" in pipe.text()
    timeline = Timeline(lambda _: None, "local")
    timeline.record({"dynamodb": {"NewImage": join.join.to_item()}})
    with Display(terminal).watching(timeline):
        pass
    assert "3 members: 3 pending" in terminal.getvalue()
    assert "join:" not in terminal.getvalue()


def test_a_pipe_without_unicode_gets_words() -> None:
    """Where ticks cannot be written there are words, and tables of ASCII."""
    pipe = Pipe("ascii")
    display = Display(pipe)
    display.verdict("it ended", good=True)
    display.verdict("it did not", good=False)
    display.summary(Report((EXECUTION,), (WAIT,)))
    assert pipe.text().startswith("ok it ended\nFAILED it did not\n")


def test_what_ascii_cannot_write_is_replaced() -> None:
    """An error text with a dash of another alphabet does not end the run."""
    pipe = Pipe("ascii")
    Display(pipe).show(Happening(0, EventKind.SETTLE, "child is FAILED: Fichier non trouvé…"))
    assert "Fichier non trouv" in pipe.text()


def test_a_silent_display_writes_nothing() -> None:
    """With --json the stream is the object's alone."""
    terminal = Terminal()
    display = Display(terminal, is_silent=True)
    with display.watching(Timeline(lambda _: None, "local")):
        display.show(Happening(0, EventKind.STEP, "text"))
    display.summary(Report((EXECUTION,), (WAIT,)))
    display.verdict("text", good=True)
    assert terminal.getvalue() == ""
