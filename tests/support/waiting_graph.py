"""Graphs of waits, made of pairs."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.cirrus.state_table import Record
from cirrus_callbacks_plugin.graph.model import Graph, Identities, graph_of
from cirrus_callbacks_plugin.operations.reasons import Code, Reason
from cirrus_callbacks_plugin.waits.row import Wait, timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable

NOW = datetime(2023, 6, 28, 12, tzinfo=timezone.utc)
HOSTILE = (
    "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
    "\"'`&<b>\\N %s ${x} {{x}} @DATA@ \u2028 \u202e \x1b[31m\n #quot; ]] --> ;"
)


def payload(name: str) -> str:
    """A payload's id."""
    return f"c/workflow-w/{name}"


def waits_between(pairs: Iterable[tuple[str, str]]) -> list[tuple[Wait, Reason | None]]:
    """Rows of pairs of a waiter's and a child's name, a second apart, and their reasons."""
    found: list[tuple[Wait, Reason | None]] = []
    for number, (waiter, child) in enumerate(pairs):
        row = Wait(
            payload(child),
            f"token-{number}",
            workflow="w",
            registered_at=timestamp(NOW - timedelta(hours=5) + timedelta(seconds=number)),
            waiter_payload_id=payload(waiter),
        )
        found.append((row, Reason(Code.RUNNING, "the child runs")))
    return found


def graph(pairs: Iterable[tuple[str, str]], *, focus: str | None = None) -> Graph:
    """A graph of such pairs; every payload is PROCESSING."""
    waits = waits_between(pairs)
    arn = "arn:aws:states:us-west-2:123456789012:execution:x-w:"
    names = {name for row, _ in waits for name in (row.payload_id, row.waiter_payload_id or "")}
    records = {
        name: Record("PROCESSING", f"PROCESSING_{timestamp(NOW)}", (arn + name.rpartition("/")[2],))
        for name in names
    }
    return graph_of(
        waits,
        records,
        Identities(),
        focus=None if focus is None else payload(focus),
    )


CHAIN = [("a", "b"), ("b", "c"), ("c", "d")]
DIAMOND = [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d"), ("d", "e")]
CYCLE = [("top", "x"), ("x", "y"), ("y", "z"), ("z", "x"), ("y", "leaf")]


def hundreds() -> list[tuple[str, str]]:
    """320 nodes: thirty mosaics of ten scenes, one chain, one diamond, one cycle."""
    pairs = [(f"mosaic-{m}", f"scene-{(m * 9 + s) % 290}") for m in range(30) for s in range(10)]
    pairs += [(f"scene-{number}", f"chain-{number}") for number in range(3)]
    return [*pairs, *CHAIN, ("a", "z2"), ("z2", "d"), *CYCLE]
