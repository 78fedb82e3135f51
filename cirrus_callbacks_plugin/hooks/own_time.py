"""What a hook may take of the lambda's time.

Cirrus's lambdas time out after 10 to 15 s. No call is started once two seconds of the
hook's own time are spent in an invocation, and the first call that is not answered ends
the work it belongs to: an outage of the tracking table delays callbacks and nothing else.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from cirrus_callbacks_plugin.aws.error_codes import ErrorKind, classify, is_unanswered
from cirrus_callbacks_plugin.errors import CallbackError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OWN_SECONDS = 2.0
CALL_TIMEOUT_SECONDS = 1.0
CALL_ATTEMPTS = 2
CALL_SECONDS = CALL_ATTEMPTS * CALL_TIMEOUT_SECONDS
"""A call to an endpoint that never answers.

The worst case is six seconds of a hook's own: two, one call begun at their very end, and the
deletion of the neighbours.
"""

Result = TypeVar("Result")


def retry_at_once(work: Callable[[], Result]) -> Result:
    """Make a call again at once where a repetition may help, as often as there are attempts.

    For clients that make one attempt: between two of its own, botocore pauses up to a
    second for every service but DynamoDB, and the hooks have none to spare.
    """
    for _ in range(CALL_ATTEMPTS - 1):
        try:
            return work()
        except (ClientError, BotoCoreError) as error:
            if classify(error) is not ErrorKind.RETRY:
                raise
    return work()


class OutOfTime(CallbackError):  # noqa: N818 - not the caller's error
    """The hook's own time is spent, or a call was not answered."""


class OwnTime:
    """A stopwatch that runs only while the hook works, not while cirrus does."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._spent = 0.0
        self._since: float | None = None
        self._stopped = False

    @property
    def spent(self) -> float:
        """Seconds that the hook has taken in this invocation."""
        running = 0.0 if self._since is None else self._clock() - self._since
        return self._spent + running

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count the block's time."""
        self._since = self._clock()
        try:
            yield
        finally:
            self._spent, self._since = self.spent, None

    def check(self) -> None:
        """Raise where no further call may be started.

        Raises:
            OutOfTime: the time is spent, or an earlier call was not answered.
        """
        if self._stopped:
            raise OutOfTime("an earlier call was not answered in time")
        if self.spent >= OWN_SECONDS:
            raise OutOfTime(f"{OWN_SECONDS:g} s of the hook's own time are spent")

    def call(self, work: Callable[[], Result]) -> Result:
        """Make a call if one may be started; one that is not answered ends all further ones.

        Raises:
            OutOfTime: no call may be started.
        """
        self.check()
        try:
            return work()
        except Exception as error:
            if is_unanswered(error):
                self._stopped = True
            raise
