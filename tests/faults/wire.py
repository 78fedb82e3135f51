"""Stands between every client and moto: notes the product's calls, and lets one kind fail."""

from __future__ import annotations

import gc
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest import mock

import botocore.endpoint
from botocore import handlers
from botocore.exceptions import ReadTimeoutError
from botocore.retries.quota import RetryQuota
from moto.core.models import botocore_stubber

from faults.calls import Call, call_of
from faults.fault import Fault, answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from botocore.awsrequest import AWSPreparedRequest
    from botocore.model import OperationModel


@dataclass
class Made:
    """One call that the product made.

    Attributes:
        call: which.
        parameters: as the client was asked.
        attempts: how often it went over the wire.
        faults: how many of these failed.
        statuses: of the answers that moto gave, whether or not the client got them.
    """

    call: Call
    parameters: dict[str, Any]
    attempts: int = 0
    faults: int = 0
    statuses: list[int] = field(default_factory=list)


@dataclass
class Wire:
    """What went over the wire, and what is to fail on it.

    Attributes:
        made: the product's calls, in the order in which they were begun.
        pauses: how often a client paused between two attempts; none of it is slept.
        standing: says which calls fail as a part of the way, whatever else is tried.
    """

    made: list[Made] = field(default_factory=list)
    pauses: int = 0
    standing: Callable[[Made], Fault | None] | None = None
    _call: Call | None = None
    _fault: Fault | None = None
    _left: int = 0
    _instead: Callable[[], None] | None = None
    _models: Any = field(default_factory=threading.local)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fail(
        self,
        call: Call,
        fault: Fault,
        *,
        times: int = 1_000_000,
        instead: Callable[[], None] | None = None,
    ) -> None:
        """Let a kind of call fail from now on.

        Args:
            call: which.
            fault: how.
            times: how many attempts fail.
            instead: makes the fault come true, in the place of an answer made up.
        """
        self._call, self._fault, self._left, self._instead = call, fault, times, instead

    def heal(self) -> None:
        """Let nothing fail any more."""
        self._call = None

    def of(self, call: Call) -> list[Made]:
        """The calls of a kind."""
        return [made for made in self.made if made.call == call]

    # --- botocore's events ----------------------------------------------------------

    def begin(self, params: dict[str, Any], model: OperationModel, **_: Any) -> None:
        """A client is asked to make a call."""
        if getattr(self._models, "is_within", False):
            return  # what moto, or a test, does of its own while the product's call is under way
        self._models.model, self._models.made = model, None
        call = call_of(model.service_model.service_name, model.name, params)
        if call is not None:
            made = Made(call, params)
            self._models.made = made
            with self._lock:
                self.made.append(made)

    def send(self, request: AWSPreparedRequest, event_name: str, **_: Any) -> Any:
        """An attempt goes over the wire."""
        if getattr(self._models, "is_within", False):
            return botocore_stubber(event_name, request)
        self._models.is_within = True
        try:
            return self._sent(request, event_name)
        finally:
            self._models.is_within = False

    def _sent(self, request: AWSPreparedRequest, event_name: str) -> Any:
        made: Made | None = getattr(self._models, "made", None)
        if made is None:
            return self._pass_on(made, request, event_name)
        made.attempts += 1
        stands = self.standing(made) if self.standing is not None else None
        if stands is not None:
            return answer(stands, self._models.model, request)
        with self._lock:
            is_hit = made.call == self._call and self._left > 0
            if is_hit:
                self._left -= 1
            fault, instead = self._fault, self._instead
        if not is_hit or fault is None:
            return self._pass_on(made, request, event_name)
        made.faults += 1
        if fault is Fault.TIMED_OUT:
            self._pass_on(made, request, event_name)
            raise ReadTimeoutError(endpoint_url=request.url)
        if instead is not None:
            instead()
            return self._pass_on(made, request, event_name)
        return answer(fault, self._models.model, request)

    @staticmethod
    def _pass_on(made: Made | None, request: AWSPreparedRequest, event_name: str) -> Any:
        response = botocore_stubber(event_name, request)
        if made is not None and response is not None:
            made.statuses.append(response.status_code)
        return response


@contextmanager
def wired() -> Iterator[Wire]:
    """A wire for every client that is built in the block.

    Clients pause between two attempts, up to 20 s: here the pause is counted.
    """
    wire = Wire()

    def pause(_: float) -> None:
        wire.pauses += 1

    # moto stands among the handlers that every new session begins with.
    before = list(handlers.BUILTIN_HANDLERS)
    handlers.BUILTIN_HANDLERS[:] = [
        (event, wire.send if act is botocore_stubber else act, *more)
        for event, act, *more in before
    ] + [("before-parameter-build", wire.begin)]
    try:
        with mock.patch.object(botocore.endpoint, "time", SimpleNamespace(sleep=pause)):
            yield wire
    finally:
        handlers.BUILTIN_HANDLERS[:] = before


def quotas() -> list[RetryQuota]:
    """The retry quotas of all clients there are."""
    return [found for found in gc.get_objects() if isinstance(found, RetryQuota)]


def refill(found: list[RetryQuota]) -> None:
    """Give clients back the retries that they spent, as a new instance of a function has them."""
    for quota in found:
        quota._available_capacity = quota._max_capacity
