"""What feeds ``process``, how often it delivers, and what was given up."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin import config
from cirrus_callbacks_plugin.operations.doctor.check import Check
from cirrus_callbacks_plugin.sender.failure_destination import MAX_COUNTED, count_objects

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.operations.doctor.parts import Parts

AREA = "queues"


def feeding(parts: Parts) -> Iterator[Check]:
    """Every mapping that feeds ``process``: enabled, and done within the redelivery time."""
    name = parts.deployment.process_function
    if name is None or parts.function(name) is None:
        return
    fed = [each for each in parts.mappings(name) if ":sqs:" in str(each.get("EventSourceArn", ""))]
    if not fed:
        yield Check(AREA, "process", False, f"no queue feeds {name}", "map the process queue to it")
    for mapping in fed:
        yield from _queue(parts, mapping)


def _queue(parts: Parts, mapping: dict[str, Any]) -> Iterator[Check]:
    queue = str(mapping["EventSourceArn"]).rpartition(":")[2]
    on = mapping.get("State", "Enabled") not in ("Disabled", "Disabling")
    do = None if on else "enable its event source mapping, or nothing of it is processed"
    yield Check(AREA, f"{queue}: mapping", on, f"{queue} feeds process", do)
    attributes = parts.queue(queue)
    if attributes is None:
        yield Check(AREA, queue, False, f"there is no queue {queue}", "remove its mapping")
        return
    policy = json.loads(attributes.get("RedrivePolicy") or "{}")
    visibility = int(attributes.get("VisibilityTimeout", 30))
    redelivery = parts.settings.redelivery
    kept = timedelta(seconds=int(attributes.get("MessageRetentionPeriod", 345_600)))
    yield _retention(queue, kept, parts.settings.queue)
    if not policy:
        well = kept <= redelivery
        finding = f"{queue} has no dead-letter queue: it delivers for {kept}"
        do = "give it one; till then NeverStarted may be answered too early"
        yield Check(AREA, f"{queue}: redelivery", well, finding, None if well else do)
        return
    most = int(policy["maxReceiveCount"])
    longest = timedelta(seconds=visibility * most)
    well = longest <= redelivery
    finding = (
        f"{queue} delivers for {visibility} s x {most} = {visibility * most} s; "
        f"CIRRUS_CALLBACKS_REDELIVERY_SECONDS is {int(redelivery.total_seconds())}"
    )
    do = f"set redelivery_seconds to more than {visibility * most}"
    yield Check(AREA, f"{queue}: redelivery", well, finding, None if well else do)
    dead = str(policy["deadLetterTargetArn"]).rpartition(":")[2]
    yield _is_empty(parts, dead, f"{queue}: dead letters")


def _retention(queue: str, kept: timedelta, setting: timedelta) -> Check:
    """A member of a join that never arrived is given up once the queue cannot hold it any more."""
    well = kept <= setting
    finding = f"{queue} keeps a message for {_seconds(kept)} s; {config.QUEUE_SECONDS} is "
    do = f"set queue_seconds to at least {_seconds(kept)}: members may be given up too early"
    name = f"{queue}: retention"
    return Check(AREA, name, well, f"{finding}{_seconds(setting)}", None if well else do)


def _seconds(span: timedelta) -> int:
    return int(span.total_seconds())


def update_state_dead_letters(parts: Parts) -> Iterator[Check]:
    """Ends that ``update-state`` was not able to take."""
    prefix = parts.deployment.prefix
    for suffix in ("update-state-dead-letter", "update-state-dlq"):
        name = f"{prefix}-{suffix}"
        if prefix and parts.queue(name) is not None:
            yield _is_empty(parts, name, "update-state: dead letters")


def _is_empty(parts: Parts, queue: str, name: str) -> Check:
    attributes = parts.queue(queue)
    if attributes is None:
        return Check(AREA, name, False, f"there is no queue {queue}", "create it again")
    count = int(attributes["ApproximateNumberOfMessages"])
    if not count:
        return Check(AREA, name, True, f"{queue} is empty")
    do = "find out why, then redrive or purge it; `waits --dead-letters` shows who waits for them"
    return Check(AREA, name, False, f"{count} message(s) are in {queue}", do)


def failure_destination(parts: Parts) -> Iterator[Check]:
    """Stream records that the sender gave up."""
    configuration = parts.function(parts.deployment.reconciler_function)
    url = parts.variables(configuration).get(config.FAILURES_URL)
    url = url or parts.deployment.parameters.get(config.FAILURES_URL)
    name = "failure destination"
    if configuration is None:
        return
    if not url:
        yield Check(AREA, name, False, "its place is not known", f"set {config.FAILURES_URL}")
        return
    count = count_objects(parts.deployment.client("s3"), url)
    if count is None:
        yield Check(
            AREA, name, None, f"{url} cannot be listed", "have s3:ListBucket allowed to you"
        )
        return
    more = " or more" if count >= MAX_COUNTED else ""
    do = "look why in the sender's log, then remove them: the reconciler answers their waits"
    finding = f"{count}{more} record(s) lie at {url}" if count else f"{url} is empty"
    yield Check(AREA, name, not count, finding, do if count else None)
