"""Who retries an error, and who catches it: the first entry that matches decides.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.protocol import error_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cirrus_callbacks_plugin.asl.machine import State
    from cirrus_callbacks_plugin.asl.nodes import Node

ALL = "States.ALL"
TASK_FAILED = "States.TaskFailed"
TIMEOUT = "States.Timeout"
HEARTBEAT_TIMEOUT = "States.HeartbeatTimeout"
TOLERANCE = "States.ExceedToleratedFailureThreshold"
OWN = "CirrusCallback."

FINAL = (
    error_names.INVALID_RUN,
    error_names.INVALID_PAYLOAD,
    error_names.NOT_ENABLED,
    error_names.CANCELLED,
    error_names.DEPENDENCY_CYCLE,
)
"""Another message gets the same answer: cirrus runs no invalid payload again, and a parent that
waits once more waits in the same circle."""

PASSING = (error_names.FAILED, error_names.ABORTED, error_names.NEVER_STARTED)
"""Another message makes cirrus run the payload again."""

PASSING_OF_JOINS = (error_names.JOIN_FAILED,)
"""Too few members succeeded: another request restarts those that failed."""
FINAL_OF_JOINS = (error_names.INVALID_PAYLOAD, error_names.CANCELLED)
"""What else becomes of a member is told in the join's own answer."""

SENT = (*PASSING, *PASSING_OF_JOINS, *FINAL)
RESERVED = (f"{OWN}CapacityExceeded",)

DEFAULT_ATTEMPTS = 3


def names_of(entry: Node) -> tuple[Node, ...]:
    """The error names of a retrier or catcher."""
    node = entry.get("ErrorEquals")
    return () if node is None else node.elements


def is_known(entry: Node) -> bool:
    """False where some of an entry's names are filled in only later."""
    node = entry.get("ErrorEquals")
    return node is not None and node.is_list and not any(name.is_later for name in node.elements)


def matches(entry: Node, error: str) -> bool:
    """True where a retrier or catcher is for an error."""
    names = {name.text for name in names_of(entry)}
    if error in names or ALL in names:
        return True
    if error == HEARTBEAT_TIMEOUT and TIMEOUT in names:
        return True
    return TASK_FAILED in names and error not in (TIMEOUT, HEARTBEAT_TIMEOUT)


def first_match(entries: tuple[Node, ...], error: str) -> Node | None:
    """The entry that decides; None where none matches, or that cannot be known yet."""
    for entry in entries:
        if not is_known(entry):
            return None
        if matches(entry, error):
            return entry
    return None


def is_open(entries: tuple[Node, ...]) -> bool:
    """True where an entry's names are not known yet: nothing can be said of a missing one."""
    return any(not is_known(entry) for entry in entries)


def attempts(retrier: Node) -> float | None:
    """How often it repeats; None where that is not known yet."""
    node = retrier.get("MaxAttempts")
    return DEFAULT_ATTEMPTS if node is None else node.number


def way_up(state: State, error: str) -> Iterator[tuple[State, str]]:
    """The states that an error passes as long as nobody catches it, and its name there.

    An inline Map and a Parallel fail with the error of what is inside; a distributed Map
    fails with one of its own, and only once its tolerance is exceeded.
    """
    yield state, error
    for outer in state.around:
        if outer.is_distributed:
            error = TOLERANCE
        yield outer, error


def tolerates(state: State) -> bool:
    """True for a distributed Map that goes on although iterations fail."""
    names = ("ToleratedFailurePercentage", "ToleratedFailureCount")
    return any(name in state.node.members or f"{name}Path" in state.node.members for name in names)


def caught(state: State, error: str) -> tuple[State, Node] | None:
    """Who catches an error of a state, and with which catcher; None where nobody does."""
    for holder, name in way_up(state, error):
        catcher = first_match(holder.entries("Catch"), name)
        if catcher is not None:
            return holder, catcher
    return None


def listed(errors: Iterable[str]) -> str:
    """Errors as a sentence names them: ``CirrusCallback.Failed, .Aborted, States.Timeout``."""
    parts: list[str] = []
    for error in errors:
        follows = bool(parts) and (parts[-1].startswith((OWN, ".")))
        is_own = error.startswith(OWN) and follows
        parts.append(error.removeprefix(OWN[:-1]) if is_own else error)
    return ", ".join(parts)
