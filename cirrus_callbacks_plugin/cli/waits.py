"""``cirrus-callbacks waits``: who waits for what, and why it still waits."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from cirrus_callbacks_plugin.cli import options
from cirrus_callbacks_plugin.cli.operating import Where, on_deployment
from cirrus_callbacks_plugin.cli.spans import read_span
from cirrus_callbacks_plugin.operations.reasons import Code

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from cirrus_callbacks_plugin.cli.screen import Screen
    from cirrus_callbacks_plugin.operations.dead_letters import DeadLetters
    from cirrus_callbacks_plugin.operations.deployment import Deployment
    from cirrus_callbacks_plugin.operations.listing import Cursor, Listing
    from cirrus_callbacks_plugin.operations.survey import ExplainedWait, Filters


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the options ask for."""

    filters: Filters
    codes: frozenset[Code]
    after: Cursor | None
    limit: int
    dead_letters: bool
    quick: bool


@dataclass(frozen=True, slots=True)
class Page:
    """What was found."""

    waits: list[ExplainedWait]
    next: Cursor | None
    dead: DeadLetters | None


@click.command(
    "waits",
    epilog="Example: cirrus-callbacks waits --deployment earth-prod --older-than 6h",
)
@click.option("--workflow", "workflows", multiple=True, metavar="NAME", help="Of this workflow.")
@click.option("--waiter", metavar="TEXT", help="Whose waiter's id or execution holds TEXT.")
@click.option(
    "--older-than", callback=read_span, metavar="SPAN", help="As old as 90s, 30m, 6h or 2d."
)
@click.option(
    "--reason",
    "codes",
    multiple=True,
    type=click.Choice([code.value for code in Code]),
    help="Open for this reason; looks at every open wait.",
)
@click.option("--limit", type=click.IntRange(min=0), default=50, show_default=True, metavar="N")
@click.option("--all", "is_all", is_flag=True, help="The same as --limit 0.")
@click.option("--after", metavar="NEXT", help="Go on where the page before ended.")
@click.option(
    "--dead-letters",
    is_flag=True,
    help="Look for messages in the dead-letter queue; hides them for a moment.",
)
@click.option(
    "--quick",
    is_flag=True,
    help="Do not find out whether children that run wait themselves, and whether waiters are gone.",
)
@click.option("--members", is_flag=True, help="Also the waits of joins' members, one by one.")
@click.option("--watch", is_flag=True, help="Show it again and again, until Ctrl-C.")
@click.option(
    "--interval",
    type=click.FloatRange(min=1),
    default=10.0,
    show_default=True,
    metavar="S",
    help="Seconds between two looks of --watch.",
)
@on_deployment
def command(
    *,
    where: Where,
    workflows: tuple[str, ...],
    waiter: str | None,
    older_than: timedelta | None,
    codes: tuple[str, ...],
    limit: int,
    is_all: bool,
    after: str | None,
    dead_letters: bool,
    quick: bool,
    members: bool,
    watch: bool,
    interval: float,
    is_json: bool,
) -> None:
    r"""List open waits, oldest first, each with the reason why it still waits.

    \b
    running           its child runs
    waits-itself      its child runs, and itself waits for others
    in-cycle          the same, and in the end for who waits for it
    abandoned         its child runs, and the runs that waited for it have ended
    not-started-yet   no run of its message yet: queued, or being tried
    never-started     no run came of its message, and none will come
    in-dead-letters   its message was given up (looked up with --dead-letters)
    event-on-its-way  its child ended within the last two minutes
    stuck             its child's execution ended, StateDB says otherwise
    not-settled       its child is final in StateDB, the wait was not settled
    being-settled     the same, and the sender is at it
    not-answered      settled, and the waiter has not been told
    members-pending   a join, one line for all of its members
    waiter-gone       the run that waited has ended: nobody takes an answer
    """
    from cirrus_callbacks_plugin.cli.screen import Screen
    from cirrus_callbacks_plugin.operations.listing import Cursor
    from cirrus_callbacks_plugin.operations.survey import Filters

    if watch and is_json:
        raise click.UsageError("--watch is for people, --json for programs: give one of them.")
    wanted = Wanted(
        Filters(frozenset(workflows), waiter, older_than, without_members=not members),
        frozenset(Code(code) for code in codes),
        Cursor.parse(after) if after else None,
        0 if is_all else limit,
        dead_letters,
        quick,
    )
    screen = Screen()
    with where.found() as deployment:
        for page in _pages(deployment, wanted, screen, interval if watch else None):
            if is_json:
                options.write_json(sys.stdout, _to_json(deployment, page))
            else:
                _show(screen, deployment, page, watched=watch)


def _pages(
    deployment: Deployment,
    wanted: Wanted,
    screen: Screen,
    interval: float | None,
) -> Iterator[Page]:
    while True:
        yield _look(deployment, wanted, screen)
        if interval is None:
            return
        time.sleep(interval)


def _look(deployment: Deployment, wanted: Wanted, screen: Screen) -> Page:
    from cirrus_callbacks_plugin.operations import dead_letters
    from cirrus_callbacks_plugin.operations.listing import Listing
    from cirrus_callbacks_plugin.operations.settings import reconciler_settings
    from cirrus_callbacks_plugin.operations.survey import Survey

    with screen.progress("looking at open waits") as advance:
        settings = reconciler_settings(deployment, must_know=False)
        survey = Survey(deployment, settings, advance, with_waiters=not wanted.quick)
        dead = dead_letters.peek(deployment) if wanted.dead_letters else None
        listing: Listing = Listing(
            survey,
            wanted.filters,
            wanted.codes,
            wanted.after,
            dead,
            with_chains=not wanted.quick,
        )
        waits, cursor = listing.page(wanted.limit)
    return Page(waits, cursor, dead)


def _to_json(deployment: Deployment, page: Page) -> dict[str, Any]:
    from cirrus_callbacks_plugin.operations.listing import wait_to_json

    return {
        "deployment": deployment.to_json(),
        "waits": [wait_to_json(explained, deployment.clock()) for explained in page.waits],
        "next": None if page.next is None else str(page.next),
        "dead_letters_looked_at": page.dead is not None,
    }


def _show(screen: Screen, deployment: Deployment, page: Page, *, watched: bool) -> None:
    from cirrus_callbacks_plugin.cli.screen import at
    from cirrus_callbacks_plugin.cli.waits_table import blocks, wide_table

    now = deployment.clock()
    if watched and screen.console.is_terminal:
        screen.console.clear()
    if watched:
        screen.line(f"{deployment.name}, {at(now)}")
    rows = None
    if not page.waits:
        screen.line("Nobody waits." if page.next is None else "")
    else:
        rows = wide_table(page.waits, now, screen.columns, is_terminal=screen.is_terminal)
    if rows is not None:
        screen.put(rows)
    else:
        for head, *texts in blocks(page.waits, now):
            screen.line(head)
            for text in texts:
                screen.indented(text)
    dead = page.dead
    if dead is not None and dead.queue is None:
        screen.line("The process queue has no dead-letter queue.")
    if dead is not None and not dead.is_complete:
        screen.line(f"Not all of the dead-letter queue {dead.queue} was looked at.")
    if page.next is not None:
        screen.line(f"There are more: --after '{page.next}', or --all.")
