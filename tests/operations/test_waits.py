"""``waits``: who waits for what, and why, in every state and among hundreds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support import schemas, snapshots
from support.open_waits import MANY, payload_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.command_line import Run
    from support.open_waits import OpenWaits

OF_EACH = {
    "running": "running",
    "chained": "waits-itself",
    "stuck": "stuck",
    "settled": "not-settled",
    "continued": "being-settled",
    "claimed": "never-started",
    "lost": "never-started",
    "dead": "in-dead-letters",
    "answerless": "not-answered",
    "again": "not-started-yet",
}


def test_every_state_has_its_reason(run: Run) -> None:
    """Oldest first, hundreds of waits, --all; the JSON has its schema and no token."""
    ran = run("waits", "--all", "--dead-letters", "--json")
    assert ran.status == 0, ran.err
    schemas.check("waits", ran.json)
    found = ran.json["waits"]
    assert len(found) == 3 * MANY + 12
    assert [each["registered_at"] for each in found] == sorted(
        each["registered_at"] for each in found
    )
    codes = {each["payload_id"]: each["reason"]["code"] for each in found}
    assert {kind: codes[payload_id(kind)] for kind in OF_EACH} == OF_EACH
    assert codes[payload_id("gone", 3)] == "stuck"
    assert codes[payload_id("queued", 3)] == "never-started"
    assert codes[payload_id("queued")] == "not-started-yet"
    (chained,) = [each for each in found if each["payload_id"] == payload_id("chained")]
    assert chained["reason"]["waits_for"] == [payload_id("running")]
    assert ran.json["dead_letters_looked_at"] is True
    assert "-token" not in ran.out


@pytest.mark.parametrize("columns", ["80", "160"])
def test_the_table(run: Run, monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    """Narrow, a wait is a few lines; wide, a row. No id is broken, no control code is in it."""
    monkeypatch.setenv("COLUMNS", columns)
    ran = run("waits", "--older-than", "6h", "--limit", "12")
    assert ran.status == 0
    assert "\x1b" not in ran.out
    snapshots.matches(f"waits-{columns}", ran.out)


@pytest.fixture
def long_ids(waits: OpenWaits) -> Iterator[tuple[str, str]]:
    """A payload and its waiter, with ids longer than any screen is wide."""
    about = payload_id("queued", workflow="cog") + "x" * 200
    waiter = f"sentinel-2-l2a/workflow-mosaic/{'y' * 180}-west"
    waits.register(about, "long-token", hours=8, waiter=waiter)
    yield about, waiter
    waits.remove((about, "long-token"))


@pytest.mark.parametrize(
    ("command", "columns"),
    [
        (("waits", "--limit", "1", "--quick"), "80"),
        (("waits", "--limit", "1", "--quick"), "160"),
        (("show", "WAITER"), "80"),
        (("graph", "--payload", "PAYLOAD"), "80"),
    ],
)
def test_a_pipe_holds_every_id_whole(
    run: Run,
    long_ids: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
    columns: str,
) -> None:
    """Where output is not a terminal, each id stands in one line, however long: grep finds it."""
    monkeypatch.setenv("COLUMNS", columns)
    named = dict(zip(("PAYLOAD", "WAITER"), long_ids, strict=True))
    ran = run(*(named.get(each, each) for each in command))
    lines = ran.out.splitlines()
    about, waiter = (each.partition("/workflow-")[2] for each in long_ids)
    assert [line for line in lines if about in line], ran.out
    assert [line for line in lines if waiter in line], ran.out


def test_the_dead_letter_queue_is_looked_at_on_request(run: Run, waits: OpenWaits) -> None:
    """Only then; and its messages stay where they are, to be seen again at once."""
    without = run("waits", "--older-than", "6h", "--quick", "--json")
    codes = {each["payload_id"]: each["reason"]["code"] for each in without.json["waits"]}
    assert codes[payload_id("dead")] == "never-started"
    url = waits.sqs.get_queue_url(QueueName=waits.names.dead_letter_queue)["QueueUrl"]
    run("waits", "--dead-letters", "--limit", "1", "--quick")
    attributes = waits.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert int(attributes["ApproximateNumberOfMessages"]) == 1


def test_filters(run: Run) -> None:
    """By workflow, waiter, age and reason."""

    def found(*options: str) -> set[str]:
        ran = run("waits", "--all", "--quick", "--json", *options)
        return {each["payload_id"] for each in ran.json["waits"]}

    slow = {payload_id("running", number) for number in range(MANY // 10 + 1)}
    assert found("--workflow", "cog-slow") == slow
    scenes = found("--waiter", "three-scenes", "--older-than", "6.55h")
    assert payload_id("claimed") in scenes
    assert payload_id("lost") not in scenes
    assert payload_id("gone", 1) not in scenes
    assert found("--older-than", "3h", "--reason", "not-answered") == {payload_id("answerless")}


def test_pages(run: Run) -> None:
    """Each page goes on where the one before ended; none is left out or told twice."""
    seen: list[str] = []
    after: tuple[str, ...] = ()
    for _ in range(5):
        ran = run("waits", "--limit", "120", "--quick", "--json", *after)
        seen += [each["wait"] for each in ran.json["waits"]]
        if ran.json["next"] is None:
            break
        after = ("--after", ran.json["next"])
    assert len(seen) == len(set(seen)) == 3 * MANY + 12


def test_nobody_waits(run: Run) -> None:
    """An empty list is said to be one, and is not an error."""
    ran = run("waits", "--workflow", "nothing")
    assert (ran.status, ran.out) == (0, "Nobody waits.\n")


@pytest.mark.parametrize(
    ("option", "told"),
    [
        (("--older-than", "soon"), "is not a time span"),
        (("--after", "there"), "is not a place to go on from"),
        (("--watch", "--json"), "give one of them"),
        (("--reason", "none"), "none"),
    ],
)
def test_wrong_options(run: Run, option: tuple[str, ...], told: str) -> None:
    """One message, exit status 2."""
    ran = run("waits", *option)
    assert (ran.status, ran.out) == (2, "")
    assert told in ran.err


def test_watch_shows_it_again_until_interrupted(
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ctrl-C ends it with 130, and no traceback."""
    from cirrus_callbacks_plugin.cli import waits as command

    looks: list[float] = []

    def sleep(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(command.time, "sleep", sleep)
    ran = run("waits", "--watch", "--interval", "5", "--limit", "1", "--quick")
    assert (ran.status, looks) == (130, [5, 5])
    assert ran.out.count("running-0") == 2
    assert "Traceback" not in ran.err


def test_an_end_of_the_last_two_minutes(
    run: Run,
    waits: OpenWaits,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its event is on its way: no repair yet, and from when on."""
    from datetime import timedelta

    monkeypatch.setattr(waits, "shift", timedelta(hours=-2))
    ran = run("waits", "--all", "--quick", "--json")
    reasons = {each["payload_id"]: each["reason"] for each in ran.json["waits"]}
    reason = reasons[payload_id("stuck")]
    assert reason["code"] == "event-on-its-way"
    assert reason["repair_from"] > reason["since"]
