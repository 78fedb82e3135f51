"""What a rule of the protocol settles with, for tests that compare outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.protocol.rules import Settle

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.protocol.rules import Judgement
    from cirrus_callbacks_plugin.waits.outcome import Outcome


def outcome_in(judgement: Judgement) -> Outcome | None:
    """The outcome to settle with; None where the row is left open, which says why."""
    if isinstance(judgement, Settle):
        return judgement.outcome
    assert judgement.why
    return None
