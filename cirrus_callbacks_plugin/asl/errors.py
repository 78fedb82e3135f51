"""What keeps a file from being checked at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.errors import CallbackError

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.asl.nodes import Position


class UnreadableError(ValueError):
    """A text cannot be read; says where and why."""

    def __init__(self, problem: str, at: Position) -> None:
        self.problem = problem
        self.at = at
        super().__init__(f"line {at.line}, column {at.column}: {problem}")


class UnusableFileError(CallbackError):
    """A file cannot be checked; the message names it, where in it, and what to do."""

    def __init__(self, path: str, problem: str, at: Position | None = None) -> None:
        self.path = path
        self.problem = problem
        self.at = at
        where = "" if at is None else f":{at.line}:{at.column}"
        super().__init__(f"{path}{where}: {problem}")


class NamedElsewhereError(UnusableFileError):
    """A file holds no state machine, but names the file of one, which was not found."""

    def __init__(self, path: str, named: str) -> None:
        self.named = named
        super().__init__(path, f"holds no state machine, but names one that is not there: {named}")
