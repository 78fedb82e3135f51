"""Members that somebody else starts: a wait for each, settled where the payload has ended."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.aws.side_by_side import run_side_by_side
from cirrus_callbacks_plugin.cirrus.generations import of_version, output_url
from cirrus_callbacks_plugin.cirrus.state_table import NEVER_RERUN_STATES, StateKey
from cirrus_callbacks_plugin.naming import workflow_of
from cirrus_callbacks_plugin.protocol import wait_log
from cirrus_callbacks_plugin.protocol.rules import outcome_of_record, wait_for_itself
from cirrus_callbacks_plugin.protocol.wait_log import log_registered, log_wait
from cirrus_callbacks_plugin.waits.row import UNKNOWN_WORKFLOW, Wait, shard

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cirrus_callbacks_plugin.cirrus.state_table import Record, StateTable
    from cirrus_callbacks_plugin.joins.members import Attached
    from cirrus_callbacks_plugin.joins.rows import Join
    from cirrus_callbacks_plugin.joins.table import JoinsTable
    from cirrus_callbacks_plugin.naming import MemberToken
    from cirrus_callbacks_plugin.waits.outcome import Outcome


@dataclass(slots=True, eq=False, repr=False)
class Attacher:
    """Puts attached members' waits.

    Attributes:
        table: the joins' rows.
        states: cirrus's state table.
        payloads_url: where cirrus 2 keeps payloads; None where that is not told.
    """

    table: JoinsTable
    states: StateTable
    payloads_url: str | None

    def attach(self, join: Join, members: Sequence[tuple[MemberToken, Attached]]) -> None:
        """Put a wait for each, then the member's row; settle what has ended.

        A payload may end between the read of its record and the put of its wait, and nobody
        would settle it: those that stay open are read again, and settled by the same rule.

        Raises:
            ClientError, BotoCoreError: some were not attached; all are to be attached again.
        """
        records = self._records(members)
        results = run_side_by_side(lambda each: self._put(join, *each, records), members)
        open_rows = [row for row in map(_given, results) if not row.is_settled]
        open_rows = [row for row in open_rows if not row.is_answered]
        if not open_rows:
            return
        again = self.states.read(_keys(row.payload_id for row in open_rows))
        for result in run_side_by_side(lambda row: self._settle(row, again), open_rows):
            if isinstance(result, Exception):
                raise result

    def _records(
        self, members: Sequence[tuple[MemberToken, Attached]]
    ) -> Mapping[StateKey, Record]:
        return self.states.read(_keys(each.payload_id for _, each in members))

    def _put(
        self,
        join: Join,
        member: MemberToken,
        attached: Attached,
        records: Mapping[StateKey, Record],
    ) -> Wait:
        now = self.table.waits.now()
        row = Wait(
            payload_id=attached.payload_id,
            task_token=member.text,
            workflow=workflow_of(attached.payload_id) or UNKNOWN_WORKFLOW,
            registered_at=now,
            waiting=shard(member.text),
            attached=True,
            cirrus_version=join.wait.cirrus_version,
            waiter_payload_id=join.wait.waiter_payload_id,
            waiter_execution_arn=join.wait.waiter_execution_arn,
        )
        outcome = self._outcome(row, records)
        if outcome is not None:
            row = replace(row, settled_at=now, **outcome.attributes())
        there = self.table.waits.register(row)
        self.table.arrive(member, attached.payload_id)
        log_registered(there, is_new=there is row)
        return there

    def _settle(self, row: Wait, records: Mapping[StateKey, Record]) -> None:
        outcome = self._outcome(row, records)
        if outcome is not None and self.table.waits.settle(row.key, outcome):
            log_wait(row, wait_log.SETTLED, workflow_state=outcome.workflow_state)

    def _outcome(self, row: Wait, records: Mapping[StateKey, Record]) -> Outcome | None:
        """What a record tells of an attached payload; None while its last run decides.

        A join that waits for its own waiter's payload waits in vain.

        Of a failed record with several runs an older one's event may have written the state.
        """
        key = StateKey.of(row.payload_id)
        record = None if key is None else records.get(key)
        if record is None or not record.is_final:
            return wait_for_itself(row, record)
        if record.state not in NEVER_RERUN_STATES and record.only_execution is None:
            return None
        has_url = of_version(row.cirrus_version).has_output_url
        url = self.payloads_url if has_url else None
        return outcome_of_record(
            record, lambda run: None if url is None else output_url(url, row.payload_id, run)
        )


def _given(result: Wait | Exception) -> Wait:
    if isinstance(result, Exception):
        raise result
    return result


def _keys(payload_ids: Iterable[str]) -> list[StateKey]:
    keys = map(StateKey.of, payload_ids)
    return [key for key in keys if key is not None]
