"""Join requests as people and JSONata write them, and what is said of those that break a rule."""

from __future__ import annotations

from typing import Any

import pytest

from cirrus_callbacks_plugin.errors import RequestError
from cirrus_callbacks_plugin.joins import members
from cirrus_callbacks_plugin.joins.members import Attached, Payload, Reference
from cirrus_callbacks_plugin.joins.request import JoinRequest, is_request

PAYLOAD = {"type": "FeatureCollection", "features": [], "process": [{"workflow": "w"}]}
ID = "c/workflow-w/i"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"join": {}}, True),
        ({"join": None, "callback": {}}, True),
        ({"join": {}, "process": []}, False),
        ({"join": {}, "features": []}, False),
        ({"join": {}, "url": "s3://b/k"}, False),
        ({"joins": {}}, False),
        ([{"join": {}}], False),
        (None, False),
    ],
)
def test_what_a_join_request_is(body: Any, expected: bool) -> None:
    """An object with ``join`` that is neither a payload nor a reference."""
    assert is_request(body) is expected


def test_every_kind_of_member() -> None:
    """Payloads, references, ids as objects and as texts; and the defaults."""
    given = [PAYLOAD, {"url": "s3://b/k"}, {"payload_id": ID}, ID]
    request = JoinRequest.parse({"members": given})
    assert request.members == (Payload(PAYLOAD), Reference("s3://b/k"), Attached(ID), Attached(ID))
    assert (request.succeed_on, request.answer, request.deadline_seconds) == ("all", "early", None)


@pytest.mark.parametrize("alone", [PAYLOAD, ID, {"payload_id": ID}, {"url": "s3://b/k"}])
def test_one_member_may_stand_without_a_list(alone: Any) -> None:
    """JSONata writes a list of one as its element."""
    assert JoinRequest.parse({"members": alone}) == JoinRequest.parse({"members": [alone]})


def test_everything_that_can_be_said() -> None:
    """Numbers may be written as JSONata does."""
    value = {
        "members_url": "s3://bucket/list.jsonl.gz",
        "succeed_on": 3.0,
        "answer": "settled",
        "deadline_seconds": 60,
        "name": "scenes of Tuesday",
    }
    assert JoinRequest.parse(value) == JoinRequest(
        None, "s3://bucket/list.jsonl.gz", 3, "settled", 60, "scenes of Tuesday"
    )


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("succeed_on", (1, 2)),
        ("deadline_seconds", (60, 31_536_000)),
        ("name", ("x", "x" * 128, "tuile 31\u00a0UFS", "two\nlines")),
        ("members_url", ("s3://b/k", "s3://b/k/l//", "s3://b/a\nb")),
    ],
)
def test_the_least_and_the_most_that_can_be_said(name: str, values: Any) -> None:
    """They are within the rules."""
    beside = {} if name == "members_url" else {"members": [ID, ID]}
    for value in values:
        assert getattr(JoinRequest.parse({**beside, name: value}), name) == value


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (7, "not an object"),
        ({}, "one of members and members_url"),
        ({"members": [], "members_url": "s3://b/k"}, "one of members and members_url"),
        ({"members": [], "member": 1}, "unknown key 'member'"),
        ({"members": [PAYLOAD, 7]}, "member 1 is a number"),
        ({"members": [None]}, "member 0 is null"),
        ({"members": [True]}, "member 0 is true or false"),
        ({"members": [[PAYLOAD]]}, "member 0 is a list"),
        ({"members": [{"url": "s3://b/k", "x": 1}]}, "member 0 has neither"),
        ({"members": [{"url": "https://b/k"}]}, "member 0 has a url"),
        ({"members": [{"payload_id": 7}]}, "member 0 has a payload_id that is not a text"),
        ({"members": ["no-workflow"]}, "member 0 has a payload_id that is not one of cirrus's"),
        ({"members": ["c/workflow-w/" + "x" * 2048]}, "member 0"),
        ({"members": ["c/workflow-w/\ud800"]}, "not valid Unicode"),
        ({"members": [ID] * 10_001}, "at most 10000"),
        ({"members": [ID], "succeed_on": 2}, "succeed_on 2 and 1 member"),
        ({"members": [ID], "succeed_on": 0}, "succeed_on"),
        ({"members": [ID], "succeed_on": True}, "succeed_on"),
        ({"members": [ID], "succeed_on": 1.5}, "succeed_on"),
        ({"members": [ID], "succeed_on": "most"}, "succeed_on"),
        ({"members": [ID], "answer": "late"}, "answer"),
        ({"members": [ID], "deadline_seconds": 59}, "deadline_seconds"),
        ({"members": [ID], "deadline_seconds": 31_536_001}, "deadline_seconds"),
        ({"members": [ID], "name": "x" * 129}, "name"),
        ({"members": [ID], "name": "\ud800"}, "name"),
        ({"members": [ID], "name": 7}, "name"),
        ({"members_url": "s3://bucket"}, "members_url"),
        ({"members_url": "s3://"}, "members_url"),
        ({"members_url": "s3://bucket/"}, "members_url"),
        ({"members_url": "s3:///key"}, "members_url"),
        ({"members_url": "https://bucket/key"}, "members_url"),
        ({"members_url": ["s3://b/k"]}, "members_url"),
        ({"members_url": "s3://b/\ud800"}, "members_url"),
        ({"members": [ID], "k" * 5000: 1}, r"unknown key '.{,80}: there are"),
        ({"members": [ID], "succeed_on": 1e308}, r"succeed_on 1.{,25} and 1 member"),
    ],
)
def test_what_breaks_a_rule_is_said(value: Any, said: str) -> None:
    """With the member's index, and what to do; never its content."""
    with pytest.raises(RequestError, match=said):
        JoinRequest.parse(value)


def test_a_list_survives_its_row() -> None:
    """Packed and read again it is the same, and the same list makes the same bytes."""
    given = members.parse_list([{**PAYLOAD, "name": "M\u00fcnchen \ud800"}, "c/workflow-w/\u00fc"])
    packed = members.pack(given)
    assert members.unpack(packed) == given
    assert packed == members.pack(given)


def test_what_is_null_is_not_told() -> None:
    """JSONata and JSONPath make null of what is absent."""
    nulls = dict.fromkeys(("succeed_on", "answer", "deadline_seconds", "name"))
    given = {"members": [ID]}
    assert JoinRequest.parse({**given, **nulls}) == JoinRequest.parse(given)
    assert JoinRequest.parse({**given, "name": ""}) == JoinRequest.parse(given)
