"""Invocations of lambdas in one process: which one a thread works for, and their deaths."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from unittest import mock

if TYPE_CHECKING:
    from collections.abc import Iterator


class Killed(BaseException):
    """The lambda's process ended here; nothing that it runs may catch this."""


class Died(Exception):  # noqa: N818 - what the event source learns of it
    """An invocation ended without a word, as event sources see it."""


@dataclass(slots=True, eq=False)
class Invocation:
    """One invocation.

    Attributes:
        function: ``process``, ``update-state``, ``sender`` or ``reconciler``.
        begun: the step of the notes at which it began.
        about: the run whose end was delivered (``update-state``).
        messages: the numbers of its messages by payload id (``process``).
        replaced: the payloads that one of these asks to be run again.
        is_dead: it was killed: none of its threads makes another call.
    """

    function: str
    begun: int
    about: str | None = None
    messages: dict[str, tuple[int, ...]] = field(default_factory=dict)
    replaced: frozenset[str] = frozenset()
    is_dead: bool = False


class Invocations:
    """Which invocation each thread works for: threads belong to the one that started them."""

    def __init__(self) -> None:
        self._local = threading.local()

    def current(self) -> Invocation | None:
        """The invocation that this thread works for; None: it is not a lambda's."""
        found: Invocation | None = getattr(self._local, "invocation", None)
        return found

    @contextmanager
    def working_for(self, invocation: Invocation | None) -> Iterator[None]:
        """Let this thread, and those that it starts, work for an invocation."""
        before = self.current()
        self._local.invocation = invocation
        try:
            yield
        finally:
            self._local.invocation = before

    @contextmanager
    def followed(self) -> Iterator[None]:
        """Until the block's end threads belong to the invocation that starts them.

        A lambda that is killed takes its threads with it, and no event hook says which
        invocation a thread of a pool calls AWS for.
        """
        start = threading.Thread.start
        invocations = self

        def started(thread: threading.Thread) -> None:
            owner = invocations.current()
            if owner is not None:

                def run_for_owner() -> None:
                    with invocations.working_for(owner):
                        run_of(thread)

                run_of = type(thread).run
                thread.run = run_for_owner  # type: ignore[method-assign]
            start(thread)

        with mock.patch.object(threading.Thread, "start", started):
            yield
