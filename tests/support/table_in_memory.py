"""A tracking table in memory behind DynamoDB's client: the simulation's, for unit tests."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from simulation.fake_aws.dynamodb import DynamoDB, Table
from simulation.fake_aws.errors import FakeError

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = "waits"


@dataclass(slots=True)
class TableInMemory:
    """The client; its calls are kept.

    Attributes:
        table: what is in it.
        calls: operations and requests, in order.
        refuses: says which calls fail, with which error code.
    """

    table: Table = field(default_factory=lambda: Table(("payload_id", "task_token")))
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    refuses: Callable[[str, dict[str, Any]], str | None] = lambda *_: None

    def row(self, payload_id: str, token: str) -> dict[str, Any] | None:
        """A row as it is now, its values without their types; None where there is none."""
        item = self.table.items.get((payload_id, token))
        return None if item is None else {each: _plain(value) for each, value in item.items()}

    def put(self, item: Any) -> None:
        """Have a row there."""
        self.table.items[self.table.key(item)] = dict(item)

    def put_item(self, **request: Any) -> dict[str, Any]:
        """PutItem."""
        return self._call("PutItem", request)

    def update_item(self, **request: Any) -> dict[str, Any]:
        """UpdateItem."""
        return self._call("UpdateItem", request)

    def delete_item(self, **request: Any) -> dict[str, Any]:
        """DeleteItem."""
        return self._call("DeleteItem", request)

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        """BatchGetItem."""
        return self._call("BatchGetItem", request)

    def batch_execute_statement(self, **request: Any) -> dict[str, Any]:
        """BatchExecuteStatement."""
        return self._call("BatchExecuteStatement", request)

    def query(self, **request: Any) -> dict[str, Any]:
        """Query, in one page."""
        return self._call("Query", request)

    def _call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        self.calls.append((operation, request))
        code = self.refuses(operation, request)
        if code is not None:
            raise ClientError({"Error": {"Code": code, "Message": ""}}, operation)
        try:
            found = DynamoDB({NAME: self.table}).call(operation, request, "ok")
        except FakeError as error:
            told: Any = {"Error": {"Code": error.code, "Message": error.message}, **error.response}
            raise ClientError(told, operation) from error
        return deepcopy(found)


def _plain(value: dict[str, Any]) -> Any:
    ((kind, held),) = value.items()
    return int(held) if kind == "N" else held
