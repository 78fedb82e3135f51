"""The bench's commands, beside few waits."""

from __future__ import annotations

import pytest

from bench import commands


@pytest.mark.parametrize("command", commands.COMMANDS)
def test_a_command_runs_on_the_aws_in_memory(command: str) -> None:
    """Every call is counted, and something is written."""
    measured = commands.run(500, command)
    assert measured.calls >= 8 + 1 + 1 + 1 + 1  # shards, rows, records, runs, settings
    assert measured.written > 500
