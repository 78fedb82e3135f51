"""PartiQL's UPDATE, as far as the product writes it; from AWS's reference, not from the product.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.update.html
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Any

from simulation.fake_aws import expressions
from simulation.fake_aws.errors import NotCovered

Item = dict[str, Any]

_UPDATE = re.compile(r'UPDATE "(?P<table>[^"]+)" (?P<clauses>.+?) WHERE (?P<condition>.+)')
_CLAUSE = re.compile(r'(?:SET "(?P<set>\w+)"=\?|REMOVE "(?P<remove>\w+)")(?: |$)')
_KEY = re.compile(r'"(\w+)"=\? AND "(\w+)"=\?')
_EQUAL = re.compile(r'"(\w+)"=\?')
_NOT_MISSING = re.compile(r'"(\w+)" IS NOT MISSING')
_MISSING = re.compile(r'"(\w+)" IS MISSING')


@dataclass(frozen=True, slots=True)
class Update:
    """An UPDATE.

    Attributes:
        table: the table's name.
        sets, removes: attributes that it writes.
        keys: the key's attributes, in the order of their parameters.
        condition: what has to hold of the item, as a condition expression.
        parameters: how many there are.
    """

    table: str
    sets: tuple[str, ...]
    removes: tuple[str, ...]
    keys: tuple[str, ...]
    condition: str
    parameters: int

    def key(self, given: list[Any]) -> Item:
        """The key that it names, low-level."""
        first = len(self.sets)
        return dict(zip(self.keys, given[first : first + len(self.keys)], strict=True))

    def holds(self, item: Item | None, given: list[Any]) -> bool:
        """False where the item is not there, or is not as the statement says."""
        if item is None:
            return False
        values = {f":p{index}": value for index, value in enumerate(given[len(self.sets) :])}
        return bool(expressions.condition(self.condition)(item, values))

    def changed(self, item: Item, given: list[Any]) -> Item:
        """The item once it was updated."""
        changed = {**item, **dict(zip(self.sets, given, strict=False))}
        return {name: value for name, value in changed.items() if name not in self.removes}


@functools.lru_cache(maxsize=256)
def parse(text: str) -> Update:
    """Read a statement."""
    match = _UPDATE.fullmatch(text)
    if match is None:
        raise NotCovered(f"statement {text!r}")
    clauses = list(_CLAUSE.finditer(match["clauses"]))
    key = _KEY.match(match["condition"])
    if key is None or "".join(each[0] for each in clauses) != match["clauses"]:
        raise NotCovered(f"statement {text!r}")
    count = iter(range(text.count("?")))
    condition = _EQUAL.sub(lambda each: f"{each[1]} = :p{next(count)}", match["condition"])
    condition = _NOT_MISSING.sub(r"attribute_exists(\1)", condition)
    condition = _MISSING.sub(r"attribute_not_exists(\1)", condition)
    return Update(
        table=match["table"],
        sets=tuple(each["set"] for each in clauses if each["set"]),
        removes=tuple(each["remove"] for each in clauses if each["remove"]),
        keys=key.groups(),
        condition=condition,
        parameters=text.count("?"),
    )
