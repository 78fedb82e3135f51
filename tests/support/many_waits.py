"""Very many open waits on running children, for what looks at all of them, or at a page."""

from __future__ import annotations

from cirrus_callbacks_plugin.waits.row import Key, shard
from support.slow_aws import SlowAws, execution, waiting_since

WAITERS = 5
"""Parents that wait for each child."""
CHILDREN = 50
"""Children that each parent waits for."""


def parent(number: int) -> str:
    """The run of a parent."""
    return f"arn:aws:states:us-west-2:123456789012:execution:x-mosaic:{number:06}"


def many_waits(waits: int) -> SlowAws:
    """A deployment with so many, each child a second younger than the one before.

    All children run, and all parents.
    """
    aws = SlowAws()
    children = waits // WAITERS
    for number in range(children):
        about, run = f"sentinel-2-l2a/workflow-cog/S2B_{number:06}", execution(str(number))
        aws.record(about, "PROCESSING", run)
        aws.run(run, "RUNNING")
        model = waiting_since(2 * waits - number, about).to_item()
        for waiter in range(WAITERS):
            name, token = number // CHILDREN * WAITERS + waiter, f"AQCEAAAAKg-{number:06}-{waiter}"
            aws.run(parent(name), "RUNNING")
            aws.dynamodb.rows[Key(about, token)] = {
                **model,
                "task_token": {"S": token},
                "waiting": {"S": shard(token)},
                "waiter_payload_id": {"S": f"mosaics/workflow-mosaic/M_{name:06}"},
                "waiter_execution_arn": {"S": parent(name)},
            }
    aws.dynamodb.changes += 1
    return aws
