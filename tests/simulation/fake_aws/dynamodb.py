"""DynamoDB: two tables, conditional writes, stale reads on request, and a stream."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from simulation.fake_aws import expressions, statements
from simulation.fake_aws.errors import FakeError, NotCovered

Item = dict[str, Any]
Key = tuple[str, ...]

MAX_STATEMENTS = 25


@dataclass(slots=True)
class Table:
    """A table.

    Attributes:
        keys: names of its key attributes.
        items: what is in it.
        older: what each item was at the start, and before its last write: an eventually
            consistent read may still see one of these.
        stream: records of changes, where the table has a stream.
    """

    keys: tuple[str, ...]
    has_stream: bool = False
    items: dict[Key, Item] = field(default_factory=dict)
    older: dict[Key, tuple[Item | None, Item | None]] = field(default_factory=dict)
    stream: list[dict[str, Any]] = field(default_factory=list)

    def fork(self) -> Table:
        """The table as it stands, once more; items and records are written once and shared."""
        items, older = dict(self.items), dict(self.older)
        return Table(self.keys, self.has_stream, items, older, list(self.stream))

    def key(self, attributes: Item) -> Key:
        """The key of an item or of a request's ``Key``."""
        return tuple(attributes[name]["S"] for name in self.keys)

    def write(self, key: Key, item: Item | None) -> None:
        """Put, replace or delete an item, and tell the stream."""
        before = self.items.get(key)
        self.older[key] = (self.older.get(key, (before, before))[0], before)
        if item is None:
            self.items.pop(key, None)
        else:
            self.items[key] = item
        if self.has_stream and not (before is None and item is None):
            name = "REMOVE" if item is None else "INSERT" if before is None else "MODIFY"
            change: dict[str, Any] = {
                "Keys": {each: {"S": value} for each, value in zip(self.keys, key, strict=True)},
                "SequenceNumber": str(len(self.stream) + 1),
                "StreamViewType": "NEW_IMAGE",
            }
            if item is not None:
                change["NewImage"] = dict(item)
            self.stream.append(
                {"eventID": str(len(self.stream) + 1), "eventName": name, "dynamodb": change},
            )

    def look(self, key: Key, variant: str) -> Item | None:
        """Read an item; ``stale`` as before its last write, ``stale-far`` as at the start."""
        older = self.older.get(key)
        if variant == "stale" and older:
            return older[-1]
        if variant == "stale-far" and older:
            return older[0]
        return self.items.get(key)


@dataclass(slots=True)
class DynamoDB:
    """The service: operations as botocore names them, on low-level items."""

    tables: dict[str, Table]

    def call(self, operation: str, request: dict[str, Any], variant: str) -> dict[str, Any]:
        """Make a call; ``variant`` is ``stale`` or ``unprocessed`` where a fault asks for it."""
        method = getattr(self, "_" + operation, None)
        if method is None:
            raise NotCovered(f"dynamodb {operation}")
        return method(request, variant)  # type: ignore[no-any-return]

    def _PutItem(self, request: dict[str, Any], _: str) -> dict[str, Any]:
        table = self.tables[request["TableName"]]
        key = table.key(request["Item"])
        self._check(table, key, request)
        table.write(key, dict(request["Item"]))
        return {}

    def _UpdateItem(self, request: dict[str, Any], _: str) -> dict[str, Any]:
        table = self.tables[request["TableName"]]
        key = table.key(request["Key"])
        self._check(table, key, request)
        names = request.get("ExpressionAttributeNames", {})
        changed = expressions.update(
            table.items.get(key, dict(request["Key"])),
            request["UpdateExpression"],
            names,
            request.get("ExpressionAttributeValues", {}),
        )
        table.write(key, changed)
        return {"Attributes": dict(changed)} if request.get("ReturnValues") == "ALL_NEW" else {}

    def _DeleteItem(self, request: dict[str, Any], _: str) -> dict[str, Any]:
        table = self.tables[request["TableName"]]
        key = table.key(request["Key"])
        self._check(table, key, request)
        table.write(key, None)
        return {}

    def _BatchExecuteStatement(self, request: dict[str, Any], _: str) -> dict[str, Any]:
        """Updates alone; each by itself, as AWS documents it: a batch is not a transaction."""
        told = request["Statements"]
        updates = [(statements.parse(each["Statement"]), each["Parameters"]) for each in told]
        keys = [(each.table, tuple(map(str, each.key(given).values()))) for each, given in updates]
        if not 0 < len(told) <= MAX_STATEMENTS or len(set(keys)) < len(keys):
            raise FakeError("ValidationException", "the statements make no batch")
        return {
            "Responses": [
                self._execute(update, given, each.get("ReturnValuesOnConditionCheckFailure"))
                for (update, given), each in zip(updates, told, strict=True)
            ]
        }

    def _execute(self, update: statements.Update, given: list[Any], returns: Any) -> Item:
        response: Item = {"TableName": update.table}
        table = self.tables[update.table]
        key = table.key(update.key(given))
        item = table.items.get(key)
        if len(given) != update.parameters:
            response["Error"] = {"Code": "ValidationError", "Message": "Number of parameters"}
        elif update.holds(item, given):
            table.write(key, update.changed(item or {}, given))
        else:
            error: Item = {
                "Code": "ConditionalCheckFailed",
                "Message": "The conditional request failed",
            }
            if returns == "ALL_OLD" and item is not None:
                error["Item"] = dict(item)
            response["Error"] = error
        return response

    def _GetItem(self, request: dict[str, Any], variant: str) -> dict[str, Any]:
        table = self.tables[request["TableName"]]
        item = table.look(table.key(request["Key"]), _consistent(request, variant))
        return {} if item is None else {"Item": _projected(item, request)}

    def _BatchGetItem(self, request: dict[str, Any], variant: str) -> dict[str, Any]:
        ((name, wanted),) = request["RequestItems"].items()
        table = self.tables[name]
        keys = [table.key(key) for key in wanted["Keys"]]
        if len(set(keys)) != len(keys) or not keys:
            raise FakeError("ValidationException", "Provided list of item keys contains duplicates")
        unprocessed = []
        if variant == "unprocessed":
            keys, left = keys[:-1], keys[-1:]
            unprocessed = [
                {each: {"S": value} for each, value in zip(table.keys, key, strict=True)}
                for key in left
            ]
        found = [table.look(key, _consistent(wanted, variant)) for key in keys]
        response: dict[str, Any] = {
            "Responses": {name: [_projected(item, wanted) for item in found if item is not None]},
            "UnprocessedKeys": {},
        }
        if unprocessed:
            response["UnprocessedKeys"] = {name: {**wanted, "Keys": unprocessed}}
        return response

    def _Query(self, request: dict[str, Any], variant: str) -> dict[str, Any]:
        table = self.tables[request["TableName"]]
        names = tuple(sorted(request.get("ExpressionAttributeNames", {}).items()))
        values = request["ExpressionAttributeValues"]
        matches = expressions.condition(request["KeyConditionExpression"], names)
        passes = (
            expressions.condition(request["FilterExpression"], names)
            if ("FilterExpression" in request)
            else (lambda _item, _values: True)
        )
        index = request.get("IndexName")
        variant = _consistent(request, variant)
        keys = sorted(set(table.items) | set(table.older))
        found = [
            item
            for item in (table.look(key, variant) for key in keys)
            if item is not None and matches(item, values) and passes(item, values)
        ]
        if index is not None:
            found.sort(key=lambda item: item["registered_at"]["S"])
            kept = (*table.keys, "waiting", "registered_at")
            found = [{name: item[name] for name in kept} for item in found]
        return {"Items": [dict(item) for item in found], "Count": len(found)}

    @staticmethod
    def _check(table: Table, key: Key, request: dict[str, Any]) -> None:
        text = request.get("ConditionExpression")
        if text is None:
            return
        names = tuple(sorted(request.get("ExpressionAttributeNames", {}).items()))
        item = table.items.get(key, {})
        if expressions.condition(text, names)(item, request.get("ExpressionAttributeValues", {})):
            return
        response: dict[str, Any] = {}
        if request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" and item:
            response["Item"] = dict(item)
        raise FakeError(
            "ConditionalCheckFailedException",
            "The conditional request failed",
            **response,
        )


def _projected(item: Item, request: dict[str, Any]) -> Item:
    """The attributes that were asked for."""
    if "ProjectionExpression" not in request:
        return dict(item)
    names = request["ProjectionExpression"].split(", ")
    return {name: value for name, value in item.items() if name in names}


def _consistent(request: dict[str, Any], variant: str) -> str:
    """A consistent read sees no older version, whatever the scheduler wishes."""
    return "ok" if request.get("ConsistentRead") else variant
