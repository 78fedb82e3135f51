"""Many open rows on a fake clock: within the quotas, in time, and nobody starves."""

from __future__ import annotations

import sys
from itertools import count
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.reconcile.summary import Did
from cirrus_callbacks_plugin.waits.row import shard
from support.slow_aws import START, SlowAws, execution, most_in_a_second, waiting_since

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pytest

INTERVAL = 300
BUDGET = INTERVAL - 30
CHILDREN = 20_000


def payload_id(name: str) -> str:
    return f"c/workflow-w/{name}"


def running(aws: SlowAws, names: Iterable[str], *, since: float = 7200) -> None:
    """Children that run for hours."""
    for name in names:
        aws.record(payload_id(name), "PROCESSING", execution(name))
        aws.run(execution(name), "RUNNING")
        aws.add([waiting_since(since, payload_id(name))])


def never_started(aws: SlowAws, names: Iterable[str], *, since: float = 7200) -> None:
    """Claimed, and their runs never came to be: described each time, and left."""
    for name in names:
        aws.record(payload_id(name), "CLAIMED", execution(name))
        aws.add([waiting_since(since, payload_id(name))])


def failed_before(aws: SlowAws, names: Iterable[str], *, since: float = 7200) -> None:
    """Their messages are still in the queue: nothing new is listed."""
    for name in names:
        aws.record(payload_id(name), "FAILED", execution(name))
        aws.run(execution(name), "FAILED", stopped=-2 * since)
        seen = {"seen_state": "FAILED", "seen_execution": execution(name)}
        aws.add([waiting_since(since, payload_id(name), **seen)])


def lost(aws: SlowAws, names: Iterable[str], *, since: float = 1000) -> None:
    """Ended, and their events were lost: one description mends each."""
    for name in names:
        aws.record(payload_id(name), "PROCESSING", execution(name))
        aws.run(execution(name), "SUCCEEDED", stopped=-900)
        aws.add([waiting_since(since, payload_id(name))])


def named(kind: str, how_many: int) -> list[str]:
    return [f"{kind}-{number}" for number in range(how_many)]


def in_shard(number: str, kind: str) -> Iterator[str]:
    """Names whose rows' tokens fall into one shard of the index."""
    names = (f"{kind}-{each}" for each in count())
    return (name for name in names if shard(f"token-{payload_id(name)}") == number)


def unsettled(aws: SlowAws, kind: str) -> set[str]:
    """Payloads of one kind that have an unsettled row."""
    return {
        row.payload_id
        for row in aws.open_rows()
        if not row.is_settled and row.payload_id.startswith(payload_id(kind))
    }


def check_calls(aws: SlowAws) -> None:
    """What is shared with the account and with cirrus is asked at its pace, and no more."""
    assert most_in_a_second(aws.stepfunctions.calls["ListExecutions"]) <= 2
    assert most_in_a_second(aws.stepfunctions.calls["DescribeExecution"]) <= 5
    assert most_in_a_second(aws.dynamodb.calls["BatchGetItem state"]) <= 5
    assert aws.seconds_taken <= BUDGET + 1  # a call under way is brought to its end


def report(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def test_long_running_children_are_all_looked_at_in_every_pass() -> None:
    """20,000 payloads in progress: twenty lists, no description, every row, in time."""
    aws = SlowAws(INTERVAL)
    running(aws, named("running", CHILDREN))
    summary = aws.one_pass()
    check_calls(aws)
    assert (summary.count(Did.LOOKED_AT), summary.count(Did.STILL_RUNNING)) == (CHILDREN, CHILDREN)
    assert (summary.open_waits, summary.is_complete) == (CHILDREN, True)
    assert summary.oldest_open_seconds >= 7200
    assert len(aws.stepfunctions.calls["ListExecutions"]) == 20
    assert aws.stepfunctions.described == []
    report(f"{CHILDREN} running: a pass takes {aws.seconds_taken:.0f} s of {BUDGET} s")


def passes_over(aws: SlowAws, passes: int, in_vain: Iterable[str]) -> int:
    """Make passes; returns after how many a run was described, for the first time or again.

    The redelivery time is two weeks here: what is unresolved stays in front of the index.
    """
    unclear = {execution(name) for name in in_vain}
    last_seen = dict.fromkeys(unclear, 0)
    longest = 0
    for number in range(1, passes + 1):
        before = len(aws.stepfunctions.described)
        aws.one_pass(redelivery=14 * 86_400)
        check_calls(aws)
        described = aws.stepfunctions.described[before:]
        assert len(set(described)) == len(described)  # each once a pass
        longest = max(longest, *(number - last_seen[arn] for arn in unclear))
        last_seen |= dict.fromkeys(unclear.intersection(described), number)
    return longest


def test_no_row_starves_behind_thousands_that_stay_unresolved() -> None:
    """Among 20,000 payloads 2,000 are described in vain, all older than 100 lost ends.

    Running rows are looked at in every pass, the others within four (twenty minutes), for
    the first time and again.
    """
    aws = SlowAws(INTERVAL)
    in_vain = [*named("never", 1700), *named("failed", 300)]
    never_started(aws, in_vain[:1700])
    failed_before(aws, in_vain[1700:])
    lost(aws, named("lost", 100))
    running(aws, named("running", CHILDREN - 2100), since=3600)
    oldest = passes_over(aws, 5, in_vain)
    assert oldest <= 4
    reached = set(aws.stepfunctions.described)
    assert {execution(name) for name in in_vain} <= reached
    assert unsettled(aws, "lost") == set()
    assert len(unsettled(aws, "never") | unsettled(aws, "failed")) == 2000
    report(
        f"2,000 of {CHILDREN} described in vain: the oldest unlooked-at row was looked at in "
        f"pass {oldest} ({oldest * INTERVAL} s); {len(aws.stepfunctions.described)} "
        f"descriptions in {aws.passes} passes; the last took {aws.seconds_taken:.0f} s",
    )


def test_the_turns_of_many_come_round() -> None:
    """2,500 that are described in vain, and nothing else: four passes, again and again.

    At 1,350 descriptions a pass nobody could do it in fewer than two.
    """
    aws = SlowAws(INTERVAL)
    in_vain = named("never", 2500)
    never_started(aws, in_vain)
    oldest = passes_over(aws, 8, in_vain)
    assert 2 <= oldest <= 4
    assert {execution(name) for name in in_vain} == set(aws.stepfunctions.described)
    report(f"2,500 described in vain: the oldest was looked at in pass {oldest}")


def test_what_waits_for_its_message_does_not_hold_up_a_lost_end() -> None:
    """A thousand rows whose description can tell nothing new: one pass mends the lost ones."""
    aws = SlowAws(INTERVAL)
    failed_before(aws, named("failed", 2000))
    lost(aws, named("lost", 100))
    summary = aws.one_pass(redelivery=14 * 86_400)
    check_calls(aws)
    assert unsettled(aws, "lost") == set()
    assert summary.count(Did.SETTLED) == 100
    assert len(summary.stuck) == 100


def test_a_walk_too_long_for_a_pass_still_has_time_for_descriptions() -> None:
    """Half of the time at most is kept for describing what the walk finds."""
    aws = SlowAws(60)  # thirty seconds a pass
    lost(aws, named("lost", 100), since=9000)
    running(aws, named("running", 12_000), since=7200)
    summary = aws.one_pass()
    assert aws.seconds_taken <= 31
    assert not summary.is_complete
    assert summary.count(Did.SETTLED) >= 50
    assert 2000 < summary.count(Did.STILL_RUNNING) < 12_000


def test_another_shard_is_first_each_time() -> None:
    """Where a pass ends early, it is not always the same shards that it has not reached."""
    aws = SlowAws(INTERVAL)
    running(aws, [next(in_shard(str(number), "running")) for number in range(8)])
    firsts = []
    for _ in range(8):
        aws.dynamodb.shards.clear()
        aws.one_pass()
        firsts.append(aws.dynamodb.shards[0])
        assert sorted(aws.dynamodb.shards) == list("01234567")
    assert sorted(firsts) == list("01234567")


def test_waiters_on_one_payload_cost_one_description() -> None:
    """A thousand waiters on one run: it is described once, and all are settled."""
    aws = SlowAws(INTERVAL)
    lost(aws, ["lost"])
    about = payload_id("lost")
    aws.add(waiting_since(1000, about, token=f"token-{number}") for number in range(1000))
    summary = aws.one_pass()
    assert aws.stepfunctions.described == [execution("lost")]
    assert summary.count(Did.SETTLED) == 1001


def test_heartbeats_reach_every_row_in_one_pass() -> None:
    """4,000 rows, those of the last minute too: paced, in time; one waiter is gone."""
    aws, rows = SlowAws(INTERVAL), 4000
    running(aws, named("running", rows - 1000))
    running(aws, named("young", 1000), since=-INTERVAL)
    gone = f"token-{payload_id('young-7')}"
    aws.stepfunctions.gone.add(gone)
    summary = aws.one_pass(heartbeat=True)
    check_calls(aws)
    assert most_in_a_second(aws.stepfunctions.calls["SendTaskHeartbeat"]) <= 150
    assert (summary.count(Did.HEARTBEAT), summary.count(Did.STALE)) == (rows - 1, 1)
    assert summary.count(Did.LOOKED_AT) == rows - 1000  # the young ones are in their grace period
    assert summary.is_complete
    assert gone not in {row.task_token for row in aws.open_rows()}
    report(f"{rows} heartbeats: a pass takes {aws.seconds_taken:.0f} s of {BUDGET} s")


def test_the_clock_starts_where_rows_are_counted_from() -> None:
    """The stand-in's own rule: pass 1 is one interval after the start."""
    aws = SlowAws(INTERVAL)
    aws.one_pass()
    assert (aws.clock.now() - START).total_seconds() >= INTERVAL


def test_a_row_within_the_grace_period_costs_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Its record is not read, its run not asked for."""
    aws = SlowAws(INTERVAL)
    lost(aws, named("lost", 10), since=899 - INTERVAL)
    summary = aws.one_pass()
    assert (summary.open_waits, summary.count(Did.LOOKED_AT)) == (10, 0)
    assert aws.dynamodb.calls["BatchGetItem state"] == []
    assert not aws.stepfunctions.calls
    aws.one_pass()
    assert unsettled(aws, "lost") == set()
