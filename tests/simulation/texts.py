"""Texts of which it counts what they say, and which of their times are the same."""

from __future__ import annotations

import functools
import hashlib
import re
from dataclasses import dataclass

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
