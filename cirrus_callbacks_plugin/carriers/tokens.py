"""A task token as it arrives: who waits with it, whether it is usable, how many there may be."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any

from cirrus_callbacks_plugin.carriers.json_text import values
from cirrus_callbacks_plugin.contract import RESERVED
from cirrus_callbacks_plugin.naming import MemberToken, is_text

logger = logging.getLogger(__name__)

MAX_TOKEN_CHARS = 2048  # SendTaskSuccess: taskToken has at most 2,048 characters

MAX_TOKENS = 10
"""Tokens that one message may register; the carriers of an honest one hold four at most."""

MAX_WAITER_CHARS = 4096
"""A longer name of a waiter is not a name: it is left out of the row."""


@dataclass(frozen=True, slots=True)
class Callback:
    """A task token and who waits with it, when told."""

    task_token: str = field(repr=False)
    waiter_payload_id: str | None = None
    waiter_execution_arn: str | None = None


@dataclass(slots=True, eq=False, repr=False)
class TokenCollector:
    """What was taken out of one message.

    Attributes:
        callbacks: the usable tokens, each once, with the waiter that came first.
        problems: what was wrong with what is not among them; never its content.
    """

    _callbacks: dict[str, Callback] = field(default_factory=dict)
    _problems: dict[str, int] = field(default_factory=dict)

    @property
    def callbacks(self) -> tuple[Callback, ...]:
        """The usable tokens, in the order in which they were found."""
        return tuple(self._callbacks.values())

    def add(self, callback: Any, place: str) -> None:
        """Note the token of a callback block; a name given twice is two tokens."""
        if not isinstance(callback, dict):
            self.problem(f"Ignored {place}: it is not an object with a task_token")
            return
        for token in values(callback, "task_token") or [None]:
            self.add_token(token, place, callback.get("waiter"))

    def add_token(self, token: Any, place: str, waiter: Any = None) -> None:
        """Note a token, or what is wrong with it."""
        why = _problem(token)
        if why is not None:
            self.problem(f"Ignored {place}: the task token {why}")
        elif token in self._callbacks:
            return
        elif len(self._callbacks) == MAX_TOKENS:
            self.problem(f"Ignored {place}: a message may register {MAX_TOKENS} task tokens")
        else:
            waiting = waiter if isinstance(waiter, dict) else {}
            self._callbacks[token] = Callback(
                token,
                _name(waiting.get("payload_id")),
                _name(waiting.get("execution_arn")),
            )

    def problem(self, what: str) -> None:
        """Note what is wrong, without its content."""
        self._problems[what] = self._problems.get(what, 0) + 1

    def warn(self, message_id: Any) -> None:
        """Say in one warning what was wrong with a message, if something was."""
        if not self._problems:
            return
        texts = [
            what if count == 1 else f"{what} ({count} times)"
            for what, count in self._problems.items()
        ]
        named = f"Message {message_id}: " if isinstance(message_id, str) else ""
        logger.warning("%s%s", named, "; ".join(texts))


def _problem(token: Any) -> str | None:
    """Why a token cannot be registered; None where it can."""
    if token is None:
        return "is missing"
    if not isinstance(token, str):
        return "is not a string"
    if not token:
        return "is empty"
    if len(token) > MAX_TOKEN_CHARS:
        return f"is longer than the {MAX_TOKEN_CHARS} characters that Step Functions accepts"
    if token.startswith(RESERVED) and MemberToken.of(token) is None:
        return f"begins with the reserved character {RESERVED!r}"
    return None if is_text(token) else "is not valid Unicode"


def _name(value: Any) -> str | None:
    usable = isinstance(value, str) and 0 < len(value) <= MAX_WAITER_CHARS and is_text(value)
    return value if usable else None
