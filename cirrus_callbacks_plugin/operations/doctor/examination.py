"""All the checks, in the order in which a reader would mend things."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.contract import RECONCILER, SENDER
from cirrus_callbacks_plugin.iam.permissions import Function
from cirrus_callbacks_plugin.operations.doctor import (
    functions,
    hooks,
    keys,
    permissions,
    queues,
    quotas,
    table,
    versions,
)
from cirrus_callbacks_plugin.operations.doctor.check import Check, looked_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from cirrus_callbacks_plugin.iam.permissions import Condition
    from cirrus_callbacks_plugin.operations.doctor.parts import Parts

    Look = tuple[str, str, Callable[[], Iterable[Check]]]
    """Area, name, and what makes the checks."""


def examine(parts: Parts) -> Iterator[Check]:
    """Look at everything; what cannot be looked at is said to be unknown."""
    for area, name, look in _looks(parts):
        yield from looked_at(area, name, look)


def _looks(parts: Parts) -> list[Look]:
    deployment = parts.deployment
    cirrus = (
        ("process", deployment.process_function),
        ("update-state", deployment.update_state_function),
    )
    roles = (
        (Function.PROCESS, deployment.process_function),
        (Function.UPDATE_STATE, deployment.update_state_function),
        (Function.SENDER, deployment.sender_function),
        (Function.RECONCILER, deployment.reconciler_function),
    )

    def own_function(area: str, name: str | None) -> list[Look]:
        return [
            (area, "function", lambda: functions.function(parts, area, name)),
            (area, "last runs", lambda: functions.last_runs(parts, area, name)),
        ]

    def wrapped(which: str, name: str | None) -> Look:
        return (hooks.AREA, which, lambda: hooks.hooks(parts, which, name))

    def allowed(which: Function, name: str | None) -> Look:
        called = permissions.called(which)
        return (permissions.AREA, called, lambda: permissions.permissions(parts, which, name))

    def keyed(which: Function, name: str | None, of: frozenset[Condition]) -> Look:
        check = permissions.encrypted(which, of)
        return (
            permissions.AREA,
            check,
            lambda: permissions.encryption(parts, which, name, of),
        )

    dead = "update-state: dead letters"
    return [
        (table.AREA, "table", lambda: table.table(parts)),
        *own_function(SENDER, deployment.sender_function),
        (SENDER, "mapping", lambda: functions.mapping(parts)),
        *own_function(RECONCILER, deployment.reconciler_function),
        (RECONCILER, "schedule", lambda: functions.schedule(parts)),
        (functions.UPDATE_STATE, functions.ENDS, lambda: functions.ends(parts)),
        *(wrapped(which, name) for which, name in cirrus),
        (versions.AREA, versions.JOINS, lambda: versions.versions(parts)),
        *(allowed(which, name) for which, name in roles),
        keyed(Function.SENDER, deployment.sender_function, keys.OF_FAILURES),
        keyed(Function.SENDER, deployment.sender_function, keys.OF_JOINS),
        keyed(Function.RECONCILER, deployment.reconciler_function, keys.OF_JOINS),
        (queues.AREA, "process", lambda: queues.feeding(parts)),
        (queues.AREA, dead, lambda: queues.update_state_dead_letters(parts)),
        (queues.AREA, "failure destination", lambda: queues.failure_destination(parts)),
        (quotas.AREA, "open executions", lambda: quotas.open_waits(parts)),
        (quotas.AREA, "concurrent executions", lambda: quotas.concurrency(parts)),
    ]
