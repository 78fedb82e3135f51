"""``cirrus-callbacks waits``: who waits for what, and why it still waits."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from cirrus_callbacks_plugin.cli.json_stream import write_members
from cirrus_callbacks_plugin.cli.operating import Where, on_deployment
from cirrus_callbacks_plugin.cli.spans import read_span
from cirrus_callbacks_plugin.operations.reasons import Code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import timedelta

    from cirrus_callbacks_plugin.cli.screen import Screen
    from cirrus_callbacks_plugin.operations.dead_letters import DeadLetters
    from cirrus_callbacks_plugin.operations.deployment import Deployment
    from cirrus_callbacks_plugin.operations.listing import Cursor, Listing
    from cirrus_callbacks_plugin.operations.survey import ExplainedWait, Filters, Total

WAITS_A_TABLE = 500
"""A table is put together before it is shown; very many waits are several, below one head."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the options ask for."""

    filters: Filters
    codes: frozenset[Code]
    after: Cursor | None
    limit: int
    dead_letters: bool
    quick: bool
    ask_waiters: int


@dataclass(frozen=True, slots=True)
class Page:
    """What was found; of all waits, what is found while it is shown."""

    listing: Listing
    waits: Iterator[ExplainedWait]
    next: Cursor | None
    total: Total | None
    dead: DeadLetters | None

    @property
    def not_asked(self) -> int:
        """How many waiters were not asked about, so far."""
        return self.listing.survey.waiters.not_asked


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
@click.option(
    "--ask-waiters",
    type=click.IntRange(min=0),
    default=600,
    show_default=True,
    metavar="N",
    help="Ask about N waiters at most that are not listed as running, five a second; 0: each.",
)
@click.option(
    "--members",
    is_flag=True,
    help="Also the waits of joins' members, one by one, and which members have not arrived.",
)
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
    ask_waiters: int,
    members: bool,
    watch: bool,
    interval: float,
    is_json: bool,
) -> None:
    """List open waits, oldest first, each with the reason why it still waits.

    Where more than a thousand wait, a page says waits-itself and in-cycle of those waits alone
    that are among its own ones; --all and --reason look at every wait, and list them as they
    are found.

    \b
    running           its child runs
    waits-itself      its child runs, and itself waits for others
    in-cycle          the same, and in the end for who waits for it
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
    """  # noqa: D301 - click's mark for lines that stay as they are
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
        ask_waiters,
    )
    screen = Screen()
    with where.found() as deployment:
        while True:
            with _looking(deployment, wanted, screen) as page:
                if is_json:
                    write_members(sys.stdout, _to_json(deployment, page))
                else:
                    _show(screen, deployment, page, watched=watch)
            if not watch:
                return
            time.sleep(interval)


@contextmanager
def _looking(deployment: Deployment, wanted: Wanted, screen: Screen) -> Iterator[Page]:
    """A look; its progress is shown until the end of the block, where it disturbs nothing."""
    from cirrus_callbacks_plugin.operations import dead_letters
    from cirrus_callbacks_plugin.operations.listing import Listing
    from cirrus_callbacks_plugin.operations.settings import reconciler_settings
    from cirrus_callbacks_plugin.operations.survey import Survey

    with screen.progress("looking at open waits") as progress:
        settings = reconciler_settings(deployment, must_know=False)
        survey = Survey(
            deployment,
            settings,
            progress,
            with_waiters=not wanted.quick,
            most_waiters=wanted.ask_waiters or None,
            with_missing=not wanted.filters.without_members,
        )
        dead = dead_letters.peek(deployment) if wanted.dead_letters else None
        listing: Listing = Listing(
            survey,
            wanted.filters,
            wanted.codes,
            wanted.after,
            dead,
            with_chains=not wanted.quick,
        )
        if wanted.limit:
            waits, cursor = listing.page(wanted.limit)
            progress.end()
            yield Page(listing, iter(waits), cursor, survey.total() if cursor else None, dead)
            return
        every = listing.each()
        if screen.is_terminal:  # the waits themselves are the progress
            every = _first_then(every, progress.end)
        yield Page(listing, every, None, None, dead)


def _first_then(
    waits: Iterator[ExplainedWait],
    on_first: Callable[[], None],
) -> Iterator[ExplainedWait]:
    first = next(waits, None)
    on_first()
    if first is not None:
        yield first
        yield from waits


def _to_json(deployment: Deployment, page: Page) -> Iterator[tuple[str, Any]]:
    from cirrus_callbacks_plugin.operations.listing import wait_to_json

    yield "deployment", deployment.to_json()
    yield "waits", (wait_to_json(each, deployment.clock()) for each in page.waits)
    yield "next", None if page.next is None else str(page.next)
    yield "dead_letters_looked_at", page.dead is not None
    yield "total", None if page.total is None else asdict(page.total)
    listing = page.listing
    yield "chains_looked_at", listing.with_chains and listing.knows_chains
    yield "waiters_not_asked", page.not_asked


def _show(screen: Screen, deployment: Deployment, page: Page, *, watched: bool) -> None:
    from cirrus_callbacks_plugin.cli.screen import at
    from cirrus_callbacks_plugin.cli.waits_table import blocks, wide_table

    now = deployment.clock()
    if watched and screen.console.is_terminal:
        screen.console.clear()
    if watched:
        screen.line(f"{deployment.name}, {at(now)}")
    number, has_running = 0, False
    while waits := list(islice(page.waits, WAITS_A_TABLE)):
        has_running = has_running or any(each.reason.code is Code.RUNNING for each in waits)
        is_terminal = screen.is_terminal
        rows = wide_table(waits, now, screen.columns, is_terminal=is_terminal)
        if rows is not None:
            rows.show_header = number == 0
            screen.put(rows)
        else:
            for head, *texts in blocks(waits, now):
                screen.line(head)
                for text in texts:
                    screen.indented(text)
        number += len(waits)
    if not number:
        screen.line("Nobody waits." if page.next is None else "")
    _show_what_is_left(screen, page, has_running=has_running)


def _show_what_is_left(screen: Screen, page: Page, *, has_running: bool) -> None:
    """What was not looked at, and where to go on."""
    dead = page.dead
    if dead is not None and dead.queue is None:
        screen.line("The process queue has no dead-letter queue.")
    if dead is not None and not dead.is_complete:
        screen.line(f"Not all of the dead-letter queue {dead.queue} was looked at.")
    if page.not_asked:
        screen.line(
            f"{page.not_asked:,} waiters were not asked about, which may be gone: "
            "--ask-waiters 0 asks about each."
        )
    if has_running and not page.listing.knows_chains:
        screen.line(
            "Whether a child that runs waits itself was looked for among these waits alone: "
            "`show ID` says it of one, --all of all."
        )
    if page.next is not None:
        screen.line(f"There are more{_in_all(page.total)}: --after '{page.next}', or --all.")


def _in_all(total: Total | None) -> str:
    if total is None:
        return ""
    if total.is_exact:
        return f", {total.waits:,} in all"
    return f", about {total.waits:,} in all (DynamoDB's count, up to six hours old)"
