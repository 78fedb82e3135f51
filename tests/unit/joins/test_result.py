"""What a parent is told: the whole list where it fits, counts and the reason always."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.joins.result import JoinResult, S3Object, write
from cirrus_callbacks_plugin.joins.rows import Join, MemberRow
from cirrus_callbacks_plugin.naming import MemberToken
from cirrus_callbacks_plugin.waits.row import Wait
from support.joins_in_memory import JOIN_ID

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.protocol.answer import Answer

FAILED = {"answer": "failure", "answer_error": "CirrusCallback.Failed", "error": "it broke"}


def join(total: int | None = 3, error: str | None = None, **facts: Any) -> Join:
    """A join that is settled."""
    return Join(Wait(JOIN_ID, "t", error=error), total=total, **facts)


def row(index: int, **facts: Any) -> MemberRow:
    """A member's row."""
    return MemberRow(MemberToken(JOIN_ID, index), **facts)


def output(answer: Answer) -> Any:
    """What is in it."""
    return json.loads(answer.body)


def test_a_success_names_all_members() -> None:
    """In order of index; what is not known of one is left out."""
    told = JoinResult(
        join(name="scenes"),
        [
            row(2, member_payload_id="c", **FAILED, workflow_state="FAILED"),
            row(0, member_payload_id="a", answer="success", workflow_state="SUCCEEDED",
                execution_arn="arn:a", output_payload_url="s3://a"),
        ],
        S3Object("bucket", "lists/a.json"),
    )  # fmt: skip
    answer = told.success()
    assert answer.error is None
    assert output(answer) == {
        "join_id": JOIN_ID,
        "name": "scenes",
        "total": 3,
        "succeeded": 1,
        "failed": 1,
        "pending": 1,
        "members": [
            {
                "index": 0,
                "payload_id": "a",
                "workflow_state": "SUCCEEDED",
                "execution_arn": "arn:a",
                "output_payload_url": "s3://a",
            },
            {"index": 1},
            {
                "index": 2,
                "payload_id": "c",
                "workflow_state": "FAILED",
                "error": {"name": "CirrusCallback.Failed", "cause": "it broke"},
            },
        ],
        "members_at": {"bucket": "bucket", "key": "lists/a.json"},
    }


def test_without_a_name_or_a_place_neither_is_told() -> None:
    """Nor has a member that did not fail an error, whatever its row says."""
    told = JoinResult(join(1), [row(0, answer="success", error="once")])
    assert set(output(told.success())) == {
        "join_id", "total", "succeeded", "failed", "pending", "members",
    }  # fmt: skip
    assert told.whole_list() == [{"index": 0}]
    assert JoinResult(join(None), []).whole_list() == []


@pytest.mark.parametrize(("extra", "has_members"), [(0, True), (1, False)])
def test_a_success_that_is_too_large_has_no_members(extra: int, has_members: bool) -> None:
    """In bytes, to the last one; where they lie is told all the same."""
    place = S3Object("bucket", "key")
    bare = JoinResult(join(1), [row(0, member_payload_id="", answer="success")], place)
    room = 65_536 - len(bare.success().body)
    name = "é" * (room // 2) + "e" * (room % 2)
    told = JoinResult(
        join(1), [row(0, member_payload_id=name + "x" * extra, answer="success")], place
    )
    answer = output(told.success())
    assert ("members" in answer) is has_members
    assert answer["members_at"] == {"bucket": "bucket", "key": "key"}
    assert answer["succeeded"] == 1


def test_a_failure_names_those_that_failed() -> None:
    """And why, as the error's message too; with the same counts."""
    rows = [row(0, answer="success"), row(1, **FAILED), row(2)]
    answer = JoinResult(join(error="1 of 3 members failed"), rows, S3Object("b", "k")).failure()
    assert answer.error == "CirrusCallback.JoinFailed"
    cause = output(answer)
    assert cause["members"] == [
        {"index": 1, "error": {"name": "CirrusCallback.Failed", "cause": "it broke"}},
    ]
    assert (cause["total"], cause["succeeded"], cause["failed"], cause["pending"]) == (3, 1, 1, 1)
    assert cause["error"] == cause["errorMessage"] == "1 of 3 members failed"
    assert cause["members_at"] == {"bucket": "b", "key": "k"}


def test_a_failure_without_a_reason_has_one() -> None:
    """A person may have settled it without a word."""
    assert output(JoinResult(join(), []).failure())["error"]


@pytest.mark.parametrize(("extra", "named"), [(0, 2), (1, 1)])
def test_a_cause_holds_as_many_as_fit(extra: int, named: int) -> None:
    """Whole ones, the first, to the last byte; the reason is never cut."""

    def told(size: int) -> JoinResult:
        cause = "é" * (size // 2) + "e" * (size % 2)
        rows = [row(0, **FAILED), row(1, **{**FAILED, "error": cause}), row(2, **FAILED)]
        return JoinResult(join(error="why"), rows[:2] if size == 0 else rows)

    room = 32_768 - len(told(0).failure().body.encode()) - 1  # a comma after each
    answer = told(room + extra).failure()
    assert len(output(answer)["members"]) == named
    assert len(answer.body.encode()) <= 32_768
    assert output(answer)["error"] == "why"


def test_json_as_it_is_sent() -> None:
    """Compact, characters as they are; a lone surrogate, which is not UTF-8, is escaped."""
    assert write({"a": ["é", 1]}) == '{"a":["é",1]}'
    assert write({"a": ["\ud800", "é"]}) == '{"a":["\\ud800","\\u00e9"]}'


def test_of_a_list_that_was_not_read_no_count_is_told() -> None:
    """At a deadline before that: neither how many members there are nor how many are pending."""
    cause = output(JoinResult(join(None, error="too late"), []).failure())
    assert "total" not in cause
    assert "pending" not in cause
    assert (cause["succeeded"], cause["failed"], cause["members"]) == (0, 0, [])


def test_characters_that_sqs_does_not_take_are_escaped() -> None:
    """U+FFFE and U+FFFF; those beside them, and of other planes, stay."""
    text = "\ufffd\ufffe\uffff\U0001ffff"
    assert (
        write({text: text}) == '{"\ufffd\\ufffe\\uffff\U0001ffff":"\ufffd\\ufffe\\uffff\U0001ffff"}'
    )
    assert json.loads(write({text: text})) == {text: text}
