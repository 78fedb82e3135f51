"""The hooks' own time, the lambda's, and many calls at once."""

from __future__ import annotations

import threading

import pytest
from botocore.exceptions import ReadTimeoutError

from cirrus_callbacks_plugin.aws.deadline import Deadline
from cirrus_callbacks_plugin.aws.side_by_side import run_side_by_side
from cirrus_callbacks_plugin.hooks.own_time import OWN_SECONDS, OutOfTime, OwnTime
from support.aws_calls import aws_error


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


def test_only_the_hooks_own_time_counts() -> None:
    """The stopwatch stands still while cirrus works."""
    clock = Clock()
    own = OwnTime(clock)
    with own.running():
        clock.now += 1
    clock.now += 600
    with own.running():
        assert own.call(lambda: "made") == "made"
        clock.now += OWN_SECONDS - 1
        with pytest.raises(OutOfTime, match="are spent"):
            own.call(lambda: pytest.fail("no call may be started"))
    assert own.spent == OWN_SECONDS


def test_a_call_that_is_not_answered_ends_all_further_ones() -> None:
    """An error that AWS answers does not."""
    own = OwnTime(Clock())

    def refused() -> None:
        raise aws_error("AccessDenied")

    def silent() -> None:
        raise ReadTimeoutError(endpoint_url="https://dynamodb")

    with pytest.raises(Exception, match="AccessDenied"):
        own.call(refused)
    assert own.call(lambda: 1) == 1
    with pytest.raises(ReadTimeoutError):
        own.call(silent)
    with pytest.raises(OutOfTime, match="not answered in time"):
        own.call(lambda: pytest.fail("no call may be started"))


class Context:
    """Lambda's context with 8 s left."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds left."""
        return 8000


@pytest.mark.parametrize(("context", "left"), [(Context(), 8.0), (None, 10.0), (object(), 10.0)])
def test_long_work_ends_when_a_quarter_of_the_time_is_left(context: object, left: float) -> None:
    """Of what was left on entry; ten seconds where the context does not tell."""
    clock = Clock()
    time_left = Deadline.of(context, clock)
    go_on = Deadline.of(context, clock).has_time_left
    assert time_left.seconds() == left
    clock.now += left * 0.75 - 0.01
    assert time_left.has_time_left()
    assert go_on()
    clock.now += 0.01
    assert not time_left.has_time_left()
    assert not go_on()
    assert time_left.seconds() == pytest.approx(left / 4)


def test_one_error_touches_no_other() -> None:
    """Results in the order of the things, an exception in the place of its own."""

    def half(number: int) -> int:
        if number % 2:
            raise ValueError(number)
        return number // 2

    results = run_side_by_side(half, range(5))
    assert [str(result) for result in results] == ["0", "1", "1", "3", "2"]
    assert [type(result).__name__ for result in results] == ["int", "ValueError"] * 2 + ["int"]
    assert run_side_by_side(half, []) == []
    assert isinstance(run_side_by_side(half, [1])[0], ValueError)


def test_as_many_at_once_as_there_are_workers() -> None:
    """Four calls meet at a barrier that one after another would never pass."""
    meeting = threading.Barrier(4)
    assert run_side_by_side(lambda _: meeting.wait(10) >= 0, range(4), workers=4) == [True] * 4
