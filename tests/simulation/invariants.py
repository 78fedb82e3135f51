"""The promises (README, "What is promised"), judged at the end of a schedule."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from simulation.bare import replay
from simulation.ghost import GONE

if TYPE_CHECKING:
    from collections.abc import Collection

    from simulation.ghost import Ghost, RowFacts, RunFacts
    from simulation.world import World

COMPLETED = "SUCCEEDED"
NEVER_RERUN = ("SUCCEEDED", "INVALID")
IN_PROGRESS = ("CLAIMED", "PROCESSING")
NEVER_STARTED = "CirrusCallback.NeverStarted"
STATE_OF_ERROR = {
    "CirrusCallback.Failed": "FAILED",
    "CirrusCallback.Aborted": "ABORTED",
    "CirrusCallback.Invalid": "INVALID",
}


def violations(world: World) -> list[str]:
    """Every promise that this schedule broke, in words."""
    found = list(world.ghost.problems)
    rows = {
        item["task_token"]["S"]: item
        for item in world.waits.items.values()
        if not item["task_token"]["S"].startswith("#")
    }
    for number, sent in enumerate(world.scenario.messages):
        if sent.token is None or sent.token not in rows:
            continue
        row = rows[sent.token]
        facts = world.ghost.rows[sent.token]
        found += _answered(world, sent.token, row)
        found += once(world, sent.token, row, facts)
        found += untruths(world.ghost, sent.token, row, facts, number, replace=sent.replace)
    found += _registered(world, rows)
    found += secret(world)
    found += isolated(world)
    return found


def _answered(world: World, token: str, row: dict[str, Any]) -> list[str]:
    """1. No lost wait; and none that waits for the reconciler though nothing was lost."""
    if "answer" not in row:
        return [f"1. {token} was never answered"]
    if row["answer"]["S"] == "stale" and token in world.sfn.tokens:
        return [f"1. {token} is marked stale, though Step Functions still waits for its answer"]
    undisturbed = not world.is_disturbed and all(
        # Of a run that had ended before all this, the record tells already.
        world.events[arn].tries or world.ghost.runs[arn].ended == 0
        for arn in world.sfn.executions
    )
    if (
        undisturbed
        and world.ghost.listings <= 1
        # Nothing but the reconciler tells of a run that never comes: another payload's goes on.
        and not world.scenario.shares_key
        and not world.ghost.settled_by_itself[token]
        and not overtaken(world.ghost, world.ghost.rows[token])
    ):
        return [f"1. {token} had to wait for the reconciler, though nothing was lost"]
    return []


def _registered(world: World, rows: dict[str, Any]) -> list[str]:
    """1. A message that left the queue as processed has its token registered."""
    dead = {message.number for message in world.queue.dead}
    return [
        f"1. message {number} was processed, but {sent.token} was never registered"
        for number, sent in enumerate(world.scenario.messages)
        if sent.token is not None and sent.token not in rows and number not in dead
    ]


def once(world: World, token: str, row: dict[str, Any], facts: RowFacts) -> list[str]:
    """3. At most one accepted answer, and the row tells of it; 4. answered rows expire."""
    found = []
    accepted = [(answer, told) for each, answer, told in world.sfn.accepted if each == token]
    if len(accepted) > 1:
        found.append(f"3. {token} was answered {len(accepted)} times")
    answer = row.get("answer", {}).get("S")
    if answer in ("success", "failure") and answer not in [each for each, _ in accepted]:
        found.append(f"3. {token} is marked {answer}, which Step Functions never took")
    if answer == "stale" and accepted and not world.may_repeat:
        found.append(f"3. {token} is marked stale, though its answer was accepted")
    for before, after in zip(facts.images, facts.images[1:], strict=False):
        outranks = before["answer"]["S"] == "stale" and after["answer"]["S"] != "stale"
        if not outranks:
            found.append(f"3. {token} was changed after it had been answered")
    return found


def untruths(
    ghost: Ghost,
    token: str,
    row: dict[str, Any],
    facts: RowFacts,
    message: int,
    *,
    replace: bool,
) -> list[str]:
    """2. An answer names what really happened."""
    if row.get("answer", {}).get("S") == "stale" or facts.settled is None:
        return []
    error = row.get("answer_error", {}).get("S")
    if error == NEVER_STARTED:
        return [
            f"2. {token}: NeverStarted, though its message started {arn.rpartition(':')[2][:8]}"
            for arn, run in ghost.runs.items()
            if run.started is not None
            and run.started > facts.registered
            and message in run.messages
            # Of a run that neither row nor record tells no reader can know: its record was
            # deleted before step 3 could note it (docs/protocol.md).
            and arn not in facts.unseen
        ]
    named = _named(ghost, token, row, facts)
    if named:
        return named
    if is_of_its_own(ghost, facts, row, message):
        return []
    # A message beside it in the batch may ask for a replacement: that is not run for this one.
    again = ran_again(ghost, facts, message, for_itself=_told(row) in NEVER_RERUN and not replace)
    # A run that was listed and never came to be is not a newer one, once that is certain.
    for besides in ((), ghost.never_came_to_be()):
        if is_true(ghost, facts, row, replace=replace, ran_again=again, besides=besides):
            return []
    return [
        f"2. {token} was told {_told(row)}, which is not the outcome of the run it waits for",
    ]


def is_of_its_own(ghost: Ghost, facts: RowFacts, row: dict[str, Any], message: int) -> bool:
    """The answer is of the run that came of the row's own message, where no record lists another.

    What no reader can see: that a later one was listed in a record that is gone
    (docs/protocol.md).
    """
    run = ghost.runs.get(row.get("execution_arn", {}).get("S", ""))
    return (
        facts.is_deleted
        and run is not None
        and message in run.messages
        and _ended_so(run, _told(row), facts.settled or 0)
    )


def _named(ghost: Ghost, token: str, row: dict[str, Any], facts: RowFacts) -> list[str]:
    """A run that an answer names had ended so; its output is its own."""
    arn = row.get("execution_arn", {}).get("S")
    if arn is None:
        return []
    name = arn.rpartition(":")[2]
    found = []
    ends = ghost.runs[arn].ends if arn in ghost.runs else ()
    steps = [step for step, result in ends if result == _told(row)]
    if facts.settled_by == "process" and _written_by_an_unlisted_run(ghost, facts, _told(row)):
        return []
    if not steps or min(steps) > (facts.settled or 0):
        found.append(f"2. {token} was told {_told(row)} of {name[:8]}, which had not ended so")
    url = row.get("output_payload_url", {}).get("S")
    if url is not None and f"/{name}/" not in url:
        found.append(f"2. {token} was told the output of another run than {name[:8]}")
    return found


def _written_by_an_unlisted_run(ghost: Ghost, facts: RowFacts, state: str) -> bool:
    """A run that the record does not list wrote the state, of a record that lists one run.

    Somebody started it by hand, or the record that listed it was deleted since. What no reader of
    the record can see: whose end the state is (docs/protocol.md). ``update-state`` knows.
    """
    return any(
        written.state == state
        and written.run is not None
        and (ghost.runs[written.run].listed is None or not written.is_listed)
        for written in ghost.held(facts.begun, facts.settled or 0)
    )


def overtaken(ghost: Ghost, facts: RowFacts) -> bool:
    """A whole run came and went between the hook's look at the record and its row.

    The hook cannot tell that run from one of a record that somebody deleted: the reconciler
    can, by when it stopped.
    """
    return any(
        run.started is not None
        and run.ended is not None
        and facts.begun < run.started <= run.ended < facts.registered
        for run in ghost.runs.values()
    )


def is_old(run: RunFacts, facts: RowFacts) -> bool:
    """It had ended before the row was registered, and did not begin since the hook looked.

    Of a run that came and went between the hook's look and its row, the hook cannot know; it
    came after the message all the same.
    """
    had_ended = run.ended is not None and run.ended < facts.registered
    return had_ended and not (run.started is not None and run.started > facts.begun)


def ran_again(ghost: Ghost, facts: RowFacts, message: int, *, for_itself: bool = False) -> bool:
    """A run came of the message since the invocation began that registered the row.

    With ``for_itself`` not what a message beside it in its batch asked for, nor what cirrus ran
    because the payload failed meanwhile: of neither the hook can know when it looks.
    """
    return any(
        run.started is not None
        and run.started > facts.begun
        and message in run.messages
        and not (for_itself and (run.is_replacement or _failed(ghost, facts.begun, run.started)))
        for run in ghost.runs.values()
    )


def _failed(ghost: Ghost, since: int, until: int) -> bool:
    return any(each.state in ("FAILED", "ABORTED", GONE) for each in ghost.held(since, until))


def _told(row: dict[str, Any]) -> str:
    error = row.get("answer_error", {}).get("S")
    return STATE_OF_ERROR.get(error or "", row["workflow_state"]["S"])  # type: ignore[no-any-return]


def is_true(
    ghost: Ghost,
    facts: RowFacts,
    row: dict[str, Any],
    *,
    replace: bool,
    ran_again: bool,
    besides: Collection[str] = (),
) -> bool:
    """True where a settled row says what happened, apart from the runs ``besides``.

    The future changes ``ran_again`` and ``besides`` alone.
    """
    settled, state = facts.settled or 0, _told(row)
    # Where the payload had ended when it was registered, cirrus runs it again; where the
    # state table still said PROCESSING, the run of which it said so is the one waited for.
    rerun = ghost.was_final(facts) and (replace or ran_again)

    def is_excluded(run: RunFacts | None) -> bool:
        return rerun and run is not None and is_old(run, facts)

    latest = ghost.latest_listed(settled, besides)
    if latest is not None:
        run = ghost.runs[latest]
        if _ended_so(run, state, settled) and not is_excluded(run):
            return True
    if row.get("seen_state", {}).get("S") in IN_PROGRESS:
        # The run in progress when the hook looked, though it ended before the row was put, and
        # a late event of an older run hid its end.
        waited_for = row["seen_execution"]["S"]
        run = ghost.runs[waited_for]
        is_latest = ghost.latest_listed(facts.registered, besides) == waited_for
        if is_latest and _ended_so(run, state, settled):
            return True
    if facts.settled_by == "process" and _written_by_an_unlisted_run(ghost, facts, state):
        return True
    for written in ghost.held(facts.registered, settled):
        newest = ghost.latest_listed(max(written.step, facts.registered), besides)
        if (
            written.state == state
            and written.run is not None
            # Where no run is listed, a run by hand is the only one there is.
            and (
                (newest is None and ghost.runs[written.run].listed is None)
                or (written.run == newest and not is_excluded(ghost.runs[newest]))
            )
        ):
            return True
    seen = row.get("seen_state", {}).get("S")
    return not replace and not ran_again and state in NEVER_RERUN and seen == state


def _ended_so(run: RunFacts, state: str, until: int) -> bool:
    """True where a run had ended in that way by then, be it that it was redriven since."""
    return any(step <= until and result == state for step, result in run.ends)


def secret(world: World) -> list[str]:
    """6. No token anywhere but in the tracking table and the queue."""
    places = {
        "the state table": repr(world.states.items),
        "S3": repr(world.bucket.objects),
        "SNS": json.dumps(world.topic.published),
        "an execution's input": repr([each.input for each in world.sfn.executions.values()]),
    }
    return [
        f"6. {sent.token} is in {place}"
        for sent in world.scenario.messages
        for place, text in places.items()
        if sent.token is not None and sent.token in text
    ]


def isolated(world: World) -> list[str]:
    """5. StateDB, queue and topics are as the bare handlers leave them."""
    bare = replay(world)
    return [
        f"5. {name} differs from what the bare handlers leave: {ours} instead of {theirs}"
        for name, ours, theirs in bare
        if ours != theirs
    ]
