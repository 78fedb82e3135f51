"""The entry point: statuses, and what it imports."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from cirrus_callbacks_plugin.cli import commands, main


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    """``--help`` names each command with a line about it."""
    assert main.status_of(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"\n  {name} " in text for name in commands.COMMANDS)


@pytest.mark.parametrize("command", ["", *commands.COMMANDS])
def test_help_holds_no_marks(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Click takes its mark for lines that stay as they are out of a text; a raw one is printed."""
    assert main.status_of([*command.split(), "--help"]) == 0
    assert "\\" not in capsys.readouterr().out


def test_an_unknown_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 2, and the command is named."""
    assert main.status_of(["fly"]) == 2
    assert "fly" in capsys.readouterr().err


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, click.Abort])
def test_an_interrupt_has_its_status(
    monkeypatch: pytest.MonkeyPatch,
    interrupt: type[BaseException],
) -> None:
    """Ctrl-C anywhere ends with 130 and no traceback."""

    def interrupted(*_given: object, **_options: object) -> None:
        raise interrupt

    monkeypatch.setattr(commands.commands, "main", interrupted)
    assert main.status_of(["demo"]) == 130


def test_the_entry_point_exits_with_the_status(monkeypatch: pytest.MonkeyPatch) -> None:
    """``run`` is what the installed script calls."""
    monkeypatch.setattr(sys, "argv", ["cirrus-callbacks", "fly"])
    with pytest.raises(SystemExit) as ended:
        main.run()
    assert ended.value.code == 2


def test_the_entry_point_needs_no_extra() -> None:
    """A bare install gets as far as the message that names the extra."""
    script = (
        "import sys, cirrus_callbacks_plugin.cli.main\n"
        "sys.exit(any(name in sys.modules for name in ('click', 'rich', 'moto', 'cirrus')))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
