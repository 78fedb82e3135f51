"""Attributes that were replaced, and how to put them back."""

from __future__ import annotations

from typing import Any

from cirrus_callbacks_plugin.local.clock import StackClock


class Patches:
    """Attributes that were replaced, and how to put them back.

    Attributes:
        clock: what the corrections' own waiting follows.
    """

    def __init__(self, clock: StackClock | None = None) -> None:
        self.clock = clock or StackClock()
        self._undo: list[tuple[Any, str, Any]] = []

    def set(self, owner: Any, name: str, replacement: Any) -> None:
        """Replace an attribute; one that was only inherited is deleted again later."""
        self._undo.append((owner, name, vars(owner).get(name)))
        setattr(owner, name, replacement)

    def undo(self) -> None:
        """Put every attribute back, the last one first."""
        while self._undo:
            owner, name, original = self._undo.pop()
            if original is None:
                delattr(owner, name)
            else:
                setattr(owner, name, original)
