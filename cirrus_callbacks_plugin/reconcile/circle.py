"""A walk over the whole ``waiting`` index, from any of its entries round to that entry again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence  # noqa: TC003 - fields' types
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.aws.error_codes import error_code
from cirrus_callbacks_plugin.waits.index import IndexEntry, WaitingIndex, shards
from cirrus_callbacks_plugin.waits.malformed import Malformed

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.waits.row import Key

logger = logging.getLogger(__name__)


@dataclass(slots=True, eq=False, repr=False)
class Circle:
    """One walk: shard by shard, each oldest first, every entry once.

    Entries may come and go meanwhile, the one that it began behind as well. Where many were
    registered at the very same time as that one, some may come twice.

    Attributes:
        index: what is walked.
        shard: where to begin if ``after`` is None.
        after: the entry to begin behind.
        until: the entry to end with; None: ``after``, all the way round.
        step: at most so many entries at once.
        on_malformed: told of each entry that cannot be read.
        tasks: how many of those that came so far are tasks' waits: a join counts once.
        failures: how many shards could not be read to their end.
    """

    index: WaitingIndex
    shard: str
    after: IndexEntry | None
    step: int
    on_malformed: Callable[[Malformed], None]
    until: IndexEntry | None = None
    tasks: int = 0
    failures: int = 0
    _first_seen: set[Key] = field(default_factory=set)

    def steps(self) -> Iterator[list[IndexEntry]]:
        """The entries, in steps; a shard that cannot be read stops no other one."""
        begin = self.shard if self.after is None else self.after.shard
        until = self.until or self.after
        names = list(shards())
        first = names.index(begin)
        if self.after is not None and self.until is not None and _is_ahead(self.after, self.until):
            yield from self._shard(begin, self.after, self.until)
            return
        yield from self._shard(begin, self.after, None)
        for shard in [*names[first + 1 :], *names[:first]]:
            if until is not None and shard == until.shard:
                yield from self._shard(shard, None, until)
                return
            yield from self._shard(shard, None, None)
        if until is not None:
            yield from self._shard(begin, None, until)

    def _shard(
        self,
        shard: str,
        after: IndexEntry | None,
        until: IndexEntry | None,
    ) -> Iterator[list[IndexEntry]]:
        try:
            for page in self.index.pages(shard, after=after):
                entries, is_end = self._readable(page, until)
                if after is not None and not self._first_seen:
                    self._first_seen = {entry.key for entry in entries}
                for start in range(0, len(entries), self.step):
                    taken = entries[start : start + self.step]
                    self.tasks += sum(not entry.key.is_member for entry in taken)
                    yield taken
                if is_end:
                    return
        except Exception as error:  # noqa: BLE001 - the other shards are walked all the same
            self.failures += 1
            logger.error(  # noqa: TRY400 - a traceback could hold a key, and so a token
                "Shard %s of the waiting index cannot be read to its end (%s)",
                shard,
                error_code(error),
            )

    def _readable(
        self,
        page: Sequence[IndexEntry | Malformed],
        until: IndexEntry | None,
    ) -> tuple[list[IndexEntry], bool]:
        entries: list[IndexEntry] = []
        for entry in page:
            if isinstance(entry, Malformed):
                self.on_malformed(entry)
                continue
            if until is not None and (
                entry.registered_at > until.registered_at or entry.key in self._first_seen
            ):
                return entries, True
            entries.append(entry)
            if until is not None and entry.key == until.key:
                return entries, True
        return entries, False


def _is_ahead(place: IndexEntry, other: IndexEntry) -> bool:
    """True where the other is in the same shard and registered later."""
    return place.shard == other.shard and place.registered_at < other.registered_at
