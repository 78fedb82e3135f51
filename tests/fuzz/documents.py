"""JSON documents that hold task tokens: as they are sent, and as they are without a token.

The second form is written by these few lines from what was *put into* the document, and
knows nothing of the product's own search: it is what the bare handler is given.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_TOKEN_CHARS = 2048
MEMBER_TOKEN = re.compile(r"#join:[0-9a-f]{32}:(0|[1-9][0-9]{0,3})")


@dataclass(slots=True)
class Literal:
    """JSON as it stands: an odd number, a deep nesting."""

    text: str


@dataclass(slots=True)
class Secret:
    """What stands where a task token should, usable or not.

    Attributes:
        value: the token, or something else.
        may_wait: False in a carrier that is taken out and waits for nothing.
    """

    value: Any
    may_wait: bool = True

    @property
    def is_usable(self) -> bool:
        """True for what Step Functions would take as a token."""
        if not isinstance(self.value, str) or not 0 < len(self.value) <= MAX_TOKEN_CHARS:
            return False
        if not self.may_wait:
            return False
        try:
            self.value.encode()
        except UnicodeEncodeError:
            return False
        return not self.value.startswith("#") or MEMBER_TOKEN.fullmatch(self.value) is not None


@dataclass(slots=True)
class Object:
    """An object, a name maybe given twice; a member may be a carrier, which is to go."""

    members: list[tuple[str, Any, bool]] = field(default_factory=list)

    @classmethod
    def of(cls, values: dict[str, Any]) -> Object:
        """An object without carriers."""
        return cls([(name, value, False) for name, value in values.items()])


@dataclass(slots=True)
class Envelope:
    """``{"Payload": ..., "TaskToken": ...}``: without its tokens it is its last payload."""

    members: list[tuple[str, Any]]

    @property
    def payload(self) -> Any:
        """What cirrus is to see."""
        return [value for name, value in self.members if name == "Payload"][-1]


@dataclass(slots=True)
class Text:
    """JSON in a text in JSON: a message's body, a notification's ``Message``."""

    document: Any
    is_ascii: bool = True
    ending: str = ""

    def sent(self) -> str:
        """The text as it is sent."""
        return as_sent(self.document, is_ascii=self.is_ascii) + self.ending

    def clean(self) -> str:
        """The text without carriers; the very same one where it has none."""
        return as_clean(self.document) if has_carrier(self.document) else self.sent()


def as_sent(node: Any, *, is_ascii: bool = True) -> str:
    """A document as JSON, with its tokens."""

    def write(value: Any) -> str:
        return as_sent(value, is_ascii=is_ascii)

    match node:
        case Literal():
            return node.text
        case Secret():
            return json.dumps(node.value, ensure_ascii=is_ascii)
        case Text():
            return json.dumps(node.sent(), ensure_ascii=is_ascii)
        case Object():
            parts = [f"{json.dumps(name)}: {write(value)}" for name, value, _ in node.members]
        case Envelope():
            parts = [f"{json.dumps(name)}: {write(value)}" for name, value in node.members]
        case dict():
            parts = [f"{json.dumps(name)}: {write(value)}" for name, value in node.items()]
        case list():
            return f"[{', '.join(write(each) for each in node)}]"
        case _:
            return json.dumps(node, ensure_ascii=is_ascii)
    return "{" + ", ".join(parts) + "}"


def as_clean(node: Any) -> str:
    """A document as JSON, without its carriers; of a name given twice the last value."""
    match node:
        case Literal():
            return node.text
        case Text():
            return json.dumps(node.clean())
        case Envelope():
            return as_clean(node.payload)
        case Object():
            left = {name: value for name, value, is_carrier in node.members if not is_carrier}
            return as_clean(left)
        case dict():
            parts = [f"{json.dumps(name)}: {as_clean(value)}" for name, value in node.items()]
            return "{" + ", ".join(parts) + "}"
        case list():
            return f"[{', '.join(as_clean(each) for each in node)}]"
        case _:
            return json.dumps(node)


def has_carrier(node: Any) -> bool:
    """True where something has to go."""
    match node:
        case Envelope():
            return True
        case Object():
            return any(is_carrier or has_carrier(value) for _, value, is_carrier in node.members)
        case Text():
            return has_carrier(node.document)
        case list():
            return any(has_carrier(each) for each in node)
        case dict():
            return any(has_carrier(each) for each in node.values())
        case _:
            return False


def secrets(node: Any) -> Iterator[Secret]:
    """Everything in a document that stands where a token should."""
    match node:
        case Secret():
            yield node
        case Text():
            yield from secrets(node.document)
        case Envelope() | Object():
            for member in node.members:
                yield from secrets(member[1])
        case list():
            for each in node:
                yield from secrets(each)
        case dict():
            for each in node.values():
                yield from secrets(each)
