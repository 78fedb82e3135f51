"""Every mention of the task token in a task's parameters, and whether it is a carrier.

The carriers are those of :mod:`cirrus_callbacks_plugin.carriers.message`, which reads them.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.contract import (
    TOKEN_ATTRIBUTE,
    WAITER_EXECUTION_ATTRIBUTE,
    WAITER_PAYLOAD_ATTRIBUTE,
)
from cirrus_callbacks_plugin.joins.request import KEY as JOIN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.asl.nodes import Node, Position

Path = tuple["str | int", ...]

ATTRIBUTES = "MessageAttributes"
_PATH_TOKEN = re.compile(r"\$\$\.Task\.Token\b")
_PATH_WHOLE = re.compile(r"\$\$(?:\.Task)?")
_JSONATA_TOKEN = re.compile(r"\$states\.context\.Task\.Token\b")
_JSONATA_WHOLE = re.compile(r"\{%\s*\$states\.context(?:\.Task)?\s*%\}")
_JSONATA = re.compile(r"\{%.*%\}", re.DOTALL)
_MARKS = ("$$", "$states.context")
_MAX_MENTIONS = 200
"""No message needs as many; aliases of aliases make more than can be listed."""


@dataclass(frozen=True, slots=True)
class Token:
    """A mention of the task token.

    Attributes:
        path: where in the parameters, ``.$`` left out.
        at: where in the file.
        carrier: ``attribute``, ``payload``, ``reference`` or ``envelope``; ``expression`` for an
            expression that may build one; None for a place that the product does not read.
        problem: what is wrong with it; None where nothing is.
        is_named: False where the whole context object, or its Task, is sent: the token with it.
    """

    path: Path
    at: Position
    carrier: str | None
    problem: str | None = None
    is_named: bool = True

    @property
    def is_carried(self) -> bool:
        """True where the product reads it, or may."""
        return self.problem is None

    @property
    def place(self) -> str:
        """The path as people write it."""
        return shown(self.path)


@dataclass(frozen=True, slots=True)
class Places:
    """A task's parameters by name, whichever query language they are in.

    Attributes:
        arguments: Parameters or Arguments.
        body_name: the parameter that holds the message.
        is_jsonata: True for Arguments.
    """

    arguments: Node
    body_name: str
    is_jsonata: bool

    def member(self, node: Node | None, name: str) -> Node | None:
        """A member, constant or computed (``name.$``)."""
        if node is None:
            return None
        literal = node.get(name)
        return node.get(f"{name}.$") if literal is None and not self.is_jsonata else literal

    def parameter(self, name: str) -> Node | None:
        """A parameter by name."""
        return self.member(self.arguments, name)

    @property
    def body(self) -> Node | None:
        """The message."""
        return self.parameter(self.body_name)

    @property
    def attributes(self) -> Node | None:
        """The message attributes."""
        return self.parameter(ATTRIBUTES)

    @property
    def is_later(self) -> bool:
        """True where some of it is filled in before deployment, and may hold a token then."""
        return any(
            each is not None and each.expression is not None
            for each in (self.body, self.attributes)
        )

    def follow(self, path: Path) -> Node | None:
        """The node at a path."""
        node: Node | None = self.arguments
        for part in path:
            if isinstance(part, int):
                elements = node.elements if node is not None else ()
                node = elements[part] if part < len(elements) else None
            else:
                node = self.member(node, part)
        return node


def tokens_in(places: Places) -> Iterator[Token]:
    """Every mention, in the order of the file."""
    for place, at, text, is_evaluated in _texts(places, places.arguments, ()):
        is_whole = _is_whole(text, places.is_jsonata)
        if not is_whole and not _PATH_TOKEN.search(text) and not _JSONATA_TOKEN.search(text):
            continue
        if is_whole and not is_evaluated:
            continue  # "$$" as a text is a text
        path = place
        if is_whole:
            path += ("Token",) if "Task" in text else ("Task", "Token")
        problem = _not_evaluated(text, is_evaluated, places.is_jsonata)
        if problem is not None:
            yield Token(path, at, _carrier(places, path, is_bare=True)[0], problem)
            continue
        is_bare = is_whole or _is_bare(text)
        carrier, problem = _carrier(places, path, is_bare=is_bare)
        yield Token(path, at, carrier, problem, not is_whole)


def shown(path: Path) -> str:
    """A path as people write it: ``MessageBody.process[0].callback``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _texts(places: Places, node: Node, path: Path) -> Iterator[tuple[Path, Position, str, bool]]:
    """Every text that mentions the context, with its path, and whether it is evaluated.

    What mentions it nowhere is looked through once, however often YAML's aliases repeat it.
    """
    yield from islice(_Mentions(places).texts(node, path), _MAX_MENTIONS)


class _Mentions:
    def __init__(self, places: Places) -> None:
        self._is_jsonata = places.is_jsonata
        self._known: dict[int, bool] = {}

    def _has_some(self, node: Node) -> bool:
        if id(node) not in self._known:
            text = node.text
            self._known[id(node)] = (
                any(self._has_some(each) for each in (*node.members.values(), *node.elements))
                if text is None
                else any(mark in text for mark in _MARKS)
            )
        return self._known[id(node)]

    def texts(self, node: Node, path: Path) -> Iterator[tuple[Path, Position, str, bool]]:
        for name, member in node.members.items():
            if not self._has_some(member):
                continue
            computed = not self._is_jsonata and name.endswith(".$")
            inner = (*path, name.removesuffix(".$") if computed else name)
            if member.text is not None:
                is_evaluated = self._is_expression(member.text) if self._is_jsonata else computed
                yield inner, node.where(name), member.text, is_evaluated
            yield from self.texts(member, inner)
        for index, element in enumerate(node.elements):
            if not self._has_some(element):
                continue
            if element.text is not None:
                is_evaluated = self._is_jsonata and self._is_expression(element.text)
                yield (*path, index), element.at, element.text, is_evaluated
            yield from self.texts(element, (*path, index))

    def _is_expression(self, text: str) -> bool:
        return _JSONATA.fullmatch(text.strip()) is not None


def _is_whole(text: str, is_jsonata: bool) -> bool:
    """True for the context object, or its Task, which hold the token."""
    pattern = _JSONATA_WHOLE if is_jsonata else _PATH_WHOLE
    return pattern.fullmatch(text.strip()) is not None


def _is_bare(text: str) -> bool:
    inner = text.strip().removeprefix("{%").removesuffix("%}").strip()
    return bool(_PATH_TOKEN.fullmatch(inner) or _JSONATA_TOKEN.fullmatch(inner))


def _not_evaluated(text: str, is_evaluated: bool, is_jsonata: bool) -> str | None:
    if is_jsonata:
        if is_evaluated and _JSONATA_TOKEN.search(text):
            return None
        return "is sent as that text: in JSONata write '{% $states.context.Task.Token %}'"
    if is_evaluated and _PATH_TOKEN.search(text):
        return None
    if is_evaluated and _is_whole(text, is_jsonata):
        return None
    if is_evaluated:
        return "is JSONata in a JSONPath state: write '$$.Task.Token'"
    return "is sent as that text: end its key in '.$'"


def _carrier(places: Places, path: Path, *, is_bare: bool) -> tuple[str | None, str | None]:
    """The carrier at a path, or what is wrong with it."""
    if path[0] == ATTRIBUTES:
        return _attribute_carrier(places, path, is_bare=is_bare)
    if path[0] != places.body_name:
        return None, f"is not a part of the message: send it in {ATTRIBUTES}.{TOKEN_ATTRIBUTE}"
    base, inner = path[:1], path[1:]
    node = places.body
    while inner[:1] == ("Payload",) and places.member(node, "TaskToken") is not None:
        base, inner = (*base, "Payload"), inner[1:]
        node = places.member(node, "Payload")
    if not is_bare and _may_hold_carrier(inner):
        return "expression", None
    return _body_carrier(places, node, inner)


def _body_carrier(
    places: Places,
    node: Node | None,
    inner: Path,
) -> tuple[str | None, str | None]:
    where = f"send it in {ATTRIBUTES}.{TOKEN_ATTRIBUTE}"
    if inner == ("TaskToken",):
        if places.member(node, "Payload") is not None:
            return "envelope", None
        return None, "is read beside 'Payload' alone, which is missing: put the payload there"
    if inner in (("process", 0, "callback", "task_token"), ("process", "callback", "task_token")):
        return "payload", None
    if inner == ("callback", "task_token"):
        if any(places.member(node, name) is not None for name in ("url", JOIN)):
            return "reference", None
        return None, "is read beside 'url' alone, which is missing: put it in process[0].callback"
    if inner[:1] == ("process",) and "callback" in inner:
        first = inner[:2] in (("process", 0), ("process", "callback"))
        if first and inner[-1] == "callback":
            return None, 'is not an object: write {"task_token": ...}'
        if first:
            return None, "is not read there: in 'callback' its key is 'task_token'"
        return None, "belongs to a workflow that is chained later: only process[0] is waited for"
    return None, f"stands where the product does not read it: {where}"


def _may_hold_carrier(inner: Path) -> bool:
    """True for a place in which an expression can build a carrier."""
    wholes: tuple[Path, ...] = (
        ("process", 0, "callback", "task_token"),
        ("process", "callback", "task_token"),
        ("callback", "task_token"),
        ("TaskToken",),
    )
    return any(inner == whole[: len(inner)] for whole in wholes if len(inner) < len(whole))


def _attribute_carrier(
    places: Places,
    path: Path,
    *,
    is_bare: bool,
) -> tuple[str | None, str | None]:
    if path == (ATTRIBUTES, TOKEN_ATTRIBUTE, "StringValue"):
        data_type = places.member(places.follow(path[:-1]), "DataType")
        if data_type is None:
            return "attribute", 'lacks its DataType: add "DataType": "String"'
        if data_type.text is not None and not data_type.is_later and data_type.text != "String":
            return "attribute", f"has the DataType {data_type.text!r}: it must be 'String'"
        return "attribute", None
    if len(path) <= 2 and not is_bare:  # noqa: PLR2004 - the attribute itself, or all of them
        return "expression", None
    if path[:2] == (ATTRIBUTES, TOKEN_ATTRIBUTE):
        return "attribute", "must be the attribute's StringValue"
    name = str(path[1]) if len(path) > 1 else ""
    known = (TOKEN_ATTRIBUTE, WAITER_PAYLOAD_ATTRIBUTE, WAITER_EXECUTION_ATTRIBUTE)
    meant = difflib.get_close_matches(name.lower().replace("_", "-"), known[:1], 1, 0.6)
    hint = f": did you mean {meant[0]}?" if meant else f": name it {TOKEN_ATTRIBUTE}"
    return None, f"is in an attribute that the product does not read{hint}"
