"""What is wrong with Retry and Catch.

https://states-language.net/spec.html#errors;
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.states_language.numbers import LONGEST, whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_OF_A_RETRIER = (
    *("ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate"),
    *("MaxDelaySeconds", "JitterStrategy", "Comment"),
)
_OF_A_CATCHER = ("ErrorEquals", "Next", "ResultPath", "Output", "Assign", "Comment")
_JITTER = ("FULL", "NONE")
_LONGEST_DELAY = 31_622_400
_ALL = "States.ALL"


def wrong_handlers(body: Mapping[str, Any]) -> Iterator[str]:
    """Say what is wrong with a state's Retry and Catch, each a part of a sentence after its name.

    Args:
        body: the state as it stands in the definition.
    """
    for field, known in (("Retry", _OF_A_RETRIER), ("Catch", _OF_A_CATCHER)):
        if field not in body:
            continue
        entries = body[field]
        if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
            yield f"with a {field} that is not a list of objects"
            continue
        for place, entry in enumerate(entries):
            where = f"{field}[{place}]"
            for name in entry:
                if name not in known:
                    yield f"with {name} in {where}, which has {', '.join(known)}"
            yield from _wrong_errors(entry, where, is_last=place == len(entries) - 1)
            wrong = _wrong_retrier if field == "Retry" else _wrong_catcher
            yield from wrong(entry, where)


def _wrong_errors(entry: Mapping[str, Any], where: str, *, is_last: bool) -> Iterator[str]:
    errors = entry.get("ErrorEquals")
    if (
        not isinstance(errors, list)
        or not errors
        or not all(isinstance(each, str) for each in errors)
    ):
        yield f"with {where} whose ErrorEquals is not a list of at least one error name"
    elif _ALL in errors and len(errors) > 1:
        yield f"with {where} that names {_ALL} beside others: it must stand alone"
    elif _ALL in errors and not is_last:
        yield f"with {where} that names {_ALL} and is not the last: put it behind the others"


def _wrong_retrier(retrier: Mapping[str, Any], where: str) -> Iterator[str]:
    ranges = {
        "IntervalSeconds": (1, LONGEST),
        "MaxAttempts": (0, LONGEST),
        "MaxDelaySeconds": (1, _LONGEST_DELAY - 1),
    }
    for name, (lowest, highest) in ranges.items():
        if name in retrier and not whole(retrier[name], lowest, highest):
            yield (
                f"with the {name} {retrier[name]!r} in {where}, which must be a whole number "
                f"from {lowest} to {highest}"
            )
    rate = retrier.get("BackoffRate", 1)
    if isinstance(rate, bool) or not isinstance(rate, (int, float)) or rate < 1:
        yield f"with the BackoffRate {rate!r} in {where}, which must be a number, at least 1.0"
    interval, longest = retrier.get("IntervalSeconds", 1), retrier.get("MaxDelaySeconds")
    if whole(interval, 1, LONGEST) and whole(longest, 1, interval):
        yield f"with a MaxDelaySeconds in {where} that is not longer than its IntervalSeconds"
    if retrier.get("JitterStrategy", "NONE") not in _JITTER:
        yield f"with the JitterStrategy {retrier['JitterStrategy']!r} in {where}: FULL or NONE"


def _wrong_catcher(catcher: Mapping[str, Any], where: str) -> Iterator[str]:
    if not isinstance(catcher.get("Next"), str):
        yield f"with {where} without Next, the state to go on to"
