"""BatchExecuteStatement: updates with conditions, each with an error of its own.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.update.html
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchExecuteStatement.html
"""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.local.moto_corrections.patches import Patches

MAX_STATEMENTS = 25
_UPDATE = re.compile(
    r'\s*UPDATE\s+"?(?P<table>[\w.-]+)"?\s+(?P<clauses>.+?)\s+WHERE\s+(?P<condition>.+)',
    re.IGNORECASE | re.DOTALL,
)
_CLAUSE = re.compile(
    r'\s*(?:(?:SET\s+|,\s*)"?(?P<set>\w+)"?\s*=\s*\?|REMOVE\s+"?(?P<remove>\w+)"?)', re.IGNORECASE
)
_TERM = re.compile(
    r'"?(?P<name>\w+)"?\s*(?:=\s*(?P<value>\?)|IS\s+(?P<there>NOT\s+)?MISSING)', re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class _Update:
    """An UPDATE, as UpdateItem's expressions.

    Attributes:
        table: the table.
        update: the update expression.
        condition: the condition expression, without that the item is there.
        names: attributes by their placeholders.
        equal: attributes that have to equal a parameter, each with its placeholder.
        count: parameters; the n-th has the placeholder ``:p<n>``.
    """

    table: str
    update: str
    condition: str
    names: dict[str, str]
    equal: dict[str, str]
    count: int


def execute_conditional_updates(patches: Patches) -> None:
    """An UPDATE is done where its whole condition holds, and leaves a record in the stream.

    Else its error is ``ConditionalCheckFailed``, with the item where that was asked for; no
    batch has more than 25 statements, nor one item twice.

    moto looks at equalities alone, not at ``IS MISSING``; only one clause is
    read, an UPDATE of nothing succeeds, and errors of a batch are not told.
    """
    from moto.dynamodb.exceptions import MockValidationException
    from moto.dynamodb.models import DynamoDBBackend

    original = DynamoDBBackend.batch_execute_statement

    def batch_execute_statement(self: Any, statements: list[dict[str, Any]]) -> Any:
        updates = [_parse(each["Statement"]) for each in statements]
        if not all(updates):
            return original(self, statements)
        if len(statements) > MAX_STATEMENTS:
            raise MockValidationException(
                f"Member must have length less than or equal to {MAX_STATEMENTS}"
            )
        pairs = list(zip(filter(None, updates), statements, strict=True))
        seen = [json.dumps(_key(self, *each), sort_keys=True) for each in pairs]
        if len(set(seen)) < len(seen):
            raise MockValidationException("Provided list of item keys contains duplicates")
        return [_execute(self, *each) for each in pairs]

    patches.set(DynamoDBBackend, "batch_execute_statement", batch_execute_statement)


def _execute(backend: Any, update: _Update, statement: dict[str, Any]) -> dict[str, Any]:
    from moto.dynamodb.exceptions import ConditionalCheckFailed, DynamodbException

    response: dict[str, Any] = {"TableName": update.table}
    key = _key(backend, update, statement)
    given = statement.get("Parameters", [])
    if update.table not in backend.tables:
        return {"Error": {"Code": "ResourceNotFound", "Message": "Requested resource not found"}}
    if key is None or len(given) != update.count:
        why = "Where clause does not contain a mandatory equality on all key attributes"
        response["Error"] = {"Code": "ValidationError", "Message": why}
        return response
    there = " AND ".join(f"attribute_exists({name})" for name in key)
    try:
        backend.update_item(
            update.table,
            key,
            update.update,
            dict(update.names),
            {f":p{index}": value for index, value in enumerate(given)},
            condition_expression=f"{there} AND ({update.condition})",
            return_values_on_condition_check_failure=statement.get(
                "ReturnValuesOnConditionCheckFailure"
            ),
        )
    except ConditionalCheckFailed as error:
        refusal = json.loads(error.description)
        response["Error"] = {"Code": "ConditionalCheckFailed", "Message": refusal["message"]}
        if "Item" in refusal:
            response["Error"]["Item"] = refusal["Item"]
    except DynamodbException as error:
        response["Error"] = {"Code": "ValidationError", "Message": str(error.message)}
    return response


def _key(backend: Any, update: _Update, statement: dict[str, Any]) -> dict[str, Any] | None:
    """The key that an UPDATE names; None where it does not name one."""
    table = backend.tables.get(update.table)
    names = table.table_key_attrs if table else []
    given = {f":p{index}": each for index, each in enumerate(statement.get("Parameters", []))}
    key = {name: given.get(update.equal.get(name, "")) for name in names}
    return key if key and None not in key.values() else None


@functools.lru_cache(maxsize=256)
def _parse(text: str) -> _Update | None:
    """Read an UPDATE whose values are parameters; None for any other statement."""
    match = _UPDATE.fullmatch(text)
    if match is None:
        return None
    clauses = list(_CLAUSE.finditer(match["clauses"]))
    if "".join(each[0] for each in clauses) != match["clauses"]:
        return None
    names: dict[str, str] = {}
    equal: dict[str, str] = {}
    number = iter(range(text.count("?")))

    def alias(name: str) -> str:
        names[f"#{name}"] = name
        return f"#{name}"

    def sets() -> Iterator[str]:
        for each in clauses:
            if each["set"]:
                yield f"{alias(each['set'])} = :p{next(number)}"

    def term(match: re.Match[str]) -> str:
        if match["value"]:
            value = f":p{next(number)}"
            equal.setdefault(match["name"], value)
            return f"{alias(match['name'])} = {value}"
        function = "attribute_exists" if match["there"] else "attribute_not_exists"
        return f"{function}({alias(match['name'])})"

    update = "SET " + ", ".join(sets())
    removes = [alias(each["remove"]) for each in clauses if each["remove"]]
    if removes:
        update += " REMOVE " + ", ".join(removes)
    condition = _TERM.sub(term, match["condition"])
    return _Update(match["table"], update, condition, names, equal, text.count("?"))
