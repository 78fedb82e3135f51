"""The tracking table: there, with its keys and index, its stream and its TTL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.operations.doctor.check import APPLY, Check
from cirrus_callbacks_plugin.waits import definition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.operations.doctor.parts import Parts

AREA = "tracking table"


def table(parts: Parts) -> Iterator[Check]:
    """The table itself, and cirrus's own beside it."""
    tables = parts.deployment.tables
    if parts.table(tables.state) is None:
        yield Check(
            AREA,
            "state table",
            False,
            f"there is no table {tables.state}",
            "is it the right deployment, account and region?",
        )
    else:
        yield Check(AREA, "state table", True, f"{tables.state} is there")
    description = parts.table(tables.callbacks)
    if description is None:
        yield Check(AREA, "table", False, f"there is no table {tables.callbacks}", APPLY)
        return
    active = description["TableStatus"] in ("ACTIVE", "UPDATING")
    yield Check(
        AREA,
        "table",
        active,
        f"{tables.callbacks} is {description['TableStatus']}",
        None if active else "wait until it is ACTIVE",
    )
    yield from _index(description)
    yield from _stream(description)
    yield from _ttl(parts)


def _keys(schema: Any) -> list[tuple[str, str]]:
    return sorted((each["AttributeName"], each["KeyType"]) for each in schema)


def _index(description: dict[str, Any]) -> Iterator[Check]:
    wanted = definition.table_definition(description["TableName"])
    if _keys(description["KeySchema"]) != _keys(wanted["KeySchema"]):
        finding = f"its keys are {_keys(description['KeySchema'])}"
        yield Check(AREA, "index", False, finding, "another table has this name: see table_name")
        return
    (wanted_index,) = wanted["GlobalSecondaryIndexes"]
    named = [
        index
        for index in description.get("GlobalSecondaryIndexes", [])
        if index["IndexName"] == definition.WAITING_INDEX
    ]
    if not named:
        finding = f"the index {definition.WAITING_INDEX} is missing: no open wait is ever repaired"
        yield Check(AREA, "index", False, finding, APPLY)
        return
    same = _keys(named[0]["KeySchema"]) == _keys(wanted_index["KeySchema"])
    status = named[0].get("IndexStatus", "ACTIVE")
    well = same and status in ("ACTIVE", "UPDATING")
    finding = f"the index {definition.WAITING_INDEX} is {status if same else 'of other keys'}"
    yield Check(AREA, "index", well, finding, None if well else APPLY)


def _stream(description: dict[str, Any]) -> Iterator[Check]:
    stream = description.get("StreamSpecification", {})
    view = stream.get("StreamViewType") if stream.get("StreamEnabled") else None
    well = view == definition.STREAM_VIEW
    finding = f"its stream shows {view}" if view else "it has no stream: nothing is ever answered"
    yield Check(AREA, "stream", well, finding, None if well else APPLY)


def _ttl(parts: Parts) -> Iterator[Check]:
    response: Any = parts.deployment.client("dynamodb").describe_time_to_live(
        TableName=parts.deployment.tables.callbacks
    )["TimeToLiveDescription"]
    status, attribute = response.get("TimeToLiveStatus"), response.get("AttributeName")
    well = status in ("ENABLED", "ENABLING") and attribute == definition.TTL_ATTRIBUTE
    finding = f"TTL is {status}" + (f" on {attribute}" if attribute else "")
    do = None if well else f"{APPLY}: answered waits pile up without it"
    yield Check(AREA, "ttl", well, finding, do)
