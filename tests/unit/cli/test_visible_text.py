"""Texts that somebody else wrote reach a terminal without their control characters."""

from __future__ import annotations

import io
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from rich.text import Text

from cirrus_callbacks_plugin.cli import findings, main, repairing, show
from cirrus_callbacks_plugin.cli import waits as waits_command
from cirrus_callbacks_plugin.cli.display import Display
from cirrus_callbacks_plugin.cli.screen import Screen, table
from cirrus_callbacks_plugin.cli.visible_text import IdCell, lines, long_words_cut, one_line
from cirrus_callbacks_plugin.errors import CallbackError
from cirrus_callbacks_plugin.local.report import Report
from cirrus_callbacks_plugin.local.timeline import Execution, Timeline
from cirrus_callbacks_plugin.operations.own_waits import OwnWaits
from cirrus_callbacks_plugin.operations.payload import PayloadReport
from cirrus_callbacks_plugin.operations.reasons import Code, Reason
from cirrus_callbacks_plugin.operations.repairs import Act, Done, Step
from cirrus_callbacks_plugin.operations.survey import ExplainedWait
from cirrus_callbacks_plugin.reconcile.judge import Verdict
from cirrus_callbacks_plugin.waits.row import Wait, moment

if TYPE_CHECKING:
    from collections.abc import Callable

FORGED = "\nFORGED"
# A colour, a cursor's way back, a bell, a carriage return, an override of direction, C1.
HOSTILE = f"x\x1b[31m\x1b[1A\x07\rover\u202e\x9b2K{FORGED}"
AT = "2024-06-01T12:00:00.000000+00:00"
ROW = Wait(
    f"c/workflow-w/{HOSTILE}",
    "token",
    workflow=HOSTILE,
    workflow_state=HOSTILE,
    registered_at=AT,
    settled_at=AT,
    answered_at=AT,
    answer="failure",
    answer_error=HOSTILE,
    error=HOSTILE,
    execution_arn=HOSTILE,
    waiter_payload_id=f"c/workflow-w/{HOSTILE}",
    waiter_execution_arn=f"arn:aws:states:us-west-2:123456789012:execution:w:{HOSTILE}",
    history=({"at": HOSTILE, "by": HOSTILE, "action": HOSTILE, "reason": HOSTILE},),
)
JUDGED = ExplainedWait(ROW, None, Verdict(), Reason(Code.RUNNING, HOSTILE))


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        """Say so."""
        return True


def _waits(stream: io.StringIO, columns: int) -> None:
    screen = Screen(stream)
    screen.console.width = columns
    deployment: Any = type("D", (), {"clock": staticmethod(lambda: moment(AT)), "name": HOSTILE})()
    survey = SimpleNamespace(waiters=SimpleNamespace(not_asked=0))
    listing: Any = SimpleNamespace(survey=survey, knows_chains=True)
    page = waits_command.Page(listing, iter([JUDGED]), None, None, None)
    waits_command._show(screen, deployment, page, watched=False)


def _show(stream: io.StringIO) -> None:
    report = PayloadReport(ROW.payload_id, None, (), 0, (ROW,), (JUDGED,), OwnWaits((JUDGED,)))
    show._show(Screen(stream), report, moment(AT))


def _plan_and_report(stream: io.StringIO) -> None:
    step = Step(ROW, Act.SETTLE, HOSTILE)
    repair = repairing.Repairing.__new__(repairing.Repairing)
    repair.screen, repair.dry_run, repair.is_json = Screen(stream), True, False
    repair.done = [Done(step, ROW, HOSTILE), Done(step, replace(ROW, answer="stale"))]
    repair._plan([step], [Step(ROW, Act.LEAVE, HOSTILE)], "nothing")
    repair._report("Done")


def _local(stream: io.StringIO) -> None:
    display = Display(stream)
    timeline = Timeline(display.show, "p")
    timeline.record({"dynamodb": {"NewImage": ROW.to_item()}})
    timeline.step(HOSTILE)
    execution = Execution(HOSTILE, HOSTILE, HOSTILE, HOSTILE, ROW.payload_id, error=HOSTILE)
    display.summary(Report((execution,), (ROW,)))
    display.verdict(HOSTILE, good=False)


@pytest.mark.parametrize(
    "write",
    [
        lambda stream: _waits(stream, 200),
        lambda stream: _waits(stream, 60),
        _show,
        _plan_and_report,
        _local,
    ],
    ids=["waits, wide", "waits, narrow", "show", "a repair's plan and report", "local"],
)
@pytest.mark.parametrize("kind", [io.StringIO, Terminal])
def test_no_control_character_and_no_forged_line_reaches_the_screen(
    write: Callable[[io.StringIO], None],
    kind: type[io.StringIO],
) -> None:
    """Whatever ids, waiters, states, errors, reasons and histories hold: only our own styles."""
    stream = kind()
    write(stream)
    text = _without_styles(stream.getvalue())
    assert "FORGED" in text.replace("\n", "").replace(" ", "")
    bad = {each for each in text if not each.isprintable() and each != "\n"}
    assert bad == set()
    # (A cell that is folded goes on in the table's next line, below where it began.)
    assert not [line for line in text.splitlines() if line.rstrip() == "FORGED"]


def _without_styles(text: str) -> str:
    """The text without the styles that rich itself writes on a terminal."""
    return "".join(Text.from_ansi(line).plain + "\n" for line in text.split("\n"))


def test_an_error_message_is_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Also where it quotes what somebody wrote."""

    def fail(*_: Any, **__: Any) -> None:
        raise CallbackError(HOSTILE)

    monkeypatch.setattr("cirrus_callbacks_plugin.cli.commands.commands.main", fail)
    assert main.status_of(["waits"]) == main.BAD_INPUT
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "\x1b" not in told


def test_a_text_keeps_its_styles_and_our_own_line_breaks() -> None:
    """Only what is hostile is written as an escape."""
    text = Text("a\n", style="bold").append("b\x1b", style="red")
    assert (lines(text).plain, one_line(text).plain) == ("a\nb\\x1b", "a\\nb\\x1b")
    assert "red" in {str(span.style) for span in lines(text).spans}
    assert one_line("plain").plain == "plain"


def test_cells_of_a_table_are_visible_too() -> None:
    """Strings are one line; None stays None."""
    stream = io.StringIO()
    made = table("a", "b")
    made.add_row("x\ny", None)
    Screen(stream).put(made)
    assert "x\\ny" in stream.getvalue()


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        """Say so."""
        return True


LONG = "sentinel-2-cog/S2B_39QTA_20230623_0_L2A" * 3


def test_an_id_that_does_not_fit_loses_its_middle(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal: both ends of it stay, in one line; in a pipe all of it."""
    monkeypatch.setenv("COLUMNS", "60")
    terminal, pipe = Terminal(), io.StringIO()
    for stream in (terminal, pipe):
        made = table("id", "why")
        made.add_row(IdCell(LONG), "it waits for a long time, and longer than anybody thought")
        Screen(stream).put(made)
    (line,) = [line for line in terminal.getvalue().splitlines() if "sentinel" in line]
    assert "_0_L2A " in line
    assert "\u2026" in line
    assert LONG in pipe.getvalue()
    assert "\u2026" not in pipe.getvalue()


def test_a_long_word_in_a_sentence_loses_its_middle() -> None:
    """Other words stay as they are, with their styles."""
    text = Text("it waits for ").append("abcdefghijklmnopqrst", style="bold").append(" (2 h)")
    cut = long_words_cut(text, 10)
    assert cut.plain == "it waits for abcd\u2026pqrst (2 h)"
    assert [str(span.style) for span in cut.spans] == ["bold", "bold"]
    assert long_words_cut(text, 20).plain == text.plain


def test_an_indented_text_is_never_broken_within_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal it takes several lines, and an id that is longer one of its own."""
    monkeypatch.setenv("COLUMNS", "40")
    terminal = Terminal()
    Screen(terminal).indented(f"the child runs and itself waits for {LONG} (for 2 h)")
    lines_ = [line.strip() for line in terminal.getvalue().splitlines()]
    assert LONG in lines_
    assert lines_[0] == "the child runs and itself waits for"


def test_the_linters_findings_use_the_same_screen() -> None:
    """So a file's name and a state's name cannot forge a finding."""
    assert findings.Screen is Screen
