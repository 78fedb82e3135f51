"""How a pass divides its time among shards, rows and descriptions, and what it puts off."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from cirrus_callbacks_plugin.reconcile import passes
from cirrus_callbacks_plugin.reconcile.passes import Pass
from cirrus_callbacks_plugin.reconcile.summary import Did
from cirrus_callbacks_plugin.waits.row import shard
from support.slow_aws import SlowAws, running, waiting_since

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.reconcile.summary import Summary
    from cirrus_callbacks_plugin.waits.row import Wait

ONE = "c/workflow-w/one"


@pytest.fixture
def aws() -> SlowAws:
    return SlowAws(300)


def with_seconds_left(*left: float) -> type[Pass]:
    """A pass that finds so many seconds left each time it asks; the last of them from then on."""
    answers = iter(left)

    class Timed(Pass):
        def run(self) -> Summary:
            """As always, by another clock."""
            self.limits = replace(self.limits, seconds_left=lambda: next(answers, left[-1]))
            return super().run()

    return Timed


def first_shard_of(aws: SlowAws, row: Wait) -> None:
    """Let the next pass begin with a row's shard."""
    aws.passes = int(shard(row.task_token)) - 1


def test_no_time_is_no_time(aws: SlowAws) -> None:
    """At zero seconds nothing is read any more, and the summary says so."""
    running(aws)
    summary = aws.one_pass(pass_type=with_seconds_left(0.0))
    assert (summary.open_waits, summary.count(Did.LOOKED_AT), summary.is_complete) == (1, 0, False)
    assert "BatchGetItem callbacks" not in aws.dynamodb.calls


def test_a_walk_that_found_nothing_to_describe_keeps_no_time_for_it(aws: SlowAws) -> None:
    """Of ten seconds of a shard half a one is left, and its next rows are looked at."""
    first_shard_of(aws, running(aws))
    summary = aws.one_pass(pass_type=with_seconds_left(80.0, 80.0, 70.5))
    assert (summary.count(Did.LOOKED_AT), summary.is_complete) == (1, True)


def test_rows_that_cost_no_call_are_judged_past_their_shards_time(aws: SlowAws) -> None:
    """They have been read; only the end of the pass stops them."""
    first_shard_of(aws, running(aws))
    summary = aws.one_pass(pass_type=with_seconds_left(80.0, 80.0, 75.0, 0.5))
    assert (
        summary.count(Did.LOOKED_AT),
        summary.count(Did.STILL_RUNNING),
        summary.is_complete,
    ) == (1, 1, True)


def test_rows_that_were_read_as_time_ran_out_are_put_off(aws: SlowAws) -> None:
    """At zero seconds none is judged; the summary says so."""
    first_shard_of(aws, running(aws))
    summary = aws.one_pass(pass_type=with_seconds_left(80.0, 80.0, 75.0, 0.0))
    assert (summary.count(Did.LOOKED_AT), summary.is_complete) == (0, False)


@pytest.mark.parametrize(("left", "sent"), [(0.5, 1), (0.0, 0)])
def test_heartbeats_are_sent_while_there_is_time(aws: SlowAws, left: float, sent: int) -> None:
    """To the end of the pass; what was put off is said to be."""
    row = waiting_since(0, ONE)
    aws.add([row])
    first_shard_of(aws, row)
    timed = with_seconds_left(80.0, 80.0, 75.0, left)
    summary = aws.one_pass(heartbeat=True, pass_type=timed)
    assert (summary.count(Did.HEARTBEAT), summary.is_complete) == (sent, bool(sent))


def test_a_shard_has_its_share_of_what_is_left(aws: SlowAws) -> None:
    """Those that were quick leave their time to the others; the last one has all there is."""
    untils: list[float] = []

    class Noting(with_seconds_left(80.0)):  # type: ignore[misc]
        def _walk(self, shard: str, *, until: float) -> None:
            del shard
            untils.append(until)

    aws.one_pass(pass_type=Noting)
    assert untils == pytest.approx([80 - 80 / shards for shards in range(8, 0, -1)])


def test_a_step_is_what_one_read_takes_and_a_quarter_is_kept_for_descriptions() -> None:
    """BatchGetItem takes a hundred keys; a walk leaves that share of its shard's time."""
    assert passes.ROWS_A_STEP == 100
    assert passes.KEPT_FOR_DESCRIPTIONS == 0.25
