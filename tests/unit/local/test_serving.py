"""What a running stack makes of a source that raises."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from cirrus_callbacks_plugin.local.sources.source import Poll
from cirrus_callbacks_plugin.local.stack import Stack
from cirrus_callbacks_plugin.local.timeline import EventKind, Happening, Timeline


@dataclass
class Source:
    """A source whose first polls raise."""

    raised: list[BaseException]
    name: str = "process"
    polls: list[Poll] = field(default_factory=list)

    def poll(self) -> Poll:
        """Raise what is left to raise; then there is nothing to deliver."""
        if self.raised:
            raise self.raised.pop(0)
        return Poll.EMPTY


def _stack(source: Source) -> tuple[Stack, list[Happening]]:
    told: list[Happening] = []
    nothing = cast("Any", None)
    return Stack(nothing, nothing, (source,), Timeline(told.append, "local")), told


def test_a_source_that_raises_goes_on() -> None:
    """What it raised is told once, with its name; the run ends when nothing is left."""
    source = Source([ConnectionError("gone"), ConnectionError("gone"), ValueError("odd")])
    stack, told = _stack(source)
    stack.start()
    assert stack.wait_until(stack.nothing_left, 30)
    assert [(each.kind, each.text) for each in told] == [
        (EventKind.TROUBLE, "process cannot be served: ConnectionError: gone"),
        (EventKind.TROUBLE, "process cannot be served: ValueError: odd"),
    ]


def test_the_end_of_the_process_reaches_the_one_who_waits() -> None:
    """SystemExit (the reader of the timeline went away) ends the wait."""
    stack, _ = _stack(Source([SystemExit(3)]))
    stack.start()
    with pytest.raises(SystemExit):
        stack.wait_until(stack.nothing_left, 30)
