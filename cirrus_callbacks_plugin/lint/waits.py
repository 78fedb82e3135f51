"""Which states wait for a payload of cirrus, and where their task token travels.

A task with ``.waitForTaskToken``, or whose resource is filled in later (``${Action}``), may wait
for anything. It is taken for one of ours where its queue (topic, function) is named like
cirrus's ``process``, or its token travels in a carrier that the product reads
(:mod:`cirrus_callbacks_plugin.carriers.message`). What is judged without that would be somebody
else's business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.asl.references import text_of
from cirrus_callbacks_plugin.lint.data.results import PAUSES
from cirrus_callbacks_plugin.lint.data.unfold import unfolded
from cirrus_callbacks_plugin.lint.tokens import Places, Token, tokens_in

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cirrus_callbacks_plugin.asl.machine import State
    from cirrus_callbacks_plugin.asl.nodes import Node

_PROCESS = re.compile(
    r"(?:^|[^a-z]|(?<=[a-z])(?=P))process(?:[-_.]?bulk)?(?:[-_.]?(?:queue|topic|function|lambda))?"
    r"(?:[0-9A-F]{8})?(?:[-_.]?(?:url|arn|name|id|ref|queuename))*\W*$",
    re.IGNORECASE,
)
"""``${process_queue_url}``, ``CIRRUS_PROCESS_QUEUE_URL``, ``!Ref ProcessQueue``, ``x-process``;
CDK puts eight digits behind a name.
"""


@dataclass(frozen=True, slots=True)
class Service:
    """How a service integration names its parts.

    Attributes:
        action: what stands behind ``arn:...:states:::``.
        target: the parameter that says where to.
        body: the parameter that holds the message.
        has_attributes: whether message attributes can go with it.
    """

    action: str
    target: str
    body: str
    has_attributes: bool = True


SERVICES = (
    Service("sqs:sendMessage", "QueueUrl", "MessageBody"),
    Service("aws-sdk:sqs:sendMessage", "QueueUrl", "MessageBody"),
    Service("sns:publish", "TopicArn", "Message"),
    Service("aws-sdk:sns:publish", "TopicArn", "Message"),
    Service("lambda:invoke", "FunctionName", "Payload", has_attributes=False),
)
SERVICES_BY_BODY = tuple({each.body: each for each in reversed(SERVICES)}.values())
"""One for each name of the parameter that holds a message."""


@dataclass(frozen=True, slots=True, eq=False)
class WaitTask:
    """A state that waits for a payload, or means to.

    Attributes:
        state: the task.
        service: how its message is sent.
        arguments: its Parameters or Arguments.
        tokens: every mention of the task token in them.
        pauses: True where its resource ends in ``.waitForTaskToken``.
        is_ours: False for a queue that is not known as cirrus's.
    """

    state: State
    service: Service
    arguments: Node
    tokens: tuple[Token, ...]
    pauses: bool
    is_ours: bool = True

    @property
    def places(self) -> Places:
        """Where its message's parts stand."""
        return Places(self.arguments, self.service.body, self.state.is_jsonata)

    @property
    def carried(self) -> tuple[Token, ...]:
        """The mentions that the product reads, or may read."""
        return tuple(token for token in self.tokens if token.is_carried)


@dataclass(frozen=True, slots=True, eq=False)
class PassedOver:
    """A task that waits, but not for cirrus as far as can be seen."""

    state: State
    why: str


def wait_of(state: State, queues: Iterable[str] = ()) -> WaitTask | PassedOver | None:
    """Judge a state.

    Args:
        state: any state.
        queues: texts by which the user says that a queue is cirrus's.

    Returns:
        A wait for a payload, a wait for something else, or None.
    """
    if state.type != "Task":
        return None
    action = state.resource.partition(":states:::")[2]
    pauses = action.endswith(PAUSES)
    service = next((each for each in SERVICES if each.action == action.removesuffix(PAUSES)), None)
    arguments = state.node.get("Arguments" if state.is_jsonata else "Parameters")
    if service is None:
        return _of_any_resource(state, arguments, queues, pauses=pauses)
    if arguments is None or not arguments.is_object:
        return PassedOver(state, "its parameters are known only later") if pauses else None
    wait = _wait(state, service, arguments, pauses=pauses)
    if not pauses:
        is_meant = any(token.is_named for token in wait.tokens)
        return wait if is_meant and _is_ours(wait, queues) else None
    if _is_ours(wait, queues):
        return wait
    if not wait.tokens and service.has_attributes and not wait.places.is_later:
        # The one who reads that queue, nobody can answer.
        return replace(wait, is_ours=False)
    return PassedOver(state, f"{service.target} is not known as cirrus's, and no carrier is used")


def _wait(state: State, service: Service, arguments: Node, *, pauses: bool) -> WaitTask:
    given = unfolded(arguments) if state.is_jsonata else arguments
    tokens = tuple(tokens_in(Places(given, service.body, state.is_jsonata)))
    return WaitTask(state, service, given, tokens, pauses)


def _of_any_resource(
    state: State,
    arguments: Node | None,
    queues: Iterable[str],
    *,
    pauses: bool,
) -> WaitTask | PassedOver | None:
    """A task whose resource is filled in later, or is called otherwise: its token tells."""
    other = PassedOver(state, "another service is called") if pauses else None
    if arguments is None or not arguments.is_object:
        return other
    may_pause = pauses or _may_end_in_suffix(state.resource)
    places = Places(arguments, "", state.is_jsonata)
    for service in SERVICES_BY_BODY:
        if places.parameter(service.body) is None:
            continue
        wait = _wait(state, service, arguments, pauses=may_pause)
        is_meant = any(token.is_named for token in wait.tokens)
        if is_meant and (pauses or _is_placeholder(state.resource)) and _is_ours(wait, queues):
            return wait
    return other


def _is_placeholder(resource: str) -> bool:
    """True for what does not name a resource yet: a mark, or a word that somebody replaces."""
    return "${" in resource or not resource.startswith("arn:")


def _may_end_in_suffix(resource: str) -> bool:
    """True where what is filled in later may bring the suffix, or the rest of it."""
    _, mark, tail = resource.rpartition("}")
    return not mark or tail.endswith(PAUSES) or PAUSES.endswith(tail)


def _is_ours(wait: WaitTask, queues: Iterable[str]) -> bool:
    target = wait.places.parameter(wait.service.target)
    named = "" if target is None else text_of(target) or target.expression or ""
    if _PROCESS.search(named) or any(queue in named for queue in queues):
        return True
    # What an expression builds cannot be seen: no sign of a carrier.
    carriers = {token.carrier for token in wait.carried} - {None, "expression"}
    if not wait.service.has_attributes:
        carriers.discard("envelope")  # also how any function is called back
    return bool(carriers)
