"""Numbers and instants that stand in fields of a state.

https://states-language.net/spec.html#timestamps
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.states_language.comparisons import read_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LONGEST = 99_999_999
"""The longest time that a field takes, in seconds, and the most attempts."""
MOST_AT_ONCE = 2**31 - 1
_RANGES = {
    "TimeoutSeconds": (1, LONGEST),
    "HeartbeatSeconds": (1, LONGEST),
    "Seconds": (0, LONGEST),
    "MaxConcurrency": (0, MOST_AT_ONCE),
}


def whole(value: Any, lowest: int, highest: int) -> bool:
    """True for a whole number within a range; ``true`` and ``1.0`` are not."""
    return isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest


def wrong_numbers(body: Mapping[str, Any], *, is_jsonata: bool) -> Iterator[str]:
    """Say which numbers of a state or machine are out of range, each a part of a sentence.

    Args:
        body: the state or machine as it stands in the definition.
        is_jsonata: an expression may stand in the place of each.
    """
    for name, (lowest, highest) in _RANGES.items():
        value = body.get(name, lowest)
        if not whole(value, lowest, highest) and not (is_jsonata and _is_expression(value)):
            yield (
                f"with the {name} {value!r}, which must be a whole number from {lowest} to "
                f"{highest}, without quotes"
            )
    timeout, heartbeat = body.get("TimeoutSeconds"), body.get("HeartbeatSeconds")
    if whole(timeout, 1, LONGEST) and whole(heartbeat, timeout, LONGEST):  # type: ignore[arg-type]
        yield "with HeartbeatSeconds that are not fewer than its TimeoutSeconds"
    at = body.get("Timestamp")
    if "Timestamp" in body and not (read_timestamp(at) or (is_jsonata and _is_expression(at))):
        yield f"with the Timestamp {at!r}, which must be a time as in 2026-01-02T03:04:05Z"


def _is_expression(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("{%") and value.endswith("%}")
