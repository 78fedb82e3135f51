"""A list behind ``members_url``: taken apart as it is written, parsed member by member."""

from __future__ import annotations

import gzip
import json
import re
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.joins import written_list
from cirrus_callbacks_plugin.joins.members import Attached, Member, MemberError, Payload
from cirrus_callbacks_plugin.joins.written_list import WrittenList

if TYPE_CHECKING:
    from collections.abc import Sequence

ID = "c/workflow-w/i"
PAYLOAD = {"process": [{"workflow": "w"}], "id": ID, "name": "M\u00fcnchen \U0001f6f0 \u2028"}
LIST = json.dumps([ID]).encode()
URL = "s3://bucket/lists/today"
DEEP = 200_000


def read(body: bytes) -> Sequence[Member]:
    """All of it, parsed."""
    return tuple(WrittenList.read(body, URL))


def written(members: Sequence[Any], form: str) -> bytes:
    """A list in one of the forms in which people write one."""
    if form == "lines":
        return "\n".join(json.dumps(each, ensure_ascii=False) for each in members).encode()
    indent = 2 if form == "indented" else None
    return json.dumps(members, ensure_ascii=form == "ascii", indent=indent).encode()


def test_the_sizes_are_a_contract() -> None:
    """As the pages of the documentation tell them."""
    assert written_list.MAX_UNPACKED_BYTES == 33_554_432
    assert written_list.MAX_MEMBER_BYTES == 4_194_304


@pytest.mark.parametrize("is_packed", [False, True])
@pytest.mark.parametrize("form", ["array", "ascii", "indented", "lines"])
@pytest.mark.parametrize("piece", [1, 2, 3, 7, 65536])
def test_every_form_and_wherever_a_piece_ends(
    monkeypatch: pytest.MonkeyPatch, form: str, piece: int, is_packed: bool
) -> None:
    """Within a character, a number, an escape: the members are the same."""
    monkeypatch.setattr(written_list, "_PIECE", piece)
    given = [PAYLOAD, ID, {"process": [], "n": 12345.75e-3, "text": '\\ " [ ] , \t'}, {**PAYLOAD}]
    body = written(given, form)
    found = WrittenList.read(gzip.compress(body) if is_packed else body, URL)
    assert list(found) == [Payload(PAYLOAD), Attached(ID), Payload(given[2]), Payload(PAYLOAD)]  # type: ignore[arg-type]
    assert (len(found), found[1]) == (4, Attached(ID))


@pytest.mark.parametrize("number", ["1e+30", "-2.5", "12345678901234567890", "0"])
def test_a_number_is_read_whole(monkeypatch: pytest.MonkeyPatch, number: str) -> None:
    """Its beginning is a number, too: it may end where a piece does."""
    monkeypatch.setattr(written_list, "_PIECE", 1)
    with pytest.raises(MemberError, match="member 1 is a number"):
        read(f'["{ID}", {number}, "{ID}"]'.encode())


@pytest.mark.parametrize("text", ["[]", "[ \n ]", "", " \n", "\ufeff", "\ufeff[]\n"])
def test_a_list_of_none(text: str) -> None:
    """An empty array, or JSON lines of nothing."""
    assert read(text.encode()) == ()
    assert read(gzip.compress(text.encode())) == ()


@pytest.mark.parametrize("form", ["array", "lines"])
def test_a_byte_order_mark_is_passed_over(form: str) -> None:
    """As some editors write it; so are empty lines before the list."""
    assert read(b"\xef\xbb\xbf" + written([ID, ID], form)) == (Attached(ID), Attached(ID))
    assert read(b"\xef\xbb\xbf\r\n \t\n" + written([ID], form)) == (Attached(ID),)


def test_several_gzipped_parts_are_one_list() -> None:
    """As ``cat a.gz b.gz``, Firehose and bgzip write them; zeros may fill a block."""
    parts = [gzip.compress(f'"c/workflow-w/{each}"\n'.encode()) for each in "abc"]
    assert len(read(b"".join(parts))) == 3
    assert len(read(b"".join([*parts, b"\0" * 512]))) == 3


def test_something_behind_what_is_gzipped_is_refused() -> None:
    """What it is cannot be told: members may be missing."""
    with pytest.raises(MemberError, match="cannot be unpacked"):
        read(gzip.compress(LIST) + b"more")


@pytest.mark.parametrize("is_packed", [False, True])
def test_an_object_that_is_larger_than_a_list_may_be_is_refused(
    monkeypatch: pytest.MonkeyPatch, is_packed: bool
) -> None:
    """One of just that size is read; parts count together."""
    body = gzip.compress(LIST[:5]) + gzip.compress(LIST[5:]) if is_packed else LIST
    monkeypatch.setattr(written_list, "MAX_UNPACKED_BYTES", len(LIST))
    assert read(body) == (Attached(ID),)
    monkeypatch.setattr(written_list, "MAX_UNPACKED_BYTES", len(LIST) - 1)
    with pytest.raises(MemberError, match=f"larger than {len(LIST) - 1} bytes"):
        read(body)


def test_an_object_is_unpacked_no_further_than_a_list_may_be_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A few bytes may stand for gigabytes: what comes after the first ones is not looked at."""
    spoiled = gzip.compress(b" " * 1_000_000, mtime=0)[:-8] + b"\0" * 8
    with pytest.raises(MemberError, match="cannot be unpacked"):
        read(spoiled)
    monkeypatch.setattr(written_list, "MAX_UNPACKED_BYTES", 1000)
    with pytest.raises(MemberError, match="larger than 1000 bytes"):
        read(spoiled)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"[1,", "the list is not a JSON array: Expecting value, in member 1, line 1"),
        (b'\n\n[\n"a"\n"b"]', "a comma or the end of the array is missing, line 5"),
        (b'["a",]', "Expecting value, in member 1"),
        (b"[] 1", "something follows the array, line 1"),
        (b'["a", "b", tru]', "Expecting value, in member 2"),
        (b'[\n"a"\n"b"\n\n\n]', "the end of the array is missing, line 3"),
        (b"[" + b"1" * 5000 + b"]", "Exceeds the limit .*, in member 0"),
        (b'["a"] ["b"]', "something follows the array, line 1"),
        (b'["a"', "a comma or the end of the array is missing"),
        (b'[{"a": tru}]', "Expecting value, in member 0"),
        (b'\n\n{"process": []}\nnot json', "member 1 is not JSON: .* \\(line 4 of "),
        (b'{"process": []}\n\n7', "member 1 is a number: .* \\(line 3 of "),
        (b'[{"url": "s3://b/k"}, 3]', "member 1 is a number"),
        (b'\x0c["a"]', "member 0 is not JSON"),
        (b"\xff\xfe", "member 0 is not in UTF-8 .*line 1 of"),
        (b'["\xff"]', "the list is not in UTF-8"),
        (b'["\xc3', "the list is not in UTF-8"),
        (gzip.compress(LIST, mtime=0)[:-4], "cannot be unpacked: it ends too early"),
        (gzip.compress(LIST, mtime=0)[:10] + b"\xff" * 20, "cannot be unpacked: Error -3"),
        (b"[" * DEEP, "member 0 is nested too deeply"),
        (f'"{ID}"\n'.encode() + b'{"a":' * DEEP, "member 1 is nested too deeply .*line 2"),
        (b"[" + b",".join([LIST[1:-1]] * 10_001) + b"]", "at most 10000"),
    ],
)
def test_what_is_not_a_list_of_members_is_said(body: bytes, said: str) -> None:
    """Which member, on which line of the object as an editor counts them, and its URL."""
    with pytest.raises(MemberError, match=f"{said}.*{re.escape(URL)}"):
        read(body)


@pytest.mark.parametrize("form", ["array", "lines"])
def test_ten_thousand_members_are_taken(form: str) -> None:
    """And not one more."""
    assert len(WrittenList.read(written([ID] * 10_000, form), URL)) == 10_000
    with pytest.raises(MemberError, match="there are 10001 members"):
        WrittenList.read(written([ID] * 10_001, form), URL)


@pytest.mark.parametrize("form", ["array", "lines"])
def test_a_member_that_no_message_could_hold_is_refused(
    monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """It is not parsed, or the sender might have too little memory for it."""
    monkeypatch.setattr(written_list, "_PIECE", 8)
    body = written([ID, {"process": [], "x": "y" * 100}], form)
    largest = len(written([{"process": [], "x": "y" * 100}], "lines"))
    monkeypatch.setattr(written_list, "MAX_MEMBER_BYTES", largest)
    assert len(read(body)) == 2
    monkeypatch.setattr(written_list, "MAX_MEMBER_BYTES", largest - 1)
    with pytest.raises(MemberError, match=r"member 1 is larger than \d+ bytes.*put it into S3"):
        read(body)


def test_a_member_without_an_end_is_not_looked_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is merely too long for a message is not called wrong JSON."""
    monkeypatch.setattr(written_list, "_PIECE", 8)
    monkeypatch.setattr(written_list, "MAX_MEMBER_BYTES", 50)
    body = written([ID, {"process": [], "x": "y" * 500}, ID], "array")
    said = r"member 1 does not end \(Unterminated string .*\) within 50 bytes.*put it into S3"
    with pytest.raises(MemberError, match=said):
        read(body)


@pytest.mark.parametrize("form", ["array", "lines"])
def test_a_long_list_takes_little_more_than_its_text(form: str) -> None:
    """Numbers take ten times as much when they are parsed: one member at a time is."""
    ring = [[1.5 + each, 2.5 + each] for each in range(2000)]
    payload = {"process": [], "features": [{"geometry": {"coordinates": [ring]}}]}
    body = written([payload] * 60, form)
    tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        count = sum(1 for _ in WrittenList.read(body, URL))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 60
    assert peak < 2.5 * len(body), (peak, len(body))
