"""``make bench``: what the plugin adds, a soak under faults, many on one, peers, commands."""

from __future__ import annotations

import itertools
import json
import logging
import os
import random
import sys
import time
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

sys.path.insert(0, str(Path(__file__).parents[1]))  # for the tests' own modules

PARTS = ("start", "handlers", "soak", "many", "joins", "peers", "commands")
PLAIN_SECONDS = 15
"""Between two lines of progress where the output is not a terminal."""


@click.command()
@click.argument("parts", nargs=-1, type=click.Choice(PARTS))
@click.option("--tokens", default=10_000, show_default=True, help="Soak: tokens that wait.")
@click.option("--payloads", type=int, help="Soak: payloads  [default: a fifth of the tokens]")
@click.option("--real", type=int, help="Soak: real executions' tokens  [default: 5 %]")
@click.option("--seed", type=int, help="Soak: what messages and faults follow from.")
@click.option("--faults", default=1.0, show_default=True, help="Soak: factor for every chance.")
@click.option(
    "--reconcile-every", default=20.0, show_default=True, help="Soak: seconds between passes."
)
@click.option("--deployments", type=int, help="Soak: side by side  [default: one a core]")
@click.option("--defect", help="Soak: plant one of tests/simulation/defects.py's.")
@click.option("--waiters", default=10_000, show_default=True, help="Many: on one payload.")
@click.option("--children", default=500, show_default=True, help="Joins: of each parent.")
@click.option("--members", default=10_000, show_default=True, help="Joins: of the large one.")
@click.option("--peer-waiters", default=1_000, show_default=True, help="Peers: on one payload.")
@click.option("--open", "open_waits", default=100_000, show_default=True, help="Commands: waits.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
def main(
    *,
    parts: tuple[str, ...],
    tokens: int,
    payloads: int | None,
    real: int | None,
    seed: int | None,
    faults: float,
    reconcile_every: float,
    deployments: int | None,
    defect: str | None,
    waiters: int,
    children: int,
    members: int,
    peer_waiters: int,
    open_waits: int,
    as_json: bool,
) -> None:
    """Measure the plugin, in PARTS; all of them where none is named.

    Exit status: 1 where the soak lost somebody, told somebody something wrong, or not all of
    the many were answered once, or the large join lost a member, or a peer told a parent
    something wrong; 130 where it was interrupted.
    """
    from bench import screen
    from bench.peers.screen import show_peers
    from bench.soak.run import Settings
    from simulation.defects import DEFECTS

    if defect is not None and defect not in DEFECTS:
        raise click.BadParameter(f"one of: {', '.join(DEFECTS)}", param_hint="--defect")
    chosen = parts or PARTS
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-west-2")
    console = Console(width=118, quiet=as_json)
    found: dict[str, Any] = {}
    is_good, interrupted = True, False
    found |= _ratios(chosen, console)
    if "soak" in chosen:
        settings = Settings(
            tokens=tokens,
            payloads=max(1, tokens // 5) if payloads is None else min(payloads, tokens),
            real=tokens // 20 if real is None else real,
            seed=random.SystemRandom().randrange(1_000_000) if seed is None else seed,
            faults=faults,
            reconcile_every=reconcile_every,
            defect=defect,
        )
        outcome = _soak(settings, deployments)
        found["soak"] = outcome.to_json()
        is_good, interrupted = outcome.is_good, outcome.is_interrupted
        screen.show_soak(console, outcome)
    if "many" in chosen and not interrupted:
        many = _many(waiters)
        found["many"] = many.to_json()
        is_good = is_good and many.is_good
        screen.show_many(console, many)
    if "joins" in chosen and not interrupted:
        parents = _joins(children)
        found["joins"] = [parent.to_json() for parent in parents]
        screen.show_joins(console, parents)
        large = _large_join(members)
        found["large_join"] = large.to_json()
        is_good = is_good and large.is_good
        screen.show_large_join(console, large)
    if "peers" in chosen and not interrupted:
        compared = _peers(peer_waiters)
        found["peers"] = compared.to_json()
        is_good = is_good and compared.is_good
        show_peers(console, compared)
    if "commands" in chosen and not interrupted:
        measured = _commands(open_waits)
        found["commands"] = [asdict(each) for each in measured]
        screen.show_commands(console, measured)
    if as_json:
        click.echo(json.dumps(found))
    sys.exit(130 if interrupted else 0 if is_good else 1)


def _ratios(chosen: Sequence[str], console: Console) -> dict[str, Any]:
    """What the plugin adds: to Lambda's start of a function, and to the handlers."""
    from bench import comparisons, screen

    found: dict[str, Any] = {}
    if "start" in chosen:
        started = _start()
        found["start"] = [each.to_json() for each in started]
        screen.show_started(console, started)
    if "handlers" in chosen:
        with _logs_off():
            results, answered = comparisons.measure()
        found |= comparisons.to_json(results, answered)
        screen.show_comparisons(console, results, answered)
    return found


def _soak(settings: Any, deployments: int | None) -> Any:
    """Run the soak on all cores, a bar for what is sent and one for what is answered."""
    from bench.soak import shares

    count = max(1, min(deployments or os.cpu_count() or 1, settings.payloads))
    with _progress() as progress:
        progress.console.print(
            f"soak: {settings.tokens:,} tokens on {settings.payloads:,} payloads, "
            f"seed {settings.seed} (--seed repeats its messages and faults)",
        )
        sent = progress.add_task("sent", total=None)
        answered = progress.add_task("answered", total=None)
        plain = _plain(progress)

        def tell(far: dict[str, Any]) -> None:
            faults = f"{far['faults']:,} faults; {far['phase']}"
            progress.update(sent, completed=far["sent"], total=far["messages"] or None)
            progress.update(
                answered,
                completed=far["answered"],
                total=far["expected"] or None,
                description=f"answered ({faults})",
            )
            plain(f"{far['answered']:,} of {far['expected']:,} answered, {faults}")

        return shares.run(settings, count, tell)


def _start() -> Any:
    from bench import start

    with _logs_off(), _counted("cold starts", start.ROUNDS) as tell:
        return start.measure(
            lambda done: tell(
                "cold starts", f"{done} of {start.ROUNDS} rounds of cold starts", done
            )
        )


def _many(waiters: int) -> Any:
    from bench import many

    with _logs_off(), _counted("many", waiters) as tell:
        return many.measure(
            waiters,
            lambda what, done: tell(what, f"{done:,} of {waiters:,} {what}", done),
        )


def _joins(children: int) -> Any:
    from bench import joins

    with _logs_off(), _counted("joins", children) as counted:

        def tell(form: str, begun: int) -> None:
            parent = f"a parent with a {form}"
            counted(parent, f"{parent}: {begun:,} of {children:,} children have begun", begun)

        return joins.measure(children, tell)


def _large_join(members: int) -> Any:
    from bench import large_join

    with _counted("a large join", members) as tell:
        return large_join.measure(
            members,
            lambda what, done: tell(
                f"members {what}",
                f"{done:,} of {members:,} members {what}",
                done,
            ),
        )


def _peers(waiters: int) -> Any:
    from bench.peers import measuring

    total = measuring.measurements()
    with _logs_off(), _counted("peers", total) as tell:
        return measuring.measure(
            waiters,
            lambda what, done: tell(what, f"{what} ({done} of {total} measured)", done),
        )


def _commands(waits: int) -> Any:
    from bench import commands

    with _counted("commands", len(commands.COMMANDS)) as tell:
        done = itertools.count()
        return commands.measure(waits, lambda command: tell(command, command, next(done)))


@contextmanager
def _counted(title: str, total: int) -> Iterator[Callable[[str, str, int], None]]:
    """A bar that counts up; yields what tells it a title, a line for pipes, and how far it is."""
    with _progress() as progress:
        bar = progress.add_task(title, total=total)
        plain = _plain(progress)

        def tell(what: str, line: str, done: int) -> None:
            progress.update(bar, description=what, completed=done)
            plain(line)

        yield tell


def _progress() -> Progress:
    """On standard error: standard output is the figures'."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )


def _plain(progress: Progress) -> Callable[[str], None]:
    """A line now and then where no bar can be drawn."""
    last = time.monotonic()

    def say(text: str) -> None:
        nonlocal last
        if not progress.console.is_terminal and time.monotonic() - last >= PLAIN_SECONDS:
            last = time.monotonic()
            click.echo(text, err=True)

    return say


@contextmanager
def _logs_off() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


if __name__ == "__main__":
    main()
