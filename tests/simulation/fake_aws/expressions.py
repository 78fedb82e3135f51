"""DynamoDB's condition and update expressions, as far as cirrus and the product use them."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any

from simulation.fake_aws.errors import NotCovered

if TYPE_CHECKING:
    from collections.abc import Callable

    Item = dict[str, Any]
    Condition = Callable[[Item, dict[str, Any]], bool]
    Value = Callable[[Item, dict[str, Any]], Any]
    Change = Callable[[Item, Item, dict[str, Any]], object]

_TOKEN = re.compile(r"\s*(?:(?P<word>[A-Za-z_#][\w#]*)|(?P<value>:\w+)|(?P<sign>[()=<>,]))")


def _tokens(text: str) -> list[str]:
    found: list[str] = []
    position = 0
    while position < len(text.rstrip()):
        match = _TOKEN.match(text, position)
        if match is None:
            raise NotCovered(f"expression {text!r}")
        found.append(match.group().strip())
        position = match.end()
    return found


@functools.lru_cache(maxsize=256)
def condition(  # noqa: C901 - a grammar, a function for each rule
    text: str,
    names: tuple[tuple[str, str], ...] = (),
) -> Condition:
    """Compile a condition, key condition or filter."""
    tokens = _tokens(text)
    alias = dict(names)

    def parse_or() -> Condition:
        left = parse_and()
        while tokens and tokens[0].upper() == "OR":
            tokens.pop(0)
            left = _or(left, parse_and())
        return left

    def parse_and() -> Condition:
        left = parse_not()
        while tokens and tokens[0].upper() == "AND":
            tokens.pop(0)
            left = _and(left, parse_not())
        return left

    def parse_not() -> Condition:
        if tokens[0].upper() == "NOT":
            tokens.pop(0)
            inner = parse_not()
            return lambda item, values: not inner(item, values)
        if tokens[0] == "(":
            tokens.pop(0)
            inner = parse_or()
            tokens.pop(0)
            return inner
        return parse_term()

    def parse_term() -> Condition:
        word = tokens.pop(0)
        if tokens and tokens[0] == "(":
            tokens.pop(0)
            arguments = []
            while tokens[0] != ")":
                token = tokens.pop(0)
                if token != ",":
                    arguments.append(alias.get(token, token))
            tokens.pop(0)
            return _function(word, arguments)
        sign, value = tokens.pop(0), tokens.pop(0)
        name = alias.get(word, word)
        if sign == "=":
            return lambda item, values: name in item and item[name] == values[value]
        if sign == "<":
            return lambda item, values: name in item and _plain(item[name]) < _plain(values[value])
        raise NotCovered(f"comparison {sign} in {text!r}")

    compiled = parse_or()
    if tokens:
        raise NotCovered(f"expression {text!r}: {tokens} is left")
    return compiled


def _or(left: Condition, right: Condition) -> Condition:
    return lambda item, values: left(item, values) or right(item, values)


def _and(left: Condition, right: Condition) -> Condition:
    return lambda item, values: left(item, values) and right(item, values)


def _function(name: str, arguments: list[str]) -> Condition:
    if name == "attribute_exists":
        return lambda item, _: arguments[0] in item
    if name == "attribute_not_exists":
        return lambda item, _: arguments[0] not in item
    if name == "begins_with":
        return lambda item, values: (
            arguments[0] in item
            and _plain(item[arguments[0]]).startswith(_plain(values[arguments[1]]))
        )
    raise NotCovered(f"function {name}")


def _plain(value: dict[str, Any]) -> Any:
    (plain,) = value.values()
    return plain


_SET = re.compile(r"\bSET\b(.*?)(?=\bREMOVE\b|$)", re.DOTALL)
_ADD = re.compile(r"\bADD\b(.*)$", re.DOTALL)
_REMOVE = re.compile(r"\bREMOVE\b(.*)$", re.DOTALL)
_ASSIGNMENT = re.compile(r"\s*([\w#]+)\s*=\s*(.+?)\s*$", re.DOTALL)
_IF_NOT_EXISTS = re.compile(r"if_not_exists\(([\w#]+),\s*(:\w+)\)")
_LIST_APPEND = re.compile(r"list_append\(if_not_exists\((\w+),\s*(:\w+)\),\s*(:\w+)\)")


def update(item: Item, text: str, names: dict[str, str], values: dict[str, Any]) -> Item:
    """Apply an update expression to a copy of an item."""
    changed = dict(item)
    for change in _changes(text, tuple(sorted(names.items()))):
        change(item, changed, values)
    return changed


@functools.lru_cache(maxsize=256)
def _changes(text: str, names: tuple[tuple[str, str], ...]) -> list[Change]:
    """Compile an update expression: one thing after the other that it does."""
    alias = dict(names)
    found: list[Change] = []
    sets = _SET.search(text)
    for assignment in _split(sets.group(1)) if sets else ():
        match = _ASSIGNMENT.match(assignment)
        if match is None:
            raise NotCovered(f"update {text!r}")
        name = alias.get(match.group(1), match.group(1))
        found.append(_setting(name, _value(match.group(2), alias)))
    adds = _ADD.search(text)
    for each in adds.group(1).split(",") if adds else ():
        counter, value = each.split()
        found.append(_adding(alias.get(counter, counter), value))
    removes = _REMOVE.search(text)
    removed = [each.strip() for each in removes.group(1).split(",")] if removes else []
    return [*found, *(_removing(alias.get(each, each)) for each in removed)]


def _setting(name: str, value: Value) -> Change:
    def change(item: Item, changed: Item, values: dict[str, Any]) -> None:
        changed[name] = value(item, values)

    return change


def _adding(name: str, value: str) -> Change:
    def change(item: Item, changed: Item, values: dict[str, Any]) -> None:
        before = int(item.get(name, {"N": "0"})["N"])
        changed[name] = {"N": str(before + int(values[value]["N"]))}

    return change


def _removing(name: str) -> Change:
    return lambda _item, changed, _values: changed.pop(name, None)


def _value(text: str, alias: dict[str, str]) -> Value:
    if text.startswith(":"):
        return lambda _, values: values[text]
    match = _LIST_APPEND.fullmatch(text)
    if match:
        return _appended(*match.groups())
    match = _IF_NOT_EXISTS.fullmatch(text)
    if match:
        name, default = alias.get(match.group(1), match.group(1)), match.group(2)
        return lambda item, values: item.get(name, values[default])
    raise NotCovered(f"value {text!r}")


def _appended(name: str, default: str, more: str) -> Value:
    def value(item: Item, values: dict[str, Any]) -> Any:
        first = item.get(name, values[default])
        return {"L": [*first["L"], *values[more]["L"]]}

    return value


def _split(text: str) -> list[str]:
    """Split at commas outside parentheses."""
    parts, depth, start = [], 0, 0
    for index, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and not depth:
            parts.append(text[start:index])
            start = index + 1
    return [*parts, text[start:]]
