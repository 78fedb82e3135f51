"""The rows of a join as DynamoDB holds them, and those that nobody of this package wrote so."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from cirrus_callbacks_plugin.joins.rows import (
    Definition,
    Expansion,
    Join,
    MemberRow,
    join_id_of,
    join_key,
    member_key,
    read_whole,
    row_from_item,
    wait_of,
)
from cirrus_callbacks_plugin.naming import MemberToken
from cirrus_callbacks_plugin.waits.continuation import Continuation
from cirrus_callbacks_plugin.waits.malformed import Malformed
from cirrus_callbacks_plugin.waits.outcome import Outcome
from cirrus_callbacks_plugin.waits.row import Key, MalformedRowError, Wait
from support.joins_in_memory import AT_NOON, JOIN_ID

WAIT = Wait(JOIN_ID, "the parent's token", workflow="#join", registered_at=AT_NOON)
KEY = {"payload_id": {"S": JOIN_ID}, "task_token": {"S": "#join"}}
MEMBER = MemberToken(JOIN_ID, 42)


def item(sort_key: str, **attributes: Any) -> dict[str, Any]:
    """A row of the join's partition."""
    return {"payload_id": {"S": JOIN_ID}, "task_token": {"S": sort_key}, **attributes}


def test_a_joins_id_is_the_digest_of_its_token() -> None:
    """32 hex digits of it: the token is in no key."""
    digest = hashlib.sha256(b"token").hexdigest()
    assert join_id_of("token") == f"join:{digest[:32]}"
    assert join_key("join:1") == Key("join:1", "#join")


def test_members_rows_sort_as_the_list_does() -> None:
    """Five digits, from 0."""
    assert member_key(MEMBER) == Key(JOIN_ID, "#member:00042")
    assert MemberRow(MEMBER).key == Key(JOIN_ID, "#member:00042")


def test_all_that_a_join_knows_is_in_its_row() -> None:
    """Numbers as numbers; ``succeed_on`` as a text, whatever it is."""
    join = Join(
        WAIT,
        succeed_on=3,
        answer_when="settled",
        deadline_at="2024-06-02T12:00:00.000000+00:00",
        name="scenes",
        queue_arn="arn:queue",
        etag='"1"',
        sent_at=AT_NOON,
        total=5,
        sent=4,
        succeeded=2,
        failed=1,
    )
    row = join.to_item()
    assert {name: value for name, value in row.items() if name not in WAIT.to_item()} == {
        "succeed_on": {"S": "3"},
        "answer_when": {"S": "settled"},
        "deadline_at": {"S": "2024-06-02T12:00:00.000000+00:00"},
        "name": {"S": "scenes"},
        "queue_arn": {"S": "arn:queue"},
        "etag": {"S": '"1"'},
        "sent_at": {"S": AT_NOON},
        "total": {"N": "5"},
        "sent": {"N": "4"},
        "succeeded": {"N": "2"},
        "failed": {"N": "1"},
    }
    assert row.items() >= WAIT.to_item().items()
    assert Join.from_item(row) == join


def test_a_join_of_none_knows_so() -> None:
    """0 members are told from a list that was not read; hints of 0 need no attribute."""
    unread, empty = Join(WAIT).to_item(), Join(WAIT, total=0).to_item()
    assert unread == {
        **WAIT.to_item(),
        "succeed_on": {"S": "all"},
        "answer_when": {"S": "early"},
    }
    assert empty == {**unread, "total": {"N": "0"}}
    assert Join.from_item(unread) == Join(WAIT)
    assert Join.from_item(empty) == Join(WAIT, total=0)


@pytest.mark.parametrize(
    ("text", "read"), [("any", "any"), ("12", 12), ("\u00b2", "\u00b2"), ("\u0663", "\u0663")]
)
def test_succeed_on_is_read_as_it_was_meant(text: str, read: Any) -> None:
    """Digits are a number; a row with others, written by hand, makes nothing fail."""
    assert Join.from_item({**Join(WAIT).to_item(), "succeed_on": {"S": text}}).succeed_on == read


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        *[(name, {"N": "1"}, "text") for name in ("succeed_on", "answer_when", "name")],
        *[(name, {"N": "1"}, "text") for name in ("queue_arn", "etag")],
        *[(name, {"S": "noon"}, "time") for name in ("deadline_at", "sent_at")],
        *[(name, {"S": "1"}, "whole number") for name in ("total", "sent")],
        *[(name, {"N": "-1"}, "whole number") for name in ("succeeded", "failed")],
    ],
)
def test_a_join_is_read_whole_or_not_at_all(name: str, value: Any, why: str) -> None:
    """Which attribute it is, and no value."""
    row = {**Join(WAIT).to_item(), name: value}
    with pytest.raises(MalformedRowError, match=f"^{name} is not a {why}$"):
        Join.from_item(row)
    assert row_from_item(row, Key(JOIN_ID, "#join")) == Malformed(
        Key(JOIN_ID, "#join"), f"{name} is not a {why}"
    )


@pytest.mark.parametrize("value", [{"N": "0"}, {"N": "7"}])
def test_whole_numbers(value: Any) -> None:
    """From 0 on."""
    assert read_whole("total", value) == int(value["N"])


@pytest.mark.parametrize("value", [None, {}, {"N": "x"}, {"N": "1.5"}, {"N": None}, {"N": "-1"}])
def test_what_is_no_whole_number(value: Any) -> None:
    """It is said, whatever it is."""
    with pytest.raises(MalformedRowError, match=r"^total is not a whole number$"):
        read_whole("total", value)


@pytest.mark.parametrize(
    ("settled", "answered", "is_closed"),
    [(None, None, False), (AT_NOON, None, True), (None, AT_NOON, True)],
)
def test_when_a_join_is_closed(settled: str | None, answered: str | None, is_closed: bool) -> None:
    """Settled, or answered without: no member can change it any more."""
    join = Join(replace(WAIT, settled_at=settled, answered_at=answered))
    assert join.is_closed is is_closed
    assert wait_of(join) is wait_of(join.wait) is join.wait
    assert join.join_id == JOIN_ID


@pytest.mark.parametrize(
    ("total", "sent", "is_all_sent", "has_it"),
    [(None, 0, False, False), (3, 2, False, False), (42, 42, True, False), (43, 44, True, True)],
)
def test_what_a_join_has(total: int | None, sent: int, is_all_sent: bool, has_it: bool) -> None:
    """Nothing, before its list was read."""
    join = Join(WAIT, total=total, sent=sent)
    assert join.is_all_sent is is_all_sent
    assert join.has(MEMBER) is has_it


@pytest.mark.parametrize(
    ("definition", "attribute"),
    [
        (Definition(JOIN_ID, b"packed", None, 7), {"members": {"B": b"packed"}}),
        (Definition(JOIN_ID, None, "s3://b/k", 7), {"members_url": {"S": "s3://b/k"}}),
    ],
)
def test_a_definition_holds_the_list_or_its_place(
    definition: Definition, attribute: dict[str, Any]
) -> None:
    """And goes one day."""
    row = item("#definition", expiration_time={"N": "7"}, **attribute)
    assert definition.to_item() == row
    assert Definition.from_item(row) == definition


@pytest.mark.parametrize(
    ("attributes", "why"),
    [
        ({}, "no list"),
        ({"members": {"S": "text"}}, "no list"),
        ({"members": {"B": b""}, "members_url": {"S": "s3://b/k"}}, "no list"),
        ({"members_url": {"N": "1"}}, "members_url is not a text"),
        *[
            (
                {"members_url": {"S": "s3://b/k"}, "expiration_time": value},
                "^expiration_time is not a whole number$",
            )
            for value in ({"S": "x"}, None)
        ],
    ],
)
def test_a_definition_that_nobody_wrote_so(attributes: dict[str, Any], why: str) -> None:
    """It is said what is wrong."""
    row = item("#definition", **{"expiration_time": {"N": "7"}, **attributes})
    with pytest.raises(MalformedRowError, match=why):
        Definition.from_item({name: value for name, value in row.items() if value is not None})


def test_an_expansion() -> None:
    """One a join, told from a newer one by its time."""
    row = item("#expand", settled_at={"S": AT_NOON}, expiration_time={"N": "7"})
    expansion = Expansion(JOIN_ID, AT_NOON, 7)
    assert expansion.to_item() == row
    assert Expansion.from_item(row) == expansion
    key = Key(JOIN_ID, "#expand")
    assert row_from_item(row, key) == expansion
    del row["settled_at"]
    assert row_from_item(row, key) == Malformed(key, "settled_at is not a text")


def test_all_that_is_told_of_a_member_is_in_its_row() -> None:
    """As texts; what is not known has no attribute, and what is unknown is passed over."""
    told = {
        "member_payload_id": "c/workflow-w/i",
        "workflow_state": "FAILED",
        "execution_arn": "arn:run",
        "output_payload_url": "s3://b/k",
        "error": "it broke",
        "answer": "failure",
        "answer_error": "CirrusCallback.Failed",
        "told_at": AT_NOON,
    }
    row = MemberRow(MEMBER, **told)
    assert row.attributes() == told
    written = item("#member:00042", **{name: {"S": value} for name, value in told.items()})
    of_later = {"of_later": {"N": "1"}, "member": {"S": "x"}}
    assert MemberRow.from_item({**written, **of_later}) == row
    assert MemberRow(MEMBER).attributes() == {}
    assert MemberRow.from_item(item("#member:00042")) == MemberRow(MEMBER)
    for name in told:
        with pytest.raises(MalformedRowError, match=f"^{name} is not a text$"):
            MemberRow.from_item({**written, name: {"N": "1"}})


@pytest.mark.parametrize("index", [0, 7, 100, 9_999])
def test_every_members_key_is_read(index: int) -> None:
    """The first one has no digit but zeros."""
    member = MemberToken(JOIN_ID, index)
    assert MemberRow.from_item(member_key(member).to_item()).member == member


@pytest.mark.parametrize(
    "sort_key", ["#member:42", "#member:000042", "#member:x", "#member:", "00042"]
)
def test_a_key_that_is_no_members(sort_key: str) -> None:
    """It would be a second row of one member."""
    with pytest.raises(MalformedRowError, match="key is not a member's"):
        MemberRow.from_item(item(sort_key))


@pytest.mark.parametrize(
    ("answer", "has_succeeded", "has_failed"),
    [("success", True, False), ("failure", False, True), (None, False, False)],
)
def test_how_a_member_ended(answer: str | None, has_succeeded: bool, has_failed: bool) -> None:
    """Neither way before it was told."""
    row = MemberRow(MEMBER, answer=answer)
    assert (row.has_succeeded, row.has_failed) == (has_succeeded, has_failed)


@pytest.mark.parametrize(
    ("name", "is_outcome"),
    [
        ("answer", True),
        ("answer_error", True),
        ("workflow_state", True),
        ("execution_arn", True),
        ("told_at", False),
        ("error", False),
    ],
)
def test_what_makes_two_outcomes(name: str, is_outcome: bool) -> None:
    """Not when it was told, and not a text that may be cut."""
    row = MemberRow(MEMBER, answer="success")
    assert row.says_what(row)
    assert row.says_what(replace(row, **{name: "another"})) is not is_outcome


def test_what_a_settled_wait_tells() -> None:
    """Of a success no error text; of a failure 1 KiB of it at most."""
    wait = replace(
        WAIT,
        payload_id="c/workflow-w/i",
        task_token=MEMBER.text,
        workflow_state="SUCCEEDED",
        execution_arn="arn:run",
        output_payload_url="s3://b/k",
        error="x" * 2000,
    )
    told = MemberRow(
        MEMBER,
        member_payload_id="c/workflow-w/i",
        workflow_state="SUCCEEDED",
        execution_arn="arn:run",
        output_payload_url="s3://b/k",
        answer="success",
        told_at="now",
    )
    assert MemberRow.of_wait(MEMBER, wait, "now") == told
    failed = MemberRow.of_wait(MEMBER, replace(wait, workflow_state="FAILED"), "now")
    assert failed == replace(
        told,
        workflow_state="FAILED",
        answer="failure",
        answer_error="CirrusCallback.Failed",
        error="x" * 1021 + "\u2026",
    )


def test_rows_of_every_kind_are_read() -> None:
    """Each by its key; a definition is read with its join alone."""
    definition = Definition(JOIN_ID, b"", None, 7)
    continuation = Continuation("c/workflow-w/i", "w", Outcome("FAILED"), AT_NOON)
    wait = Wait("c/workflow-w/i", "token", registered_at=AT_NOON)
    for row in (Join(WAIT, total=1), Expansion(JOIN_ID, AT_NOON, 7), continuation, wait):
        written = row.to_item()
        assert row_from_item(written, Key.from_item(written)) == row
    assert row_from_item(definition.to_item(), definition.key) is None


def test_a_key_that_was_read_is_not_read_again() -> None:
    """The rest of a row is enough."""
    for row in (Join(WAIT, total=1), Wait("c/workflow-w/i", "token", registered_at=AT_NOON)):
        written = row.to_item()
        key = Key.from_item(written)
        del written["payload_id"], written["task_token"]
        assert row_from_item(written, key) == row
