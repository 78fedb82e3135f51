"""What a rule looks at: a file, the waits in it, and what is known of the deployment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.joins.request import KEY
from cirrus_callbacks_plugin.lint.data.flow import Flow, follow
from cirrus_callbacks_plugin.lint.data.results import ANSWER, JOIN_ANSWER
from cirrus_callbacks_plugin.lint.data.shape import PAYLOAD
from cirrus_callbacks_plugin.lint.data.steps import given_to
from cirrus_callbacks_plugin.lint.join_requests import join_of
from cirrus_callbacks_plugin.lint.waits import PassedOver, WaitTask, wait_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.asl.document import Document
    from cirrus_callbacks_plugin.asl.machine import Machine, State
    from cirrus_callbacks_plugin.lint.data.shape import Shape
    from cirrus_callbacks_plugin.lint.settings import LintSettings


@dataclass(frozen=True, slots=True)
class Subject:
    """One file.

    Attributes:
        document: the file.
        settings: what is known besides.
        sends: the tasks that send a token to cirrus, whether they pause or not, and those that
            pause for a message without a token.
        passed_over: the tasks that wait for something else.
    """

    document: Document
    settings: LintSettings
    sends: tuple[WaitTask, ...]
    passed_over: tuple[PassedOver, ...]
    flows: dict[tuple[Machine, Shape], Flow] = field(default_factory=dict, compare=False)

    def flow(self, machine: Machine, entry: Shape = PAYLOAD) -> Flow:
        """A machine's data, followed once for each input that it may be started with."""
        key = (machine, entry)
        if key not in self.flows:
            answers = {
                each.state: ANSWER if join_of(each.places) is None else JOIN_ANSWER
                for each in self.waits
            }
            self.flows[key] = follow(machine, entry, answers)
        return self.flows[key]

    def is_join(self, wait: WaitTask) -> bool:
        """True where a wait asks for a join: as its message stands, or as its data says."""
        if join_of(wait.places) is not None:
            return True
        return any(
            message.surely_has(KEY) and not message.may_be_payload
            for message in self.messages(wait)
        )

    def messages(self, wait: WaitTask) -> Iterator[Shape]:
        """What a wait sends: the message out of its envelope, once for each input it may get."""
        for seen in self.flow(self.machine_of(wait.state)).looks(wait.state):
            message = given_to(wait.state, wait.arguments, seen).member(wait.service.body)
            message = message.written or message
            while message.surely_has("TaskToken") and message.surely_has("Payload"):
                message = message.member("Payload")
            yield message

    @property
    def waiting(self) -> Iterator[Machine]:
        """The state machines that wait for a payload."""
        machines = [self.machine_of(each.state) for each in self.waits]
        return (each for each in self.document.machines if each in machines)

    @property
    def waits(self) -> Iterator[WaitTask]:
        """The waits: tasks that pause for a payload."""
        return (each for each in self.sends if each.pauses and each.is_ours)

    @property
    def states(self) -> Iterator[State]:
        """Every state of every state machine."""
        return (state for machine in self.document.machines for state in machine.states)

    def machine_of(self, state: State) -> Machine:
        """The state machine of a state."""
        outermost = state.scope
        while outermost.parent is not None:
            outermost = outermost.parent.scope
        return next(each for each in self.document.machines if each.scope is outermost)


def subject_of(document: Document, settings: LintSettings) -> Subject:
    """Find the waits of a file."""
    states = [state for machine in document.machines for state in machine.states]
    judged = [wait_of(state, settings.queues) for state in states]
    return Subject(
        document,
        settings,
        tuple(each for each in judged if isinstance(each, WaitTask)),
        tuple(each for each in judged if isinstance(each, PassedOver)),
    )
