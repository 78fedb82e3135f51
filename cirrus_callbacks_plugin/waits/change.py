"""One conditional update of a row that is there: as a call, and as a statement of a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.aws.statements import Statement
from cirrus_callbacks_plugin.waits.row import serialize

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cirrus_callbacks_plugin.waits.row import Key


@dataclass(frozen=True, slots=True)
class Change:
    """What is written into a row, and when; both forms say the same.

    Attributes:
        key: the row. It has to be there.
        sets: attributes and their new values.
        absent: attributes that may not be there.
        unless: a value which the one absent attribute may have all the same.
        present: attributes that have to be there.
        remove: an attribute that goes.
    """

    key: Key
    sets: Mapping[str, Any]
    absent: tuple[str, ...]
    unless: str | None = None
    present: tuple[str, ...] = ()
    remove: str | None = None

    def update(self) -> dict[str, Any]:
        """The arguments of UpdateItem, without the table's name."""
        names = {f"#{index}": name for index, name in enumerate(self.sets)}
        expression = "SET " + ", ".join(f"{alias} = :{alias[1:]}" for alias in names)
        if self.remove is not None:
            expression += f" REMOVE {self.remove}"
        values = {f":{index}": value for index, value in enumerate(self._values())}
        conditions = [f"attribute_exists({each})" for each in ("payload_id", *self.present)]
        for name in self.absent:
            condition = f"attribute_not_exists({name})"
            if self.unless is not None:
                condition = f"({condition} OR {name} = :{self.unless})"
                values[f":{self.unless}"] = serialize(self.unless)
            conditions.append(condition)
        return {
            "Key": self.key.to_item(),
            "UpdateExpression": expression,
            "ConditionExpression": " AND ".join(conditions),
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
        }

    def statement(self, table: str) -> Statement:
        """The same in PartiQL, where an update of a row that is not there is a failed condition.

        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.update.html
        """
        # Names are ours, or the table's, which holds no quote; values are parameters.
        sets = " SET ".join(f'"{name}"=?' for name in self.sets)
        text = f'UPDATE "{table}" SET {sets}'  # noqa: S608
        if self.remove is not None:
            text += f' REMOVE "{self.remove}"'
        key = self.key.to_item()
        conditions = [f'"{name}"=?' for name in key]
        conditions += [f'"{name}" IS NOT MISSING' for name in self.present]
        values = [*self._values(), *key.values()]
        for name in self.absent:
            condition = f'"{name}" IS MISSING'
            if self.unless is not None:
                condition = f'({condition} OR "{name}"=?)'
                values.append(serialize(self.unless))
            conditions.append(condition)
        return Statement(f"{text} WHERE {' AND '.join(conditions)}", tuple(values))

    def _values(self) -> list[Any]:
        return [serialize(value) for value in self.sets.values()]
