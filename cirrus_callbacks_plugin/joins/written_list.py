"""A list of members as it is written, each member read when it is asked for.

The object behind ``members_url`` may have 32 MiB, and parsed a list takes ten times its size and
more: the sender has 256 MB. So its members are kept as texts, and one at a time is parsed.
"""

from __future__ import annotations

import codecs
import gzip
import io
import json
import re
import zlib
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.joins.members import MAX_MEMBERS, Member, MemberError, parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_UNPACKED_BYTES = 32 * 1024 * 1024
"""Of a list behind ``members_url``."""
MAX_MEMBER_BYTES = 4 * 1024 * 1024
"""Of one member's text in it: a message holds 1 MiB, so this much can only be white space."""
_PIECE = 64 * 1024
"""Of an array, decoded at once."""
_UNDECIDED = len("1e+") - len("1") + 1
"""With fewer characters behind it, what is read as a number may be the beginning of another."""
_GZIPPED = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_SPACE = re.compile(r"[ \t\r\n]*")
_SPACE_BYTES = b" \t\r\n"


class WrittenList:
    """Members by their index; each access parses one.

    Args:
        texts: the members' JSON texts.
        lines: where each begins in JSON lines, from 1; None for an array.
        source: the URL of the object, for errors.

    Raises:
        MemberError: on access: the member breaks the rules.
    """

    def __init__(self, texts: Sequence[bytes], lines: Sequence[int] | None, source: str) -> None:
        if len(texts) > MAX_MEMBERS:
            raise MemberError(
                f"there are {len(texts)} members, and a join has at most {MAX_MEMBERS}: split it "
                f"({source})",
            )
        self._texts, self._lines, self._source = texts, lines, source

    @classmethod
    def read(cls, body: bytes, source: str) -> WrittenList:
        """Take an object apart: a JSON array or JSON lines, gzipped or not.

        Raises:
            MemberError: it is too large, is not such a list, or has too many members.
        """
        try:
            body = _unpacked(body)
            start = len(body) - len(body.removeprefix(_BOM).lstrip(_SPACE_BYTES))
            if body.startswith(b"[", start):
                return cls(list(_elements(body, start)), None, source)
        except MemberError as error:
            raise MemberError(f"{error} ({source})") from error
        lines, texts = _lines(body)
        return cls(texts, lines, source)

    def __len__(self) -> int:
        return len(self._texts)

    def __iter__(self) -> Iterator[Member]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> Member:
        try:
            return self._parsed(self._texts[index], index)
        except MemberError as error:
            line = "" if self._lines is None else f"line {self._lines[index]} of "
            raise MemberError(f"{error} ({line}{self._source})") from error

    def _parsed(self, text: bytes, index: int) -> Member:
        if len(text) > MAX_MEMBER_BYTES:
            raise MemberError(_too_large(index, "is larger than"))
        try:
            value: Any = json.loads(text.decode())
        except UnicodeDecodeError as error:
            raise MemberError(f"member {index} is not in UTF-8") from error
        except ValueError as error:
            raise MemberError(f"member {index} is not JSON: {error}") from error
        except RecursionError:
            raise MemberError(f"member {index} is nested too deeply") from None
        return parse(value, index)

    def may_hold(self, index: int, text: str) -> bool:
        """False where a member certainly does not hold a text of ASCII; a quick look."""
        written = self._texts[index]
        return b"\\" in written or text.encode() in written  # it may be written with escapes

    def size(self, index: int) -> int:
        """The bytes of a member's text."""
        return len(self._texts[index])


def _unpacked(body: bytes) -> bytes:
    if body.startswith(_GZIPPED):
        try:
            # Files of several gzipped parts, one after the other, are common: all are read.
            with gzip.GzipFile(fileobj=io.BytesIO(body)) as parts:
                body = parts.read(MAX_UNPACKED_BYTES + 1)
        except EOFError as error:
            raise MemberError("the list cannot be unpacked: it ends too early") from error
        except (OSError, zlib.error) as error:
            raise MemberError(f"the list cannot be unpacked: {error}") from error
    if len(body) > MAX_UNPACKED_BYTES:
        raise MemberError(f"the list is larger than {MAX_UNPACKED_BYTES} bytes: split the join")
    return body


def _lines(body: bytes) -> tuple[list[int], list[bytes]]:
    # Only a line feed ends a line of JSON lines: other separators may stand in a text.
    numbered = enumerate(body.removeprefix(_BOM).split(b"\n"), start=1)
    there = [(number, line) for number, line in numbered if line.strip()]
    return [number for number, _ in there], [line for _, line in there]


def _elements(body: bytes, start: int) -> Iterator[bytes]:
    """The texts of a JSON array's elements.

    Args:
        body: holds the array.
        start: where it begins.

    Raises:
        MemberError: it is not an array, or an element does not end.
    """
    array = _Array(body, start + 1)
    count = 0
    if array.next_is("]"):
        array.end()
        return
    while True:
        yield array.element(count)
        count += 1
        if array.next_is("]"):
            array.end()
            return
        if not array.next_is(","):
            raise array.error("a comma or the end of the array is missing")


class _Array:
    """Reads an array from its beginning to its end, a piece at a time."""

    def __init__(self, body: bytes, start: int) -> None:
        self._body, self._taken = body, start
        self._decode = codecs.getincrementaldecoder("utf-8")().decode
        self._scan = json.JSONDecoder().raw_decode
        self._text, self._at = "", 0

    def next_is(self, sign: str) -> bool:
        """Go past a sign, if it comes next."""
        self._skip_space()
        if not self._text.startswith(sign, self._at):
            return False
        self._at += 1
        return True

    def element(self, index: int) -> bytes:
        """Go past a value; its text."""
        self._skip_space()
        while True:
            try:
                _, end = self._scan(self._text, self._at)
            except RecursionError:
                raise MemberError(f"member {index} is nested too deeply") from None
            except ValueError as error:
                what = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
                if len(self._text) - self._at > MAX_MEMBER_BYTES:
                    # What is wrong with it, if anything, is not looked for to the object's end.
                    raise MemberError(_too_large(index, f"does not end ({what}) within")) from error
                if self._more():
                    continue
                raise self.error(f"{what}, in member {index}") from error
            if end > len(self._text) - _UNDECIDED and self._more():
                continue  # a number may go on
            text = self._text[self._at : end]
            self._at = end
            return text.encode()

    def end(self) -> None:
        """See that nothing follows."""
        self._skip_space()
        if self._at < len(self._text):
            raise self.error("something follows the array")

    def error(self, what: str) -> MemberError:
        """What is wrong, and on which line of the object the reading stopped."""
        behind = len(self._text[self._at :].encode())
        line = self._body.count(b"\n", 0, self._taken - behind) + 1
        return MemberError(f"the list is not a JSON array: {what}, line {line}")

    def _skip_space(self) -> None:
        while True:
            match = _SPACE.match(self._text, self._at)
            self._at = match.end() if match is not None else self._at
            if self._at < len(self._text) or not self._more():
                return

    def _more(self) -> bool:
        """Decode as much again as there is; False at the end of the object."""
        left = len(self._text) - self._at
        if self._taken >= len(self._body):
            return False
        piece = self._body[self._taken : self._taken + max(_PIECE, left)]
        self._taken += len(piece)
        try:
            decoded = self._decode(piece, self._taken >= len(self._body))
        except UnicodeDecodeError as error:
            raise MemberError("the list is not in UTF-8") from error
        self._text, self._at = self._text[self._at :] + decoded, 0
        return True


def _too_large(index: int, how: str) -> str:
    return (
        f"member {index} {how} {MAX_MEMBER_BYTES} bytes, and a message holds 1 MiB: put "
        'it into S3 and give {"url": "s3://..."}'
    )
