"""Facts about each generation of cirrus that hold without importing it.

A row remembers the version it was registered under; a later repair takes
spelling, error mapping and listing rules from here.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Generation:
    """One generation.

    Attributes:
        name: how people call it.
        first: the lowest version that belongs to it, as (major, minor).
        completed: how its state table spells success.
        lists_run_at_claim: True where an execution is listed before it starts (cirrus
            >= 1), False where only after (0.x).
        invalid_errors: error names that make a failed execution INVALID.
        has_output_url: True where an output payload has a URL of its own.
    """

    name: str
    first: tuple[int, int]
    completed: str
    lists_run_at_claim: bool
    invalid_errors: frozenset[str]
    has_output_url: bool


V0_7 = Generation(
    name="cirrus-lib 0.8 with cirrus-geo 0.7",
    first=(0, 0),
    completed="COMPLETED",
    lists_run_at_claim=False,
    invalid_errors=frozenset({"InvalidInput"}),
    has_output_url=False,
)
V0_15 = Generation(
    name="cirrus-geo 0.15",
    first=(0, 9),
    completed="COMPLETED",
    lists_run_at_claim=False,
    invalid_errors=frozenset({"InvalidInput", "stactask.exceptions.InvalidInput"}),
    has_output_url=False,
)
V1 = Generation(
    name="cirrus-geo 1",
    first=(1, 0),
    completed="COMPLETED",
    lists_run_at_claim=True,
    invalid_errors=frozenset(
        {"cirrus.lib.errors.InvalidInput", "stactask.exceptions.InvalidInput"},
    ),
    has_output_url=False,
)
V2 = Generation(
    name="cirrus-geo 2",
    first=(2, 0),
    completed="SUCCEEDED",
    lists_run_at_claim=True,
    invalid_errors=V1.invalid_errors,
    has_output_url=True,
)
GENERATIONS = (V0_7, V0_15, V1, V2)
NEWEST = V2


def output_url(payloads_url: str, payload_id: str, execution_arn: str) -> str:
    """Where cirrus 2 puts a run's output, as ``PayloadBucket.get_output_payload_url``.

    Args:
        payloads_url: ``s3://bucket/root-prefix``.
        payload_id: the payload.
        execution_arn: the run.
    """
    name = execution_arn.rpartition(":")[2]
    return f"{payloads_url}/executions/{payload_id}/{name}/output.json"


@functools.lru_cache(maxsize=64)
def of_version(version: str | None) -> Generation:
    """The generation of a version text; the newest where it is absent or unreadable."""
    match = re.match(r"(\d+)\.(\d+)", version or "")
    if match is None:
        return NEWEST
    number = (int(match[1]), int(match[2]))
    return next(each for each in reversed(GENERATIONS) if each.first <= number)
