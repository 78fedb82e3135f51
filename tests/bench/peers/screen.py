"""What the peers took, as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from bench.peers import prices
from bench.peers.measuring import NO_TOKEN, ONE_WAIT, TEN_TOKENS
from bench.peers.peer import BARE, OBVIOUS, OURS

if TYPE_CHECKING:
    from rich.console import Console

    from bench.peers.measuring import Comparison, Measured
    from bench.peers.network import Figures


def show_peers(console: Console, found: Comparison) -> None:
    """Each case, each latency, then the costs."""
    for case in dict.fromkeys(each.case for each in found.measured):
        table = _table(f"{case}: processor, wall, calls", "", "ms a call", BARE, OBVIOUS, OURS, "")
        for latency in sorted({each.latency for each in found.measured}, reverse=True):
            _add(table, case, latency, found.of(case, latency))
        console.print(table)
    _show_costs(console, found)
    for line in found.untrue[:20]:
        console.print(f"[red]not true[/red]: {line}")
    console.print(
        "Real botocore and cirrus; the network is in this process. Processor time is without "
        f"what answers on AWS's side. Ratios: ours to {OBVIOUS}; in {TEN_TOKENS} and {ONE_WAIT} "
        "of what each adds to bare cirrus. Where many wait, cirrus's own calls are in both.\n",
    )


def _add(table: Table, case: str, latency: float, peers: dict[str, Measured]) -> None:
    functions = peers[OURS].functions
    rows = [*functions, "all"] if len(functions) > 1 else list(functions)
    for row in rows:
        took = {
            name: peer.whole if row == "all" else peer.functions.get(row)
            for name, peer in peers.items()
        }
        table.add_row(
            row,
            f"{latency * 1000:g}",
            *(_told(took.get(name)) for name in (BARE, OBVIOUS, OURS)),
            "" if case == NO_TOKEN else ratios(took),
        )


def ratios(took: dict[str, Figures | None]) -> str:
    """Ours to the obvious design: processor and wall, of what each adds to bare cirrus."""
    bare, obvious, ours = (took.get(name) for name in (BARE, OBVIOUS, OURS))
    if obvious is None or ours is None:
        return ""
    cpu, wall = (0.0, 0.0) if bare is None else (bare.cpu, bare.wall)
    of_cpu = _ratio(ours.cpu - cpu, obvious.cpu - cpu)
    return f"{of_cpu}, {_ratio(ours.wall - wall, obvious.wall - wall)}"


def _ratio(ours: float, theirs: float) -> str:
    return f"{ours / theirs:.2f}" if theirs > 0 else "-"


def _told(took: Figures | None) -> str:
    if took is None:
        return ""
    return f"{took.cpu * 1000:,.1f} ms, {took.wall * 1000:,.0f} ms, {took.calls.total():,}"


def _show_costs(console: Console, found: Comparison) -> None:
    designs = [cost.design for cost in found.costs]
    table = _table("A wait of thirty minutes, millionths of a dollar", "", *designs)
    for price in prices.PRICES:
        table.add_row(price.what, *(f"{each.parts[price.what] * 1e6:,.2f}" for each in found.costs))
    table.add_row("together", *(f"{each.millionths:,.0f}" for each in found.costs))
    console.print(table)
    console.print(f"AWS's list prices as of {prices.AS_OF}: docs/reference/figures.md\n")


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title)
    for heading in headings:
        table.add_column(heading, justify="right" if heading else "left")
    return table
