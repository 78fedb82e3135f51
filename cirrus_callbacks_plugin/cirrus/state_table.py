"""Cirrus's state table as the plugin reads it: one record a payload.

Every generation keys it the same way (``StateDB.payload_id_to_key``, cirrus-lib 0.8.1 to
cirrus-geo 2.0.0) and keeps state and time in one attribute, ``state_updated``. The key is
built here, since sender and reconciler have no cirrus in their zip.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping  # noqa: TC003 - fields' types
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.aws.batch_reads import read_batch
from cirrus_callbacks_plugin.contract import MAX_PARTITION_KEY_BYTES, MAX_SORT_KEY_BYTES
from cirrus_callbacks_plugin.errors import CallbackError
from cirrus_callbacks_plugin.naming import is_text

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

COMPLETED_STATES = frozenset({"COMPLETED", "SUCCEEDED"})
INVALID = "INVALID"
FAILED = "FAILED"
ABORTED = "ABORTED"
CLAIMED = "CLAIMED"
FINAL_STATES = COMPLETED_STATES | {INVALID, FAILED, ABORTED}
NEVER_RERUN_STATES = COMPLETED_STATES | {INVALID}
"""Without ``replace`` no cirrus runs a payload in one of these states again."""

_READ = "collections_workflow, itemids, state_updated, executions, last_error"
"""Of a record: cirrus keeps more in it, among that what its runs made."""


class MalformedRecordError(CallbackError):
    """A record of the state table is not as any cirrus writes it; quotes no value."""


@dataclass(frozen=True, slots=True, order=True)
class StateKey:
    """The key of a payload's record. Two payload ids can share one."""

    collections_workflow: str
    itemids: str

    @classmethod
    def of(cls, payload_id: str) -> StateKey | None:
        """The key of a payload id; None for an id that makes none (DynamoDB refuses it).

        As ``StateDB.payload_id_to_key`` of cirrus, which splits at the first
        ``/workflow-`` and ignores what follows a second one.
        """
        collections, separator, rest = payload_id.partition("/workflow-")
        if not separator:
            return None
        workflow, _, itemids = rest.partition("/workflow-")[0].partition("/")
        key = cls(f"{collections}_{workflow}", itemids)
        if not is_text(key.collections_workflow + key.itemids):
            return None
        partition, sort = (key.collections_workflow.encode(), key.itemids.encode())
        fits = len(partition) <= MAX_PARTITION_KEY_BYTES and len(sort) <= MAX_SORT_KEY_BYTES
        return key if fits and sort else None

    def to_item(self) -> dict[str, Any]:
        """The key as DynamoDB's low-level API takes it."""
        return {
            "collections_workflow": {"S": self.collections_workflow},
            "itemids": {"S": self.itemids},
        }


@dataclass(frozen=True, slots=True)
class Record:
    """What the state table says of a payload.

    Attributes:
        state: ``PROCESSING``, ``CLAIMED`` (cirrus >= 1) or a final state.
        state_updated: state and time of its last change, as stored.
        executions: ARNs of the payload's runs, oldest first.
        last_error: the error text of its last failure.
    """

    state: str
    state_updated: str
    executions: tuple[str, ...] = ()
    last_error: str | None = None

    @property
    def last_execution(self) -> str | None:
        """The run that decides: the last listed one."""
        return self.executions[-1] if self.executions else None

    @property
    def only_execution(self) -> str | None:
        """The run that the record's state speaks of: the one that is listed, be it twice.

        None where several are: an older run's event may have written the state (a repeated
        one, or that of a run that was redriven beside its replacement), and nothing in the
        record tells which.
        """
        return self.last_execution if len(set(self.executions)) == 1 else None

    @property
    def is_final(self) -> bool:
        """True where no run is in progress."""
        return self.state in FINAL_STATES

    def position(self, execution_arn: str) -> int | None:
        """Where a run stands in the list; a run listed twice counts where it stands last."""
        for index in range(len(self.executions) - 1, -1, -1):
            if self.executions[index] == execution_arn:
                return index
        return None

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Record:
        """Read a record from DynamoDB's low-level form.

        Raises:
            MalformedRecordError: an attribute is not what it must be.
        """
        try:
            state_updated = item["state_updated"]["S"]
            listed = item["executions"]["L"] if "executions" in item else ()
            executions = tuple(each["S"] for each in listed)
            error = item.get("last_error", {}).get("S")
            state = state_updated.partition("_")[0]
        except (AttributeError, KeyError, TypeError) as told:
            raise MalformedRecordError("its record in the state table cannot be read") from told
        return cls(state, state_updated, executions, error)


@dataclass(slots=True, eq=False, repr=False)
class StateTable:
    """Cirrus's state table, read consistently and never written."""

    client: DynamoDBClient
    name: str

    def read(
        self,
        keys: Iterable[StateKey],
        *,
        before_call: Callable[[], None] | None = None,
        on_malformed: Callable[[StateKey, MalformedRecordError], None] | None = None,
    ) -> dict[StateKey, Record]:
        """Read many records, a hundred a call; keys are read once however often they come.

        Args:
            keys: which records.
            before_call: called before every request; may raise to end the reading.
            on_malformed: told of a record that cannot be read, which is left out then.

        Raises:
            MalformedRecordError: a record cannot be read, and ``on_malformed`` is not given:
                a record that is left out would read as "no such record".
        """
        items = read_batch(
            self.client,
            self.name,
            [key.to_item() for key in sorted(set(keys))],
            attributes=_READ,
            before_call=before_call,
        )
        records: dict[StateKey, Record] = {}
        for item in items:
            if "state_updated" not in item:
                continue
            key = StateKey(item["collections_workflow"]["S"], item["itemids"]["S"])
            try:
                records[key] = Record.from_item(item)
            except MalformedRecordError as error:
                if on_malformed is None:
                    raise
                on_malformed(key, error)
        return records

    def of_payload(self, payload_id: str) -> Record | None:
        """Read a payload's record; None for an id that makes no key, too."""
        key = StateKey.of(payload_id)
        return None if key is None else self.get(key)

    def get(self, key: StateKey) -> Record | None:
        """Read one record."""
        response = self.client.get_item(
            TableName=self.name,
            Key=key.to_item(),
            ConsistentRead=True,
            ProjectionExpression=_READ,
        )
        item = response.get("Item")
        return Record.from_item(item) if item and "state_updated" in item else None
