"""Where a payload is lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.asl.machine import State


@dataclass(frozen=True, slots=True)
class Loss:
    """A state that hands on something that is not a payload any more.

    Attributes:
        state: the state.
        field: the field that does it; None where it is one that is missing.
        catcher: the index of the catcher that it goes on from; None for the state itself.
    """

    state: State
    field: str | None = None
    catcher: int | None = None
