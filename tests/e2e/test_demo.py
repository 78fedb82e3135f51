"""The demo: six scenarios in one run of the installed command."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.command_line import Ran

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("demo")]

TOKEN = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
"""moto's task tokens are random UUIDs; executions' names are of another version (5)."""


def test_the_demo_ends_well(demo: Ran) -> None:
    """Exit status 0, one JSON object on standard output, nothing on standard error."""
    assert (demo.status, demo.err) == (0, "")
    assert set(demo.json) == {"executions", "callbacks", "scenarios"}


@pytest.mark.parametrize("letter", ["a", "b", "c", "d", "e", "f"])
def test_every_scenario_ends_as_it_must(demo: Ran, letter: str) -> None:
    """Each scenario is judged from executions, state table and tracking table."""
    (verdict,) = [each for each in demo.json["scenarios"] if each["scenario"] == letter]
    assert (verdict["ok"], verdict["problems"]) == (True, [])


def test_executions_have_the_promised_keys(demo: Ran) -> None:
    """Each execution has all of them; the failing child failed in every run but its last.

    How often it failed is not pinned: cirrus restarts a child that fails before its start
    was noted.
    """
    executions = demo.json["executions"]
    promised = {"name", "workflow", "status", "payload_id", "error", "cause"}
    promised |= {"input", "output", "record", "is_stuck"}
    assert all(set(each) == promised for each in executions)
    cogs = [each["status"] for each in executions if each["workflow"] == "sentinel-2-cog"]
    assert set(cogs) == {"FAILED", "SUCCEEDED"}
    assert cogs.count("SUCCEEDED") == 5 + 9  # those of the join that nobody else waits for


def test_callbacks_have_the_promised_keys(demo: Ran) -> None:
    """Payload, state, answer, who waited and for how long; every token is answered."""
    callbacks = demo.json["callbacks"]
    assert all(
        set(each)
        == {
            "payload_id",
            "workflow",
            "workflow_state",
            "answer",
            "answer_error",
            "waited_seconds",
            "waiter_payload_id",
            "is_waiter_gone",
            "join",
        }
        for each in callbacks
    )
    assert [each["answer"] for each in callbacks].count("success") == 8
    assert {each["answer_error"] for each in callbacks} == {
        None,
        "CirrusCallback.Failed",
        "CirrusCallback.NotEnabled",
    }
    assert all(each["waited_seconds"] >= 0 for each in callbacks)


def test_twelve_members_are_one_callback(demo: Ran) -> None:
    """With its counts, and its members under a key of their own."""
    (join,) = [each["join"] for each in demo.json["callbacks"] if each["join"] is not None]
    assert {name: join[name] for name in ("total", "needed", "succeeded", "failed")} == {
        "total": 12,
        "needed": 10,
        "succeeded": 11,
        "failed": 1,
    }
    assert len(join["members"]) == 12


def test_no_token_is_printed(demo: Ran) -> None:
    """A task token is a secret: it is in no output."""
    # The id of a Lambda request, in an error's cause, is a random UUID as well.
    told = re.sub(r"requestId\W+[0-9a-f-]{36}", "", demo.out + demo.err)
    assert not TOKEN.search(told)
