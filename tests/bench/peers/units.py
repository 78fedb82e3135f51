"""What DynamoDB charges for: sizes of items, and write request units of a table and its index.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from simulation.fake_aws.dynamodb import Item, Key, Table

WRITE_UNIT_BYTES = 1024
COLLECTION_BYTES = 3
"""A list or a map, whatever is in it; and a byte for each element."""


def item_bytes(item: Item) -> int:
    """The size of an item: names and values."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: dict[str, Any]) -> int:
    ((kind, held),) = value.items()
    match kind:
        case "S":
            return len(held.encode())
        case "N":
            return math.ceil(len(held.lstrip("-").strip("0")) / 2) + 1
        case "L":
            return COLLECTION_BYTES + sum(1 + _value_bytes(each) for each in held)
        case "M":
            return COLLECTION_BYTES + len(held) + item_bytes(held)
        case "BOOL" | "NULL":
            return 1
    raise AssertionError(f"the size of a {kind} is not known here")


@dataclass(slots=True)
class MeteredTable(Table):
    """A table that counts what its writes cost.

    Attributes:
        index: key attributes of its one index, which holds keys only.
        units: write request units.
    """

    index: tuple[str, ...] = ()
    units: int = 0

    def write(self, key: Key, item: Item | None) -> None:
        """Put, replace or delete an item."""
        before = self.items.get(key, {})
        self.units += _units(max(item_bytes(before), item_bytes(item or {})))
        entries = [self._entry(each) for each in (before, item or {})]
        if entries[0] != entries[1]:
            self.units += sum(_units(item_bytes(entry)) for entry in entries if entry)
        Table.write(self, key, item)

    def _entry(self, item: Item) -> Item:
        """What the index holds of an item; nothing where it lacks one of the index's keys."""
        if not self.index or not all(name in item for name in self.index):
            return {}
        return {name: item[name] for name in (*self.keys, *self.index)}


def _units(size: int) -> int:
    return max(1, math.ceil(size / WRITE_UNIT_BYTES))
