"""How near the account is to what waiting uses up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.operations.doctor.check import Check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.operations.doctor.parts import Parts

AREA = "quotas"
OPEN_EXECUTIONS = 1_000_000
"""Of standard workflows in a region, unless AWS raised it.

https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""
SHARE = 0.8
FEW_CONCURRENT = 100
"""Concurrent executions that a young account has far fewer of; a stream and a queue need some."""


def open_waits(parts: Parts) -> Iterator[Check]:
    """Every open wait holds an execution open."""
    if parts.table(parts.deployment.tables.callbacks) is None:
        return
    count = parts.deployment.queries.count_waiting()
    well = count < SHARE * OPEN_EXECUTIONS
    finding = f"{count:,} open wait(s) of {OPEN_EXECUTIONS:,} executions that may be open"
    do = None if well else "have 'open executions' of Step Functions raised, or wait for less"
    yield Check(AREA, "open executions", well, finding, do)


def concurrency(parts: Parts) -> Iterator[Check]:
    """Sender, reconciler and cirrus share the account's concurrent executions."""
    response = parts.deployment.client("lambda").get_account_settings()["AccountLimit"]
    free = int(response["UnreservedConcurrentExecutions"])
    well = free >= FEW_CONCURRENT
    do = None if well else "have Lambda's 'concurrent executions' raised: functions are throttled"
    yield Check(AREA, "concurrent executions", well, f"{free:,} are not reserved", do)
