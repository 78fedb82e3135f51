"""From a join request to its rows: what the process hook writes.

``#definition``, then ``#join``, each if it is absent, then ``#expand``: a crash in between
leaves nothing that waits for ever, since the message comes again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.errors import RequestError
from cirrus_callbacks_plugin.joins.members import MemberError, pack, refuse_token
from cirrus_callbacks_plugin.joins.request import KEY, JoinRequest
from cirrus_callbacks_plugin.joins.rows import WORKFLOW, Definition, Join, join_id_of
from cirrus_callbacks_plugin.protocol.rules import invalid_payload
from cirrus_callbacks_plugin.waits.row import Wait, shard, timestamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from cirrus_callbacks_plugin.carriers.tokens import Callback
    from cirrus_callbacks_plugin.joins.table import JoinsTable


def may_be_request(record: Any) -> bool:
    """A quick look at a message: False where it holds no join request; a backslash may hide one."""
    text = record.get("body") if isinstance(record, dict) else None
    return not isinstance(text, str) or KEY in text or "\\" in text


@dataclass(frozen=True, slots=True)
class Opening:
    """The rows of one request and token.

    Attributes:
        join: the wait itself; settled already where the request breaks a rule.
        definition: the list of members; None where the request breaks a rule.
    """

    join: Join
    definition: Definition | None

    def put(self, table: JoinsTable, call: Callable[[Callable[[], Any]], Any]) -> bool:
        """Put the rows one after the other; True if the wait was not there before.

        Args:
            table: the joins' rows.
            call: makes a call if one may be started, and raises otherwise.

        Raises:
            ClientError, BotoCoreError: a put failed: the message has to come again.
        """
        if self.definition is not None:
            definition = self.definition
            call(lambda: table.define(definition))
        is_new = bool(call(lambda: table.open(self.join)))
        member = self.join.wait.member
        if member is not None:  # of a join that waits for this one
            call(lambda: table.arrive(member, self.join.join_id))
        if self.definition is not None:
            call(lambda: table.expand(self.join.join_id))
        return is_new


def opening_of(
    body: dict[str, Any],
    callback: Callback,
    *,
    table: JoinsTable,
    queue_arn: str | None,
    cirrus_version: str,
) -> Opening:
    """The rows that a request and one of its tokens make.

    Args:
        body: the request, without carriers and envelopes.
        callback: the token, and who waits with it.
        table: the joins' rows; not called.
        queue_arn: the queue that the message came from; None where it came through none.
        cirrus_version: the cirrus that is installed.
    """
    now = table.waits.now()
    wait = Wait(
        payload_id=join_id_of(callback.task_token),
        task_token=callback.task_token,
        workflow=WORKFLOW,
        registered_at=now,
        waiting=shard(callback.task_token),
        cirrus_version=cirrus_version,
        waiter_payload_id=callback.waiter_payload_id,
        waiter_execution_arn=callback.waiter_execution_arn,
    )
    try:
        request = _parse(body, queue_arn, wait)
        for index, member in enumerate(request.members or ()):
            refuse_token(member, index, callback.task_token)
        packed = None if request.members is None else pack(request.members)
    except (MemberError, RequestError) as error:
        outcome = invalid_payload(str(error))
        return Opening(Join(replace(wait, settled_at=now, **outcome.attributes())), None)
    deadline = None
    if request.deadline_seconds is not None:
        after = timedelta(seconds=request.deadline_seconds)
        deadline = timestamp(table.waits.clock() + after)
    join = Join(
        wait=wait,
        succeed_on=request.succeed_on,
        answer_when=request.answer,
        deadline_at=deadline,
        name=request.name,
        queue_arn=queue_arn,
    )
    return Opening(join, Definition(wait.payload_id, packed, request.members_url, table.expires()))


def _parse(body: dict[str, Any], queue_arn: str | None, wait: Wait) -> JoinRequest:
    if wait.member is not None:
        raise RequestError("a join's member cannot be a join: name its members in the list")
    if queue_arn is None:
        raise RequestError("join came through no queue: send it to cirrus's process queue")
    return JoinRequest.parse(body[KEY])
