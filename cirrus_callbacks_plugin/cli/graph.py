"""``cirrus-callbacks graph``: who waits for whom."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cirrus_callbacks_plugin.cli import options
from cirrus_callbacks_plugin.cli.json_stream import write_members
from cirrus_callbacks_plugin.cli.operating import Where, on_deployment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from cirrus_callbacks_plugin.cli.screen import Screen
    from cirrus_callbacks_plugin.graph.model import Graph

UNKNOWN = 1
FORMATS = ("tree", "mermaid", "dot", "html")


@click.command(
    "graph",
    epilog="Example: cirrus-callbacks graph --deployment earth-prod --format html -o waits.html",
)
@click.option(
    "--payload",
    "payload_id",
    metavar="ID",
    help="What this payload waits for, and who waits for it.",
)
@click.option(
    "--answered",
    "with_answered",
    is_flag=True,
    help="With --payload: also the answered waits of it and of those that wait for it.",
)
@click.option("--workflow", "workflows", multiple=True, metavar="NAME", help="Waits for this one.")
@click.option("--waiter", metavar="TEXT", help="Whose waiter's id or execution holds TEXT.")
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=500,
    show_default=True,
    metavar="N",
    help="At most so many waits, the oldest; 0: all.",
)
@click.option("--format", "as_format", type=click.Choice(FORMATS), default="tree")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write to FILE.",
)
@on_deployment
@click.pass_context
def command(
    ctx: click.Context,
    *,
    where: Where,
    payload_id: str | None,
    with_answered: bool,
    workflows: tuple[str, ...],
    waiter: str | None,
    limit: int,
    as_format: str,
    output: Path | None,
    is_json: bool,
) -> None:
    """Draw who waits for whom: a tree, mermaid, Graphviz's dot, or an HTML page.

    Waits that go round in a circle are red: nobody will ever answer them. The page is one file
    that loads nothing; a click on a node shows its details. Ends with 1 where neither table
    knows the payload that was asked about.
    """
    from cirrus_callbacks_plugin.cli.screen import Screen
    from cirrus_callbacks_plugin.graph import gathering
    from cirrus_callbacks_plugin.graph.page import to_html
    from cirrus_callbacks_plugin.graph.text_formats import to_dot, to_mermaid
    from cirrus_callbacks_plugin.operations.settings import reconciler_settings
    from cirrus_callbacks_plugin.operations.survey import Filters, Survey

    if payload_id is None and with_answered:
        raise click.UsageError("--answered goes with --payload.")
    if payload_id is not None and (workflows or waiter):
        raise click.UsageError("--payload follows every wait: leave out --workflow and --waiter.")
    if is_json and as_format != "tree":
        raise click.UsageError("Give one of --json and --format.")
    if output is not None and not output.parent.is_dir():
        raise click.UsageError(f"{output} cannot be written: there is no such folder.")
    screen = Screen()
    with where.found() as deployment, screen.progress("looking at open waits") as advance:
        settings = reconciler_settings(deployment, must_know=False)
        survey = Survey(deployment, settings, advance, with_waiters=True)
        if payload_id is not None:
            graph = gathering.of_payload(survey, payload_id, with_answered=with_answered)
        else:
            filters = Filters(frozenset(workflows), waiter)
            graph = gathering.of_deployment(survey, filters, limit)
        now, deployment_json = deployment.clock(), deployment.to_json()
        name = deployment.name
    pieces: dict[str, Callable[[], Iterator[str]]] = {
        "mermaid": lambda: to_mermaid(graph),
        "dot": lambda: to_dot(graph),
        "html": lambda: to_html(graph, name, now),
    }
    with options.output_to(output) as out:
        if is_json:
            head = ("deployment", deployment_json)
            write_members(out, chain([head], graph.json_members(now)))
        elif as_format == "tree":
            _show(Screen(out), graph, now)
        else:
            for piece in pieces[as_format]():
                out.write(piece)
    ctx.exit(0 if graph.is_known else UNKNOWN)


def _show(screen: Screen, graph: Graph, now: datetime) -> None:
    from cirrus_callbacks_plugin.cli.graph_tree import trees
    from cirrus_callbacks_plugin.naming import visible

    if not graph.is_known:
        screen.line(f"Neither the state table nor the tracking table knows {graph.focus}.")
        return
    if not graph.edges:
        screen.line(
            "Nobody waits."
            if graph.focus is None
            else f"{visible(graph.focus)} waits for nothing, and nobody waits for it."
        )
        return
    for tree in trees(graph, now, screen.columns, is_whole=not screen.is_terminal):
        screen.put(tree)
    waits, nodes, cycles = len(graph.edges), len(graph.nodes), len(graph.cycles)
    text = f"{waits} wait{'s' * (waits != 1)} among {nodes} nodes"
    screen.line()
    if cycles:
        screen.verdict(
            f"{text}, {cycles} cycle{'s' * (cycles != 1)}: its waits wait for one another",
            good=False,
        )
    else:
        screen.line(f"{text}, no cycle")
    if graph.is_cut:
        screen.line("There are more: --limit 0 for all, or --workflow, --waiter, --payload.")
