"""Where a walk stopped, kept from one pass to the next.

A lambda remembers nothing, and how far a pass came cannot be computed: it follows from what
the rows were and from how fast AWS was. So a walk that has not the time for all writes down
where it stopped, in a reserved row of the tracking table (:mod:`waits.index`), for which the
reconciler's permissions suffice. A walk that comes round in its time writes nothing.

It writes while it walks, too, so that a pass that is killed, however often, leaves the next
one further on. A lost invocation changes nothing. Two reconcilers at once may set the place
back to where the slower of them is: rows are looked at again, and none is passed over.
"""

from __future__ import annotations

import logging
from collections.abc import Callable  # noqa: TC003 - a field's type
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.aws.error_codes import error_code

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.waits.index import IndexEntry, WaitingIndex

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_WRITES = 30.0


@dataclass(slots=True, eq=False, repr=False)
class Place:
    """The place of one walk.

    Attributes:
        index: where it is kept.
        name: the walk's name.
        entry: the last entry that was seen to; None: begin anywhere.
        seconds_left: of the pass; tells when to write.
    """

    index: WaitingIndex
    name: str
    entry: IndexEntry | None
    seconds_left: Callable[[], float]
    _written: IndexEntry | None = field(init=False)
    _written_at: float = field(init=False)

    def __post_init__(self) -> None:
        """What was read is what stands there."""
        self._written = self.entry
        self._written_at = self.seconds_left()

    def move(self, entry: IndexEntry | None) -> None:
        """Say how far the walk has come; now and then that is written down."""
        self.entry = entry
        if self._written_at - self.seconds_left() >= SECONDS_BETWEEN_WRITES:
            self.write()

    def write(self) -> None:
        """Write the place down, if it is another one than stands there."""
        self._written_at = self.seconds_left()
        if self.entry is None or self.entry == self._written:
            return
        try:
            self.index.keep_place(self.name, self.entry)
        except Exception as error:  # noqa: BLE001 - the next pass begins where the last one did
            logger.error(  # noqa: TRY400 - a traceback could hold a token
                "Where the walk of %s stopped cannot be kept (%s): the next pass begins where "
                "this one began",
                self.name,
                error_code(error),
            )
            return
        self._written = self.entry
