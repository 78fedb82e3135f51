"""YAML as cirrus 0.x, CloudFormation, SAM and the serverless framework keep state machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.asl.errors import UnreadableError
from cirrus_callbacks_plugin.asl.json_source import MAX_DEPTH, Parsed
from cirrus_callbacks_plugin.asl.nodes import Duplicate, Expression, Node, Position

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import yaml

SUFFIXES = (".yml", ".yaml")
_OWN_TAG = "tag:yaml.org,2002:"
_MERGE = f"{_OWN_TAG}merge"
_TEXT_TAGS = ("!Sub",)
"""What these make of a text is a text, with ``${...}`` filled in later."""
_LONG_FORMS = {"!Join": "Fn::Join", "!Sub": "Fn::Sub", "!GetAtt": "Fn::GetAtt"}
"""CloudFormation's short forms of a list."""


def is_yaml(path: str) -> bool:
    """True for a file that is YAML by its name."""
    return path.lower().endswith(SUFFIXES)


def parse(text: str) -> Parsed:
    """Read the first YAML document of a text.

    Raises:
        UnreadableError: it is not YAML, or refers to itself.
    """
    import yaml

    try:
        loader = yaml.SafeLoader(text)
        loader.compose_node = _at_most(MAX_DEPTH, loader.compose_node)  # type: ignore[method-assign]
        root = loader.get_single_node()
        if root is None:
            raise UnreadableError("is empty", Position(1, 1))
        reader = _Reader(loader, text)
        return Parsed(reader.node(root), (), tuple(reader.duplicates))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = Position(1, 1) if mark is None else Position(mark.line + 1, mark.column + 1)
        raise UnreadableError(error.problem or "is not YAML", at) from None
    except (yaml.YAMLError, ValueError) as error:
        if isinstance(error, UnreadableError):
            raise
        raise UnreadableError(str(error).splitlines()[0], Position(1, 1)) from None
    except RecursionError:  # levels add up where an alias stands deep in another one
        raise UnreadableError("is nested too deeply", Position(1, 1)) from None


def _at_most(levels: int, compose: Callable[..., Any]) -> Callable[..., Any]:
    """Compose nodes down to a depth.

    For each token PyYAML looks at every open bracket: some thousands of them took it many
    seconds, before the interpreter's limit ended it.
    """
    depth = 0

    def compose_node(*arguments: Any) -> Any:
        nonlocal depth
        if depth > levels:
            raise UnreadableError("is nested too deeply", Position(1, 1))
        depth += 1
        try:
            return compose(*arguments)
        finally:
            depth -= 1

    return compose_node


class _Reader:
    """Turns PyYAML's nodes into ours; an anchor's node is made once."""

    def __init__(self, loader: yaml.SafeLoader, text: str) -> None:
        self.duplicates: list[Duplicate] = []
        self._loader = loader
        self._lines = text.splitlines()
        self._made: dict[int, Node | None] = {}

    def node(self, given: Any) -> Node:
        if id(given) in self._made:
            made = self._made[id(given)]
            if made is None:
                raise UnreadableError("an anchor refers to itself", _position(given))
            return made
        self._made[id(given)] = None
        made = self._make(given)
        self._made[id(given)] = made
        return made

    def _make(self, given: Any) -> Node:
        import yaml

        at = _position(given)
        if isinstance(given, yaml.MappingNode):
            return self._mapping(given, at)
        if isinstance(given, yaml.SequenceNode):
            if not given.tag.startswith(_OWN_TAG) and given.tag not in _LONG_FORMS:
                return Node(Expression(given.tag), at)
            elements = Node(tuple(self.node(each) for each in given.value), at)
            long_form = _LONG_FORMS.get(given.tag)
            return elements if long_form is None else Node({long_form: elements}, at)
        if given.tag.startswith(_OWN_TAG):
            value = self._loader.construct_object(given)
            if not (value is None or isinstance(value, (str, int, float, bool))):
                value = given.value  # a date, say: JSON has only texts
            return self._scalar(given, value, at)
        if given.tag in _TEXT_TAGS:
            return self._scalar(given, given.value, at)
        return Node(Expression(f"{given.tag} {given.value}"), at)

    def _scalar(self, given: Any, value: Any, at: Position) -> Node:
        if isinstance(value, str) and given.style == "|":
            return Node(value, self._first_line(given, value), is_block=True)
        return Node(value, at)

    def _mapping(self, given: Any, at: Position) -> Node:
        seen: dict[str, Position] = {}
        duplicates: list[Duplicate] = []
        for key, _ in given.value:
            name = str(key.value)
            if name in seen and key.tag != _MERGE:
                duplicates.append(Duplicate(name, _position(key), seen[name]))
            seen.setdefault(name, _position(key))
        self.duplicates += duplicates
        members: dict[str, Node] = {}
        keys: dict[str, Position] = {}
        for key, value in given.value:
            if key.tag != _MERGE:
                members[str(key.value)] = self.node(value)
                keys[str(key.value)] = _position(key)
        for merged in self._merged(given):
            for name, member in merged.members.items():
                members.setdefault(name, member)
                keys.setdefault(name, merged.where(name))
        return Node(members, at, keys, duplicates=tuple(duplicates))

    def _merged(self, given: Any) -> Iterator[Node]:
        """What ``<<`` brings in, the first one first: it outranks the others."""
        for key, value in given.value:
            if key.tag == _MERGE:
                node = self.node(value)
                for each in node.elements if node.is_list else (node,):
                    if not each.is_object:
                        raise UnreadableError(
                            "'<<' takes a mapping, or a list of them", _position(key)
                        )
                    yield each

    def _first_line(self, given: Any, value: str) -> Position:
        """Where the text of a block begins, so that JSON in it keeps its lines."""
        line = given.start_mark.line + 1
        source = self._lines[line] if line < len(self._lines) else ""
        first = value.split("\n", 1)[0]
        indent = len(source) - len(source.lstrip()) - (len(first) - len(first.lstrip()))
        return Position(line + 1, max(indent, 0) + 1)


def _position(given: Any) -> Position:
    return Position(given.start_mark.line + 1, given.start_mark.column + 1)
