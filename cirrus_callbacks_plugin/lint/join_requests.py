"""Join requests as a definition holds them: what is written out, and what is computed later.

The rules of a request are those of :mod:`cirrus_callbacks_plugin.joins.request`. What is not
known yet is given a value that breaks none of them, so that the rest can be judged.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.asl import json_source
from cirrus_callbacks_plugin.asl.errors import UnreadableError
from cirrus_callbacks_plugin.asl.nodes import Expression
from cirrus_callbacks_plugin.errors import RequestError
from cirrus_callbacks_plugin.joins.request import KEY, NOT_BESIDE, JoinRequest
from cirrus_callbacks_plugin.lint.data import jsonata

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.asl.nodes import Node
    from cirrus_callbacks_plugin.lint.tokens import Path, Places

_SOME_ID = "collection/workflow-name/item"
_SOME_URL = "s3://bucket/key"
_LISTS = {"members": [_SOME_ID], "members_url": _SOME_URL}


def message_of(places: Places) -> Node | None:
    """The message out of its envelopes; a JSON text as what is written in it."""
    node = _written(places.body)
    while places.member(node, "TaskToken") is not None and places.member(node, "Payload"):
        node = _written(places.member(node, "Payload"))
    return node


def join_of(places: Places) -> Node | None:
    """What stands under ``join`` in a message that is a join request; None in any other.

    What a path or an intrinsic function makes (``join.$``) is known later.
    """
    message = message_of(places)
    join = places.member(message, KEY)
    beside = [places.member(message, name) for name in NOT_BESIDE]
    if message is None or join is None or beside != [None] * len(beside):
        return None
    is_computed = message.get(KEY) is None  # the path in "join.$" is not the request
    return replace(join, value=Expression(join.text or "")) if is_computed else join


def beside_join(places: Places) -> str | None:
    """The key that makes a payload of a message with ``join`` in it; None where none does."""
    message = message_of(places)
    if places.member(message, KEY) is None:
        return None
    return next((name for name in NOT_BESIDE if places.member(message, name) is not None), None)


def members_of(join: Node) -> tuple[Node, ...]:
    """The members that are written out."""
    members = join.get("members")
    if members is None:
        return ()
    return members.elements if members.is_list else (members,) if members.is_object else ()


def is_in_members(places: Places, path: Path) -> bool:
    """True for a place below a request's ``members``; envelopes are taken off."""
    inner = path[1:] if path[:1] == (places.body_name,) else ()
    while inner[:1] == ("Payload",):
        inner = inner[1:]
    return inner[:2] == (KEY, "members")


def problem_of(join: Node, *, is_jsonata: bool) -> str | None:
    """What is wrong with a request, as far as it can be seen; None where nothing is."""
    try:
        JoinRequest.parse(_Known(is_jsonata).request(join))
    except RequestError as error:
        return str(error)
    return None


def _written(node: Node | None) -> Node | None:
    text = None if node is None else node.text
    if node is None or text is None or not text.lstrip().startswith("{"):
        return node
    try:
        return json_source.parse(text).root
    except UnreadableError:
        return node


class _Known:
    """A request with every value that is computed replaced by a sound one."""

    def __init__(self, is_jsonata: bool) -> None:
        self._is_jsonata = is_jsonata

    def request(self, join: Node) -> Any:
        if self._is_later(join):
            return {"members": []}
        if not join.is_object:
            return join.value if not join.is_list else []
        request: dict[str, Any] = {}
        for key, node in join.members.items():
            name, is_computed = self._named(key)
            if name in _LISTS and (is_computed or self._is_later(node)):
                request[name] = _LISTS[name]
            elif not is_computed and not self._is_later(node):
                request[name] = self._members(node) if name == "members" else _plain(node)
            elif name not in _OPTIONAL:
                request[name] = None
        both = set(request) >= set(_LISTS)
        if "members" in request and self._may_be_many(join) and not both:
            del request["members"]
            request["members_url"] = _SOME_URL  # how many there are is not known
        return request

    def _may_be_many(self, join: Node) -> bool:
        members = join.get("members")
        return members is None or self._is_later(members)

    def _members(self, node: Node) -> Any:
        if node.is_list:
            return [self._member(each) for each in node.elements]
        return self._member(node)

    def _member(self, node: Node) -> Any:
        if self._is_later(node):
            return _SOME_ID
        if not node.is_object:
            return _plain(node)
        member: dict[str, Any] = {}
        for key, each in node.members.items():
            name, is_computed = self._named(key)
            is_known = not is_computed and not self._is_later(each)
            sound = {"url": _SOME_URL, "payload_id": _SOME_ID}.get(name)
            member[name] = _plain(each) if is_known or sound is None else sound
        return member

    def _named(self, key: str) -> tuple[str, bool]:
        is_computed = not self._is_jsonata and key.endswith(".$")
        return (key.removesuffix(".$"), True) if is_computed else (key, False)

    def _is_later(self, node: Node) -> bool:
        if node.is_later:
            return True
        return self._is_jsonata and node.text is not None and jsonata.inside(node.text) is not None


_OPTIONAL = ("succeed_on", "answer", "deadline_seconds", "name")


def _plain(node: Node) -> Any:
    """A value as JSON; of an object or a list only that it is one."""
    if node.is_object:
        return {}
    return [] if node.is_list else node.value
