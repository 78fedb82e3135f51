"""Every call on the tracking table that only joins make."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cirrus_callbacks_plugin.aws.error_codes import ErrorKind, classify, if_condition_holds
from cirrus_callbacks_plugin.aws.pages import pages
from cirrus_callbacks_plugin.joins.rows import (
    DEFINITION,
    KEPT_DAYS,
    MEMBER,
    Definition,
    Expansion,
    Join,
    MemberRow,
    Row,
    join_key,
    member_key,
    row_from_item,
)
from cirrus_callbacks_plugin.waits.batches import Write
from cirrus_callbacks_plugin.waits.change import Change
from cirrus_callbacks_plugin.waits.malformed import Malformed, log_malformed
from cirrus_callbacks_plugin.waits.row import EXPAND, Key, MalformedRowError, serialize

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cirrus_callbacks_plugin.naming import MemberToken
    from cirrus_callbacks_plugin.waits.table import WaitsTable

_ABSENT = "attribute_not_exists(payload_id)"
_UNANSWERED = "attribute_exists(payload_id) AND attribute_not_exists(answered_at)"
_KEPT = ("expiration_time", "member_payload_id")
"""What a member's row has from its registration, and keeps."""


def joins_in(rows: Mapping[Key, Row]) -> dict[str, Join | Malformed]:
    """The joins' own waits among some rows, by the join's id."""
    return {
        key.payload_id: row
        for key, row in rows.items()
        if key.is_join and isinstance(row, (Join, Malformed))
    }


@dataclass(slots=True, eq=False, repr=False)
class JoinsTable:
    """The rows of joins in the tracking table.

    As everywhere a condition that is not met is an answer, and AWS's errors pass through.

    Attributes:
        waits: the tracking table; a join's own wait is settled and marked there.
    """

    waits: WaitsTable

    def read_rows(self, keys: Iterable[Key]) -> dict[Key, Row]:
        """Read rows of every kind consistently, a hundred a call; unknown ones are left out."""
        rows = ((key, row_from_item(item, key)) for key, item in self.waits.read_items(keys))
        return {key: row for key, row in rows if row is not None}

    def joins(self, join_ids: Iterable[str]) -> dict[str, Join | Malformed]:
        """Joins by their id; those that are gone are left out."""
        return joins_in(self.read_rows({join_key(each) for each in join_ids}))

    def was_sent(self, member: MemberToken) -> bool:
        """False while a member's message may be sent for the first time, or again."""
        join = self.joins([member.join_id]).get(member.join_id)
        return isinstance(join, Join) and join.sent > member.index

    # --- opened by the process hook ---------------------------------------------------

    def define(self, definition: Definition) -> None:
        """Put the list, if absent."""
        self._put(definition.to_item(), _ABSENT)

    def open(self, join: Join) -> bool:
        """Put the join's own wait, if absent; True if this call put it."""
        return self._put(join.to_item(), _ABSENT)

    def expand(self, join_id: str) -> None:
        """Say that members are to be sent; the stream tells the sender, each time again."""
        self._put(Expansion(join_id, self.waits.now(), self.expires()).to_item())

    def arrive(self, member: MemberToken, payload_id: str) -> None:
        """Note that a member's message has been registered, if nothing is noted yet."""
        item = {name: serialize(value) for name, value in self._noted(payload_id).items()}
        self._put({**item, **member_key(member).to_item()}, _ABSENT)

    def _noted(self, payload_id: str) -> dict[str, Any]:
        return {"member_payload_id": payload_id, "expiration_time": self.expires()}

    def expires(self) -> int:
        """When a row goes that is put now, in epoch seconds."""
        return int((self.waits.clock() + timedelta(days=KEPT_DAYS)).timestamp())

    # --- expanded by the sender ---------------------------------------------------------

    def definition(self, join_id: str) -> Definition | None:
        """The list of a join, read consistently.

        Raises:
            MalformedRowError: the row holds none.
        """
        items = list(self.waits.read_items([Key(join_id, DEFINITION)]))
        return Definition.from_item(items[0][1]) if items else None

    def expansion(self, join_id: str) -> Expansion | None:
        """The row that says that members are to be sent."""
        row = self.read_rows([Key(join_id, EXPAND)]).get(Key(join_id, EXPAND))
        return row if isinstance(row, Expansion) else None

    def begin(self, join: Join, total: int, etag: str | None) -> Join | None:
        """Write how many members there are, once; None where that was done, or it is answered."""
        sets: dict[str, Any] = {"total": total, **({"etag": etag} if etag else {})}
        if total == 0:
            sets["sent_at"] = self.waits.now()
        return self._change(join.join_id, sets, f"{_UNANSWERED} AND attribute_not_exists(#0)")

    def advance(self, join: Join, sent: int) -> Join | None:
        """Say how many members were sent; None where somebody did meanwhile, or it is answered."""
        condition, values = "attribute_not_exists(#0)", {}
        if join.sent:
            condition, values = "#0 = :before", {":before": serialize(join.sent)}
        sets = {"sent": sent, "sent_at": self.waits.now()}
        return self._change(join.join_id, sets, f"{_UNANSWERED} AND {condition}", values)

    # --- told by the sender or the reconciler --------------------------------------------

    def tell(self, row: MemberRow) -> MemberRow:
        """Write what became of a member, unless that has been told; returns what stands."""
        values: dict[str, Any] = {**row.attributes(), "expiration_time": self.expires()}
        names = {f"#{index}": name for index, name in enumerate(values)}
        sets = [
            f"{alias} = if_not_exists({alias}, :{alias[1:]})"
            if name in _KEPT
            else f"{alias} = :{alias[1:]}"
            for alias, name in names.items()
        ]
        try:
            self.waits.client.update_item(
                TableName=self.waits.name,
                Key=row.key.to_item(),
                UpdateExpression="SET " + ", ".join(sets),
                ConditionExpression="attribute_not_exists(answer)",
                ExpressionAttributeNames=names,
                ExpressionAttributeValues={
                    f":{index}": serialize(value) for index, value in enumerate(values.values())
                },
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            if classify(error) is not ErrorKind.CONDITION:
                raise
            existing: Any = error.response.get("Item")
            return MemberRow.from_item(existing) if existing else row
        return row

    def tell_all(self, rows: Sequence[MemberRow]) -> list[MemberRow | Exception]:
        """Write what became of many members (:meth:`tell`), in batches where they are many.

        Returns:
            In their order: as :meth:`tell`, or what the row met.
        """
        return self.waits.writer().write([self._telling(each) for each in rows])

    def _telling(self, row: MemberRow) -> Write[MemberRow]:
        """A batch writes into a row that a registration has put; of others it says nothing.

        PartiQL knows no ``if_not_exists``, and makes no row.
        """

        def stands(item: Mapping[str, Any] | None) -> MemberRow | None:
            return None if item is None or "answer" not in item else MemberRow.from_item(item)

        sets = {name: value for name, value in row.attributes().items() if name not in _KEPT}
        is_registered = row.member_payload_id is not None
        change = Change(row.key, sets, absent=("answer",), present=_KEPT)
        return Write(
            change if is_registered else None,
            done=row,
            refused=stands,
            alone=lambda: self.tell(row),
        )

    def count(self, join_id: str, succeeded: int, failed: int) -> Join | None:
        """Add to a join's hints; None where it is answered or gone."""
        response = if_condition_holds(
            lambda: self.waits.client.update_item(
                TableName=self.waits.name,
                Key=join_key(join_id).to_item(),
                UpdateExpression="ADD #s :succeeded, #f :failed",
                ConditionExpression=_UNANSWERED,
                ExpressionAttributeNames={"#s": "succeeded", "#f": "failed"},
                ExpressionAttributeValues={
                    ":succeeded": {"N": str(succeeded)},
                    ":failed": {"N": str(failed)},
                },
                ReturnValues="ALL_NEW",
            )
        )
        return None if response is None else Join.from_item(response["Attributes"])

    def members(self, join_id: str) -> list[MemberRow]:
        """What became of the members so far, in order, read consistently."""
        request = {
            "TableName": self.waits.name,
            "ConsistentRead": True,
            "KeyConditionExpression": "payload_id = :join_id AND begins_with(task_token, :member)",
            "ExpressionAttributeValues": {":join_id": {"S": join_id}, ":member": {"S": MEMBER}},
        }
        rows = []
        for page in pages(self.waits.client.query, request):
            for item in page["Items"]:
                try:
                    rows.append(MemberRow.from_item(item))
                except MalformedRowError as error:
                    log_malformed(Malformed(Key.from_item(item), str(error)))
        return rows

    # --- calls ----------------------------------------------------------------------------

    def _put(self, item: Mapping[str, Any], condition: str | None = None) -> bool:
        more: dict[str, Any] = {"ConditionExpression": condition} if condition else {}
        put = if_condition_holds(
            lambda: self.waits.client.put_item(TableName=self.waits.name, Item=item, **more)
        )
        return put is not None

    def _change(
        self,
        join_id: str,
        sets: Mapping[str, Any],
        condition: str,
        values: Mapping[str, Any] | None = None,
    ) -> Join | None:
        """Set attributes of a join's own wait; the condition's ``#0`` is the first of them."""
        names = {f"#{index}": name for index, name in enumerate(sets)}
        given = {f":{index}": serialize(value) for index, value in enumerate(sets.values())}
        response = if_condition_holds(
            lambda: self.waits.client.update_item(
                TableName=self.waits.name,
                Key=join_key(join_id).to_item(),
                UpdateExpression="SET " + ", ".join(f"{each} = :{each[1:]}" for each in names),
                ConditionExpression=condition,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues={**given, **(values or {})},
                ReturnValues="ALL_NEW",
            )
        )
        return None if response is None else Join.from_item(response["Attributes"])
