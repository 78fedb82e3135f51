"""Members and their list: how long they may be, and what they may hold."""

from __future__ import annotations

import gzip
import json
from datetime import date
from typing import Any

import pytest

from cirrus_callbacks_plugin.joins import members
from cirrus_callbacks_plugin.joins.members import Attached, MemberError, Payload, Reference

ID = "c/workflow-w/i"
TOKEN = "AQCEAAAAKgAAAAMAAAAA/the-parents+own="
DEEP = 200_000


def test_the_sizes_are_a_contract() -> None:
    """As the pages of the documentation tell them."""
    assert members.MAX_LIST_BYTES == 358_400


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


@pytest.mark.parametrize(
    ("value", "said"), [(1.5, "a number"), (7, "a number"), (date(2024, 6, 1), "not an object")]
)
def test_what_is_no_member_is_said(value: Any, said: str) -> None:
    """A definition in YAML may hold what JSON has no word for."""
    with pytest.raises(MemberError, match=f"member 3 is {said}: give"):
        members.parse(value, 3)


@pytest.mark.parametrize(
    "payload_id",
    [
        "c/workflow-w/i/workflow-v/j",
        "c/workflow-a/workflow-w/i",
        "/workflow-w/i",
        "c/workflow-/i",
        "c/workflow-w/",
        "c/workflow-w",
    ],
)
def test_an_id_of_no_payload_of_cirrus_is_refused(payload_id: str) -> None:
    """Behind a second ``/workflow-`` it would be told the end of another payload."""
    with pytest.raises(MemberError, match=r"member 4 .*COLLECTIONS/workflow-NAME/ITEMS"):
        members.parse(payload_id, 4)


@pytest.mark.parametrize(
    "url", ["s3://", "s3://b", "s3://b/", "s3:///k", "S3://b/k", "s3://b/\ud800", 7, None]
)
def test_a_reference_that_leads_to_no_object_is_refused(url: Any) -> None:
    """Cirrus would raise for its whole batch."""
    with pytest.raises(MemberError, match="member 0 has a url that is not s3://BUCKET/KEY"):
        members.parse({"url": url}, 0)


@pytest.mark.parametrize(
    "body",
    [
        {"process": [{"callback": {"task_token": TOKEN}}]},
        {"process": [], "Payload": {"TaskToken": TOKEN}},
        {"process": [], "body": json.dumps({"task_token": TOKEN})},
        {"process": [], TOKEN: 1},
    ],
    ids=["callback", "envelope", "JSON in a text", "a key"],
)
def test_the_joins_own_token_in_a_member_is_refused(body: dict[str, Any]) -> None:
    """The member's payload would answer the parent, before the others have ended."""
    with pytest.raises(MemberError, match="member 1 holds the join's own task token") as met:
        members.refuse_token(Payload(body), 1, TOKEN)
    assert TOKEN not in str(met.value)


def test_a_token_of_its_own_may_come_with_a_member() -> None:
    """Its owner waits for that payload; references and ids hold none."""
    own = Payload({"process": [{"callback": {"task_token": "another"}}]})
    for each in (own, Reference("s3://b/k"), Attached(ID)):
        members.refuse_token(each, 0, TOKEN)


def test_a_list_that_python_cannot_read_or_write_breaks_a_rule() -> None:
    """The hook's Python may read deeper than the sender's: the join is told, not its shard."""
    deep: list[Any] = []
    for _ in range(DEEP):
        deep = [deep]
    with pytest.raises(MemberError, match="the list is nested too deeply"):
        members.pack((Payload({"process": deep}),))
    packed = gzip.compress(('[{"process":' + "[" * DEEP + "]" * DEEP + "}]").encode())
    with pytest.raises(MemberError, match="the list is nested too deeply"):
        members.unpack(packed)
    while deep:  # let go level by level: Python would end at so many at once
        deep = deep.pop()
