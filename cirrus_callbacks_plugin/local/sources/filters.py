"""Lambda's event filtering, evaluated by moto's EventBridge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def matcher(patterns: Sequence[dict[str, Any]]) -> Callable[[dict[str, Any]], bool]:
    """Whether a record matches one of the patterns that Terraform deploys, too."""
    from moto.events.models import EventPattern

    compiled = [EventPattern(None, pattern) for pattern in patterns]

    def matches(record: dict[str, Any]) -> bool:
        return any(pattern.matches_event(record) for pattern in compiled)

    return matches
