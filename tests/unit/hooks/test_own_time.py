"""What a hook may take of the lambda's time, to the second, and what is tried again."""

from __future__ import annotations

import pytest
from botocore.exceptions import ConnectTimeoutError

from cirrus_callbacks_plugin.hooks import own_time
from cirrus_callbacks_plugin.hooks.own_time import OutOfTime, OwnTime, retry_at_once
from support.aws_calls import aws_error


def test_two_seconds_of_its_own_six_in_the_worst_case() -> None:
    """Two attempts of a second each; one call begun at the end, and one deletion."""
    assert own_time.OWN_SECONDS == 2.0
    assert own_time.CALL_TIMEOUT_SECONDS == 1.0
    assert own_time.CALL_ATTEMPTS == 2
    assert own_time.CALL_SECONDS == 2.0
    assert own_time.OWN_SECONDS + 2 * own_time.CALL_SECONDS == 6.0


def test_a_stopwatch_that_never_ran_shows_nothing() -> None:
    """And a call may be made."""
    own = OwnTime(lambda: 100.0)
    assert own.spent == 0.0
    assert own.call(lambda: "made") == "made"


def test_a_running_stopwatch_shows_what_it_has_counted() -> None:
    """Also while it runs a second time."""
    now = 100.0
    own = OwnTime(lambda: now)
    for spent in (0.5, 1.0):
        with own.running():
            now += 0.5
            assert own.spent == spent
        now += 7
        assert own.spent == spent


def test_a_block_that_raises_has_taken_its_time() -> None:
    """It is counted, and the stopwatch stands still afterwards."""
    now = 0.0
    own = OwnTime(lambda: now)

    def work() -> None:
        nonlocal now
        now = 1.5
        raise KeyError

    with pytest.raises(KeyError), own.running():
        work()
    now = 60.0
    assert own.spent == 1.5


@pytest.mark.parametrize(
    "error",
    [aws_error("SlowDown"), aws_error("X", status=500), ConnectTimeoutError(endpoint_url="x")],
)
def test_what_may_pass_is_tried_twice(error: Exception) -> None:
    """At once, and no more often; what the second attempt returns or raises counts."""
    outcomes = [error, "returned"]

    def work() -> str:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    assert retry_at_once(work) == "returned"
    outcomes += [error, error, "too late"]
    with pytest.raises(type(error)):
        retry_at_once(work)
    assert outcomes == ["too late"]


def test_what_does_not_pass_is_tried_once() -> None:
    """And what is returned at once is not asked for again."""
    outcomes = [aws_error("AccessDenied"), aws_error("SlowDown")]

    def refused() -> None:
        raise outcomes.pop(0)

    with pytest.raises(Exception, match="AccessDenied"):
        retry_at_once(refused)
    assert len(outcomes) == 1
    calls: list[int] = []
    assert retry_at_once(lambda: calls.append(1) or "returned") == "returned"  # type: ignore[func-returns-value]
    assert calls == [1]


def test_time_that_is_spent_to_the_second_is_spent() -> None:
    """No call is begun at two seconds."""
    now = 0.0
    own = OwnTime(lambda: now)
    with own.running():
        now = 1.99
        own.check()
        now = 2.0
        with pytest.raises(OutOfTime, match=r"^2 s of the hook's own time are spent$"):
            own.check()
