"""Notice which final state cirrus's own code gives which payload.

The setters of ``StateDB`` are the one seam that every generation shares (payload id
first). They are wrapped once a process; what they write is noted for the invocation in
whose context they run, and for no other: several lambdas may share a process.
"""

from __future__ import annotations

import functools
import logging
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.errors import place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cirrus_callbacks_plugin.cirrus.adapter import Adapter

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FinalState:
    """A final state that a handler wrote, and the error text that it wrote with it."""

    state: str
    error: str | None


@dataclass(slots=True)
class Notes:
    """The final states written in one invocation, the last one for each payload id."""

    by_payload: dict[str, FinalState] = field(default_factory=dict)


_notes: ContextVar[Notes | None] = ContextVar("cirrus_callbacks_notes", default=None)


@contextmanager
def recording_final_states(adapter: Adapter) -> Iterator[Notes]:
    """Note the final states that are written while the block runs, in its context.

    Where this cirrus has no such setters (a newer one than known), nothing is noted and
    the block runs all the same: its waits are the reconciler's.
    """
    try:
        _install(*adapter.state_setters())
    except Exception as error:  # noqa: BLE001 - callbacks may be late, cirrus may not
        logger.error(  # noqa: TRY400 - the place says all there is
            "The states that cirrus %s writes cannot be noticed (%s: %s, %s); waits are "
            "settled by the reconciler until the plugin is updated",
            adapter.version,
            type(error).__name__,
            error,
            place_of(error),
        )
    notes = Notes()
    reset = _notes.set(notes)
    try:
        yield notes
    finally:
        _notes.reset(reset)


class _Observed:
    """Stands in a setter's place on the class and notes what the setter has written.

    A descriptor, since cirrus's setters are descriptors themselves from 0.15 on and may
    not be read from the class.
    """

    def __init__(self, setter: Any, state: str) -> None:
        self.setter = setter
        self.state = state

    def __get__(self, instance: Any, owner: type | None = None) -> Callable[..., Any]:
        bound: Callable[..., Any] = self.setter.__get__(instance, owner)

        @functools.wraps(bound)
        def observed(payload_id: str, *args: Any, **kwargs: Any) -> Any:
            result = bound(payload_id, *args, **kwargs)
            notes = _notes.get()
            if notes is not None:
                error = kwargs.get("msg", args[0] if args else None)
                has_error = self.state in ("FAILED", "INVALID") and isinstance(error, str)
                notes.by_payload[payload_id] = FinalState(
                    self.state,
                    error if has_error else None,
                )
            return result

        return observed


def _install(state_db: type, states: Any) -> None:
    for name, state in states.items():
        setter = state_db.__dict__[name]
        if not isinstance(setter, _Observed):
            setattr(state_db, name, _Observed(setter, state))
