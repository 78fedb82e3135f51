"""What stands between every client and moto: faults go in, and what happened is noted.

All of it through botocore's own events. Calls are let through one at a time: moto's
conditions are not atomic, and a note must stand where its effect stands.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.handlers import BUILTIN_HANDLERS
from moto.core.models import botocore_stubber

from bench.soak.calls import Call, answer_instead, failed_attempt, unanswered
from bench.soak.chance import ATTEMPTS, CIRRUS, PRODUCT, Chance, Fault
from bench.soak.invocations import Killed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.soak.invocations import Invocation, Invocations
    from bench.soak.notes import Notes
    from cirrus_callbacks_plugin.local.deployment import Names

OWN_FUNCTIONS = ("sender", "reconciler")
KILLS = (Fault.KILLED_BEFORE, Fault.KILLED_AFTER)
AFTERWARDS = (Fault.LOST_ANSWER, Fault.KILLED_AFTER)


class Wire:
    """Handlers of botocore's events, for every client that is built while it is installed."""

    def __init__(
        self, names: Names, chance: Chance, invocations: Invocations, notes: Notes
    ) -> None:
        self._names = names
        self._chance = chance
        self._invocations = invocations
        self._notes = notes
        self._local = threading.local()

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Take moto's place among botocore's handlers; moto is called from here."""
        before = list(BUILTIN_HANDLERS)
        BUILTIN_HANDLERS.remove(("before-send", botocore_stubber))
        BUILTIN_HANDLERS.extend(
            [
                ("before-call", self._before_call),
                ("before-send", self._send),
                ("after-call", self._after_call),
            ],
        )
        try:
            yield
        finally:
            BUILTIN_HANDLERS[:] = before

    def _before_call(self, model: Any, params: Any, **_: Any) -> Any:
        """A call begins: it may get its answer here, and its lambda may end here."""
        call = Call.of(model.service_model.service_name, model.name, params)
        self._local.call, self._local.afterwards = call, None
        invocation = self._invocations.current()
        if invocation is None:
            return None
        if invocation.is_dead:
            raise Killed
        if call.has_token and not self._may_hold_tokens(call):
            self._notes.leaks.append(f"{invocation.function}: {call.service} {call.operation}")
        chances = PRODUCT if self._is_own(call, invocation) else CIRRUS
        fault = self._chance.fault(chances, call.name)
        if fault is None:
            return None
        if fault in AFTERWARDS:
            self._local.afterwards = fault
            return None
        if fault is Fault.KILLED_BEFORE:
            self._kill(invocation)
        return answer_instead(call, fault)

    def _send(self, event_name: str, request: Any, **given: Any) -> Any:
        """One attempt."""
        call: Call | None = getattr(self._local, "call", None)
        invocation = self._invocations.current()
        fault = None
        if call is not None and invocation is not None:
            if invocation.is_dead:
                raise Killed
            fault = self._chance.fault(ATTEMPTS, call.name)
        if fault is Fault.ATTEMPT_FAILED:
            return failed_attempt(request.url)
        with self._notes.lock, self._invocations.working_for(None):
            # What moto starts (executions) is not a lambda's; its own calls come here, too.
            afterwards = getattr(self._local, "afterwards", None)
            response = self._notes.answered_here(call, invocation, request.url)
            if response is None:
                response = botocore_stubber(event_name, request, **given)
            self._local.call, self._local.afterwards = call, afterwards
            if call is not None and response is not None and response.status_code < 300:
                self._notes.took_effect(call, invocation)
        if fault is Fault.ATTEMPT_UNANSWERED:
            raise unanswered(request.url)
        return response

    def _after_call(self, **_: Any) -> None:
        """A call is through: its answer may be lost, and its lambda may end here."""
        fault, self._local.afterwards = getattr(self._local, "afterwards", None), None
        invocation = self._invocations.current()
        if fault is Fault.KILLED_AFTER and invocation is not None:
            self._kill(invocation)
        if fault is Fault.LOST_ANSWER:
            raise unanswered("https://aws")

    def _kill(self, invocation: Invocation) -> None:
        invocation.is_dead = True
        raise Killed

    def _is_own(self, call: Call, invocation: Invocation) -> bool:
        return invocation.function in OWN_FUNCTIONS or call.table == self._names.callbacks_table

    def _may_hold_tokens(self, call: Call) -> bool:
        return call.table == self._names.callbacks_table or call.operation.startswith("SendTask")
