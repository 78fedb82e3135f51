"""How long a list of members, its object and an id may be, and what is said of what is longer."""

from __future__ import annotations

import gzip
import json
import re
from datetime import date
from typing import Any

import pytest

from cirrus_callbacks_plugin.joins import members
from cirrus_callbacks_plugin.joins.members import Attached, MemberError

ID = "c/workflow-w/i"
LIST = json.dumps([ID]).encode()
BYTES = len(LIST)


def test_the_sizes_are_a_contract() -> None:
    """As the pages of the documentation tell them."""
    assert members.MAX_LIST_BYTES == 358_400
    assert members.MAX_UNPACKED_BYTES == 33_554_432


@pytest.mark.parametrize(("size", "is_one"), [(2048, True), (2049, False)])
def test_an_id_has_at_most_2048_bytes(size: int, is_one: bool) -> None:
    """It is the partition key of its wait's row; bytes count, not characters."""
    given = "é" + "c" * (size - 1028 - 2) + "/workflow-w/".ljust(1028, "x")
    assert len(given.encode()) == size
    if is_one:
        assert members.parse(given, 0) == Attached(given)
    else:
        with pytest.raises(MemberError, match="at most 2,048 bytes"):
            members.parse(given, 0)


def test_a_list_that_no_row_holds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its size, the most, and the other way; one of just that size is held."""
    given = members.parse_list([ID])
    size = len(members.pack(given))
    monkeypatch.setattr(members, "MAX_LIST_BYTES", size)
    members.pack(given)
    monkeypatch.setattr(members, "MAX_LIST_BYTES", size - 1)
    said = f"takes {size} bytes gzipped, and a join holds {size - 1}: .*members_url"
    with pytest.raises(MemberError, match=said):
        members.pack(given)


@pytest.mark.parametrize("is_packed", [False, True])
def test_an_object_that_is_larger_than_a_list_may_be_is_refused(
    monkeypatch: pytest.MonkeyPatch, is_packed: bool
) -> None:
    """One of just that size is read."""
    body = gzip.compress(LIST) if is_packed else LIST
    monkeypatch.setattr(members, "MAX_UNPACKED_BYTES", BYTES)
    assert members.read_object(body) == (Attached(ID),)
    monkeypatch.setattr(members, "MAX_UNPACKED_BYTES", BYTES - 1)
    with pytest.raises(MemberError, match=f"larger than {BYTES - 1} bytes"):
        members.read_object(body)


def test_an_object_is_unpacked_no_further_than_a_list_may_be_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A few bytes may stand for gigabytes: what comes after the first ones is not looked at."""
    packed = gzip.compress(b" " * 1_000_000, mtime=0)
    spoiled = packed[:-8] + b"\0" * 8
    with pytest.raises(MemberError, match="cannot be unpacked"):
        members.read_object(spoiled)
    monkeypatch.setattr(members, "MAX_UNPACKED_BYTES", 1000)
    with pytest.raises(MemberError, match="larger than 1000 bytes"):
        members.read_object(spoiled)


def test_an_object_that_ends_too_early_is_no_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though all of its text be there: nobody can tell."""
    monkeypatch.setattr(members, "MAX_UNPACKED_BYTES", BYTES)
    with pytest.raises(MemberError, match="ends too early"):
        members.read_object(gzip.compress(LIST)[:-4])


def test_an_object_that_is_packed_wrongly_is_said_with_the_reason() -> None:
    """As zlib tells it."""
    with pytest.raises(MemberError, match="cannot be unpacked: Error -3"):
        members.read_object(gzip.compress(LIST)[:10] + b"\xff" * 20)


def test_what_stands_before_an_array_is_no_line() -> None:
    """A byte order mark, as some editors write it, and empty lines."""
    text = "\ufeff\r\n \t\n[\n" + json.dumps(ID) + "\n]\n"
    assert members.read_object(text.encode()) == (Attached(ID),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[" * 200_000, "the list is nested too deeply"),
        (f'"{ID}"\n' + '{"a":' * 200_000, "line 2 of the list is nested too deeply"),
    ],
    ids=["array", "lines"],
)
def test_what_is_nested_too_deeply_is_said(text: str, said: str) -> None:
    """An object that Python cannot read is not a list."""
    with pytest.raises(MemberError, match=f"^{re.escape(said)}$"):
        members.read_object(text.encode())


@pytest.mark.parametrize(
    ("value", "said"), [(1.5, "a number"), (7, "a number"), (date(2024, 6, 1), "not an object")]
)
def test_what_is_no_member_is_said(value: Any, said: str) -> None:
    """A definition in YAML may hold what JSON has no word for."""
    with pytest.raises(MemberError, match=f"member 3 is {said}: give"):
        members.parse(value, 3)
