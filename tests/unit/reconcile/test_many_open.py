"""More open rows than a pass can look at: each has its turn, whatever the others are.

The bound: a row is looked at within as many passes as all rows need, one after the other, and
one more. Where a test is about times alone, it is a tenth of everything: rows, and the pass.
"""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from cirrus_callbacks_plugin.reconcile import places, repair
from cirrus_callbacks_plugin.reconcile.passes import Pass
from cirrus_callbacks_plugin.reconcile.summary import Did, Summary
from cirrus_callbacks_plugin.waits.index import PLACES, shards
from cirrus_callbacks_plugin.waits.row import Key, timestamp
from support.slow_aws import START, SlowAws, execution, waiting_since

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cirrus_callbacks_plugin.reconcile.judge import Case, Verdict

INTERVAL = 300
TENTH = 57
"""The interval whose passes have a tenth of the time: 27 s."""
SHORT = 36
"""The interval whose passes have 6 s."""
ENDED = "2024-06-01T10:00:00.000000+00:00"


def payload_id(name: str) -> str:
    return f"c/workflow-w/{name}"


def add(
    aws: SlowAws,
    names: Iterable[str],
    *,
    since: float = 7200,
    state: str = "PROCESSING",
    status: str | None = "RUNNING",
) -> list[str]:
    """A row, a record and a run a name; no status: the run never came to be."""
    names = list(names)
    aws.add_many(
        waiting_since(since, "model"),
        ((payload_id(name), f"token-{name}") for name in names),
    )
    for name in names:
        aws.record(payload_id(name), state, execution(name))
        if status is not None:
            aws.run(execution(name), status, stopped=None if status == "RUNNING" else -900)
    return names


def hot(aws: SlowAws, rows: int, *, since: float = 7200) -> None:
    """Many rows that wait for one running payload."""
    aws.record(payload_id("hot"), "PROCESSING", execution("hot"))
    aws.run(execution("hot"), "RUNNING")
    waits = ((payload_id("hot"), f"hot-{number}") for number in range(rows))
    aws.add_many(waiting_since(since, "model"), waits)


def named(kind: str, rows: int) -> list[str]:
    return [f"{kind}-{number}" for number in range(rows)]


def is_settled(aws: SlowAws, name: str) -> bool:
    return "settled_at" in aws.dynamodb.rows[Key(payload_id(name), f"token-{name}")]


def passes_until_settled(aws: SlowAws, names: Iterable[str]) -> list[Summary]:
    """Passes until the rows of some payloads are settled; at most forty."""
    left = set(names)
    summaries = []
    while left and len(summaries) < 40:
        summaries.append(aws.one_pass(redelivery=14 * 86_400))
        left = {name for name in left if not is_settled(aws, name)}
    return summaries


def bound(summaries: Iterable[Summary], rows: int) -> int:
    """In how many passes every row is looked at, by what the passes reached."""
    reached = [summary.count(Did.LOOKED_AT) for summary in summaries]
    return math.ceil(rows * len(reached) / sum(reached)) + 1


def test_400_000_waits_for_one_running_payload_hold_up_no_repair() -> None:
    """They share one record, one list and one judgement: a pass comes round, and mends."""
    aws = SlowAws(INTERVAL)
    hot(aws, 400_000)
    lost = add(aws, named("lost", 100), since=1000, status="SUCCEEDED")
    summary = aws.one_pass()
    assert [name for name in lost if not is_settled(aws, name)] == []
    assert summary.count(Did.LOOKED_AT) == 400_100
    assert summary.is_complete
    assert summary.open_waits == 400_100
    # The record, the others' ones, and theirs again before the act.
    assert len(aws.dynamodb.calls["BatchGetItem state"]) < 50


def test_waits_for_as_many_running_payloads_hold_up_a_repair_for_the_bound_at_most() -> None:
    """40,000 on as many payloads, in a tenth of a pass: listing them alone takes 20 s of 27."""
    aws = SlowAws(TENTH)
    add(aws, named("running", 40_000))
    lost = add(aws, named("lost", 20), since=1000, status="SUCCEEDED")
    summaries = passes_until_settled(aws, lost)
    assert len(summaries) <= bound(summaries, 40_020)
    assert not any(summary.is_complete for summary in summaries)
    # All of them are counted all the same, and the oldest is told.
    assert {summary.open_waits for summary in summaries} <= set(range(40_000, 40_021))
    assert all(summary.oldest_open_seconds > 7200 for summary in summaries)


def test_rows_registered_in_one_moment_are_told_apart_by_their_keys() -> None:
    """A place is behind an entry, not at a time: no pass begins again with the same rows."""
    aws = SlowAws(TENTH)
    add(aws, named("running", 20_000), since=7200)
    lost = add(aws, named("lost", 20), since=7200, status="SUCCEEDED")
    summaries = passes_until_settled(aws, lost)
    assert len(summaries) <= bound(summaries, 20_020)


def test_descriptions_in_vain_hold_up_neither_each_other_nor_other_rows() -> None:
    """Thousands of runs that never came to be, before and after what is to be mended.

    Rows that need no description are reached as if these were not there; those that need one
    as soon as all descriptions, one after the other, allow.
    """
    aws = SlowAws(TENTH)
    add(aws, named("never", 1000), since=9000, status=None)
    running = add(aws, named("running", 8_000), since=8000)
    add(aws, named("late-never", 500), since=7000, status=None)
    lost = add(aws, named("lost", 20), since=1000, status="SUCCEEDED")
    aws.add(
        waiting_since(
            1000,
            payload_id(f"settled-{number}"),
            workflow_state="SUCCEEDED",
            settled_at=ENDED,
            token=f"settled-{number}",
        )
        for number in range(20)
    )
    described_a_pass = 27 * 5 / 2  # half of the time is kept for them
    settled = {Key(payload_id(f"settled-{number}"), f"settled-{number}") for number in range(20)}
    summaries: list[Summary] = []
    answered_after = None
    for number in range(1, math.ceil(1520 / described_a_pass) + 2):
        summaries.append(aws.one_pass(redelivery=14 * 86_400))
        if answered_after is None and all("answer" in aws.dynamodb.rows[key] for key in settled):
            answered_after = number
        if all(is_settled(aws, name) for name in lost):
            break
    assert [name for name in lost if not is_settled(aws, name)] == []
    assert answered_after is not None
    assert answered_after <= bound(summaries[:answered_after], len(running) + 1540)
    # None was described twice while others waited for their first time.
    assert len(set(aws.stepfunctions.described[:1520])) == 1520


def test_heartbeats_come_to_all_of_78_000_within_1200_seconds() -> None:
    """Beside repairs, which take none of their time; each wait is beaten, the youngest too."""
    aws = SlowAws(INTERVAL)
    hot(aws, 78_000)
    beats: dict[str, list[float]] = defaultdict(list)

    def beat(taskToken: str) -> None:  # noqa: N803
        beats[taskToken].append(aws.clock())
        aws.clock.sleep(0.005)

    aws.stepfunctions.send_task_heartbeat = beat  # type: ignore[method-assign]
    summaries = [aws.one_pass(heartbeat=True) for _ in range(4)]
    ends = aws.clock()
    assert len(beats) == 78_000
    for times in beats.values():
        gaps = [later - earlier for earlier, later in pairwise([0.0, *times, ends])]
        assert max(gaps) <= 1200
    assert [summary.count(Did.LOOKED_AT) for summary in summaries] == [78_000] * 4
    assert not any(summary.is_complete for summary in summaries)  # the heartbeats were not all


@pytest.mark.parametrize("payloads", [1, 100])
def test_of_more_than_a_pass_can_beat_each_is_beaten_and_looked_at_within_the_bound(
    payloads: int,
) -> None:
    """400,000 to a pass, on one payload or on many: 8,880 in passes of 6 s.

    Lost ends among them, the oldest and the youngest, are repaired within the bound of what the
    repairs reach; everybody has a heartbeat within that of what the heartbeats reach, and nobody
    a second one long before.
    """
    aws, rows = SlowAws(SHORT), 8_880
    for number in range(payloads):
        aws.record(payload_id(f"busy-{number}"), "PROCESSING", execution(f"busy-{number}"))
        aws.run(execution(f"busy-{number}"), "RUNNING")
    waits = ((payload_id(f"busy-{each % payloads}"), f"busy-{each}") for each in range(rows))
    aws.add_many(waiting_since(7200, "model"), waits)
    lost = add(aws, named("old", 10), since=9000, status="SUCCEEDED")
    lost += add(aws, named("young", 10), since=1000, status="SUCCEEDED")
    beats: dict[str, int] = defaultdict(int)

    def beat(taskToken: str) -> None:  # noqa: N803
        beats[taskToken] += 1
        aws.clock.sleep(0.005)

    aws.stepfunctions.send_task_heartbeat = beat  # type: ignore[method-assign]
    summaries = [aws.one_pass(heartbeat=True)]
    reached = summaries[0].count(Did.HEARTBEAT)
    repaired_after = None
    while len(summaries) < math.ceil((rows + 20) / reached) + 1:
        if repaired_after is None and all(is_settled(aws, name) for name in lost):
            repaired_after = len(summaries)
        summaries.append(aws.one_pass(heartbeat=True))
    assert {row.task_token for row in aws.open_rows() if not row.is_settled} <= beats.keys()
    assert max(beats.values()) <= 2
    assert repaired_after is not None
    assert repaired_after <= bound(summaries[:repaired_after], rows + 20)
    assert not any(summary.is_complete for summary in summaries)  # and each pass says so


def test_rows_of_one_payload_share_one_judgement(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 5,000 that wait for one run that goes on each hundred are judged once, at most."""
    judged: list[str] = []
    judge = repair.judge

    def counted(case: Case) -> Verdict:
        judged.append(case.row.payload_id)
        return judge(case)

    monkeypatch.setattr(repair, "judge", counted)
    aws = SlowAws(INTERVAL)
    hot(aws, 5_000)
    summary = aws.one_pass()
    assert summary.count(Did.STILL_RUNNING) == 5_000
    assert 1 <= len(judged) <= 5_000 / 100


def test_a_walk_that_comes_round_soon_writes_nothing() -> None:
    """A deployment that a pass can look at has no row of places, and its next pass no use of it."""
    aws = SlowAws(INTERVAL)
    add(aws, named("running", 1000))
    for _ in range(2):
        assert aws.one_pass(heartbeat=True).is_complete
    assert PLACES not in aws.dynamodb.rows
    assert aws.dynamodb.calls["UpdateItem callbacks"] == []


class Killed(BaseException):
    """The lambda ran out of its time: nothing after it runs."""


def test_passes_that_are_killed_leave_the_next_one_further_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However often: places are written while the walk goes on, not at its end alone."""
    monkeypatch.setattr(places, "SECONDS_BETWEEN_WRITES", 3.0)
    aws = SlowAws(TENTH)
    add(aws, named("running", 12_000))
    lost = add(aws, named("lost", 20), since=1000, status="SUCCEEDED")
    original = aws.dynamodb.batch_get_item

    def batch_get_item(**request: object) -> object:
        if aws.clock() >= aws.passes * TENTH + 16:
            raise Killed
        return original(**request)  # type: ignore[arg-type]

    monkeypatch.setattr(aws.dynamodb, "batch_get_item", batch_get_item)
    for _ in range(8):
        with pytest.raises(Killed):
            aws.one_pass()
    assert [name for name in lost if not is_settled(aws, name)] == []


def test_two_reconcilers_at_once_pass_over_no_row() -> None:
    """A slower one sets the place back: rows are looked at again, and none is left out."""
    aws = SlowAws(TENTH)
    add(aws, named("running", 14_000))
    lost = add(aws, named("lost", 20), since=1000, status="SUCCEEDED")
    for _ in range(4):
        before = aws.dynamodb.rows.get(PLACES)
        aws.one_pass()
        # The other one begins at the same time and place, and is the last to write.
        aws.passes -= 1
        aws.clock.seconds = aws.passes * TENTH
        if before is not None:
            aws.dynamodb.rows[PLACES] = before
        aws.one_pass()
    assert [name for name in lost if not is_settled(aws, name)] == []


def test_a_place_that_is_gone_or_garbage_is_no_place() -> None:
    """The pass begins at its number's shard, as one that finds none."""
    garbage = [
        {"rows": {"S": "x"}, "descriptions": {"M": {"waiting": {"N": "1"}}}},
        {"descriptions": {"M": {**Key("p", "t").to_item(), "waiting": {"S": "9"}}}},
        {
            "descriptions": {
                "M": {
                    **Key("p", "t").to_item(),
                    "waiting": {"S": "99"},
                    "registered_at": {"S": "x"},
                },
            },
        },
    ]
    for place in garbage:
        aws = SlowAws(INTERVAL)
        lost = add(aws, named("lost", 20), since=1000, status="SUCCEEDED")
        aws.dynamodb.rows[PLACES] = {**PLACES.to_item(), **place}
        summary = aws.one_pass()
        assert summary.is_complete
        assert all(is_settled(aws, name) for name in lost)


def test_a_place_behind_a_row_that_is_gone_is_as_good() -> None:
    """The walk goes on behind where the row was, and comes round."""
    aws = SlowAws(INTERVAL)
    lost = add(aws, named("lost", 40), since=1000, status="SUCCEEDED")
    place = {
        **Key(payload_id("gone"), "gone").to_item(),
        "waiting": {"S": "3"},
        "registered_at": {"S": timestamp(START)},
    }
    aws.dynamodb.rows[PLACES] = {**PLACES.to_item(), "descriptions": {"M": place}}
    summary = aws.one_pass()
    assert (summary.open_waits, summary.is_complete) == (40, True)
    assert all(is_settled(aws, name) for name in lost)
    assert set(aws.dynamodb.shards) == set(shards())


def test_a_place_that_cannot_be_kept_fails_no_pass(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is said in the log, without the row's token; the next pass begins elsewhere."""
    aws = SlowAws(TENTH)
    add(aws, named("running", 20_000))

    def update_item(**_: object) -> None:
        raise ValueError("a-secret-token")

    monkeypatch.setattr(aws.dynamodb, "update_item", update_item)
    summary = aws.one_pass()
    assert not summary.is_complete
    assert "cannot be kept (ValueError)" in caplog.text
    assert "a-secret-token" not in caplog.text
    assert "token-running" not in caplog.text


def test_who_counts_no_passes_begins_with_the_first_shard() -> None:
    """Without a place and without a number it is always the same shard."""
    assert Pass.__dataclass_fields__["number"].default == 0
