"""From a join's request to its members: sent or attached, a chunk at a time.

``sent`` in the join's row moves on after each chunk, so a crash repeats one chunk at most; a
message that comes twice meets the row that it put before.
"""

from __future__ import annotations

import time
from collections.abc import Callable  # noqa: TC003 - a field's type
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.cirrus.state_table import INVALID
from cirrus_callbacks_plugin.errors import RequestError
from cirrus_callbacks_plugin.joins.closing import close_as_invalid, close_if_counted
from cirrus_callbacks_plugin.joins.deciding import check_total
from cirrus_callbacks_plugin.joins.listing import Listing, check_members, read_list
from cirrus_callbacks_plugin.joins.members import Attached, MemberError
from cirrus_callbacks_plugin.joins.queueing import Message, named_id_of, send
from cirrus_callbacks_plugin.joins.rows import MAX_ERROR_BYTES, MemberRow
from cirrus_callbacks_plugin.joins.written_list import WrittenList
from cirrus_callbacks_plugin.naming import MemberToken
from cirrus_callbacks_plugin.protocol.error_names import INVALID_PAYLOAD
from cirrus_callbacks_plugin.protocol.rules import cut
from cirrus_callbacks_plugin.waits.malformed import Malformed
from cirrus_callbacks_plugin.waits.row import FAILURE, MalformedRowError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cirrus_callbacks_plugin.joins.attaching import Attacher
    from cirrus_callbacks_plugin.joins.members import Members
    from cirrus_callbacks_plugin.joins.rows import Expansion, Join
    from cirrus_callbacks_plugin.joins.table import JoinsTable
    from cirrus_callbacks_plugin.joins.telling import Teller

CHUNK = 100
"""Members that a crash may send twice; BatchGetItem reads as many records."""
CHUNK_BYTES = 4 * 1024 * 1024
"""Of their texts, where these are known: their messages are held together."""
SECONDS = 10.0
"""Of a batch, for one expansion: other rows' records wait behind it."""


@dataclass(slots=True, eq=False, repr=False)
class Expander:
    """Works off expansions.

    Attributes:
        table: the joins' rows.
        teller: tells of members that cannot be sent.
        attacher: puts waits for attached members.
        s3, sqs: give the clients.
        has_time_left: False once the invocation's own time runs out.
        clock: seconds, monotonic.
    """

    table: JoinsTable
    teller: Teller
    attacher: Attacher
    s3: Callable[[], Any]
    sqs: Callable[[], Any]
    has_time_left: Callable[[], bool]
    clock: Callable[[], float] = time.monotonic

    def expand(self, expansion: Expansion) -> None:
        """Send a join's members, those that are left, for ten seconds at most.

        The expansion is deleted once nothing is left to be sent, and put again where time
        runs out. A list that breaks the rules settles the join.

        Raises:
            ClientError, BotoCoreError: a call failed; the expansion is to be delivered again.
        """
        join = self._read(expansion.join_id)
        if join is not None and _has_work(join):
            if not self.has_time_left():
                self.table.waits.postpone(expansion)
                return
            listing = self._list(join)
            # Reading a long list may take as much: it is not counted.
            until = self.clock() + SECONDS
            if listing is not None and join.total is None:
                join = self._begin(join, listing)
            while listing is not None and join is not None and _has_work(join):
                if not self.has_time_left() or self.clock() >= until:
                    self.table.waits.postpone(expansion)
                    return
                join = self._send_chunk(join, listing.members)
        if join is not None and join.total == 0:
            close_if_counted(self.table, join, [])
        self.table.waits.finish(expansion)

    def _read(self, join_id: str) -> Join | None:
        join = self.table.joins([join_id]).get(join_id)
        if isinstance(join, Malformed):
            raise MalformedRowError(f"the row of {join_id} cannot be read: {join.why}")
        return join

    def _list(self, join: Join) -> Listing | None:
        """The list; None where it breaks the rules, and so settles the join.

        Members are looked at when the list is first read: it stays the same from then on.
        """
        try:
            listing = read_list(self.table.definition(join.join_id), self.s3, join.etag)
            check_total(join.succeed_on, len(listing.members))
            if join.total is None:
                check_members(listing.members, join.wait.task_token)
        except (MemberError, RequestError, MalformedRowError) as error:
            close_as_invalid(self.table, join, str(error))
            return None
        return listing

    def _begin(self, join: Join, listing: Listing) -> Join | None:
        """Write down how long the list is, and which it is; somebody else may have done so."""
        begun = self.table.begin(join, len(listing.members), listing.etag)
        if begun is not None:
            return begun
        there = self._read(join.join_id)
        if there is not None and there.etag != listing.etag and not there.is_closed:
            close_as_invalid(self.table, there, "the list was changed while it was first read")
            return None
        return there

    def _send_chunk(self, join: Join, members: Members) -> Join | None:
        """Send or attach the next members; the join as it is then, None where it is over."""
        queued: list[Message] = []
        attached: list[tuple[MemberToken, Attached]] = []
        refused: dict[MemberToken, str] = {}
        chunk = _chunk(members, join.sent)
        for index in chunk:
            token = MemberToken(join.join_id, index)
            try:
                member = members[index]
            except MemberError as error:  # an older sender accepted it: that had fewer rules
                close_as_invalid(self.table, join, str(error))
                return None
            if isinstance(member, Attached):
                attached.append((token, member))
                continue
            try:
                queued.append(Message.of(token, member, join))
            except RecursionError:
                refused[token] = "it is nested too deeply for a message"
        if queued:
            refused |= send(self.sqs(), str(join.queue_arn), queued)
        if refused:
            self._tell_refused(members, refused)
        if attached:
            self.attacher.attach(join, attached)
        return self.table.advance(join, chunk.stop) or self._read(join.join_id)

    def _tell_refused(
        self,
        members: Members,
        refused: Mapping[MemberToken, str],
    ) -> None:
        """Tell of members that cannot be sent: no wait of their own will ever tell of them."""
        now = self.table.waits.now()
        rows = [
            MemberRow(
                member=token,
                member_payload_id=named_id_of(members[token.index]),
                workflow_state=INVALID,
                error=cut(why, MAX_ERROR_BYTES),
                answer=FAILURE,
                answer_error=INVALID_PAYLOAD,
                told_at=now,
            )
            for token, why in refused.items()
        ]
        for result in self.teller.tell_unsent(rows):
            if isinstance(result, Exception):
                raise result


def _chunk(members: Members, start: int) -> range:
    """The indexes of the next members."""
    stop = min(start + CHUNK, len(members))
    if isinstance(members, WrittenList):
        sizes = accumulate(members.size(index) for index in range(start, stop))
        stop = start + max(1, sum(1 for size in sizes if size <= CHUNK_BYTES))
    return range(start, stop)


def _has_work(join: Join) -> bool:
    return not join.is_closed and not join.is_all_sent
