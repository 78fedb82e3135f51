"""Texts of which it counts what they say, and which of their times are the same."""

from __future__ import annotations

import functools
import hashlib
import re
from dataclasses import dataclass
from typing import Any

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6})?\+00:00")


@dataclass(frozen=True, slots=True)
class Parted:
    """A text, or several one after the other, apart from the times in them.

    Attributes:
        text: the text without its times; of several, what stands for them.
        times: the times, in their order.
    """

    text: str
    times: tuple[str, ...]

    def then(self, other: Parted) -> Parted:
        """This and another one after it, as one: as long however many there were."""
        text = hashlib.blake2b(f"{self.text}\n{other.text}".encode(), digest_size=16).hexdigest()
        return Parted(text, self.times + other.times)


NOTHING = Parted("", ())


@functools.lru_cache(maxsize=1 << 17)
def parted(text: str) -> Parted:
    """A text without its times, and they."""
    return Parted(_TIME.sub("*", text), tuple(_TIME.findall(text)))


_MOST_ITEMS = 50_000
_ITEMS: dict[int, tuple[Any, Parted]] = {}


def parted_item(item: dict[str, Any] | None) -> Parted:
    """The same of an item of a table; one is written once, changes make another one."""
    known = _ITEMS.get(id(item))
    if known is None:
        if len(_ITEMS) >= _MOST_ITEMS:
            _ITEMS.clear()
        known = _ITEMS[id(item)] = (item, parted(repr(item)))
    return known[1]
