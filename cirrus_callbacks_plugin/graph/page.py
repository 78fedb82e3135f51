"""The graph as one HTML page that needs nothing else, and reaches for nothing."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.graph.escaping import in_script
from cirrus_callbacks_plugin.graph.labels import labels_of
from cirrus_callbacks_plugin.graph.layers import places_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from cirrus_callbacks_plugin.graph.model import Graph

SCRIPTS = ("view.js", "page.js")
"""One script of the page; the first knows nothing of a page."""
LABEL_LETTERS = 28
"""What fits into a node."""


def to_html(graph: Graph, title: str, now: datetime) -> Iterator[str]:
    """The page, piece by piece.

    Its data is text to its script, never markup; its policy forbids every request and every
    script but its own one, by that one's hash.

    Args:
        graph: what to draw.
        title: the deployment's name.
        now: when the tables were read.
    """
    files = resources.files("cirrus_callbacks_plugin.graph") / "assets"
    script = "".join((files / name).read_text(encoding="utf-8") for name in SCRIPTS)
    style = (files / "page.css").read_text(encoding="utf-8")
    before, _, after = (files / "page.html").read_text(encoding="utf-8").partition("@DATA@")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    marks = (("@STYLE@", style), ("@DIGEST@", digest), ("@SCRIPT@", script))
    yield _filled(before, marks)  # the data is apart: nothing in it can be taken for a mark
    yield from _data(graph, title, now)
    yield _filled(after, marks)


def _filled(text: str, marks: Iterable[tuple[str, str]]) -> str:
    for mark, value in marks:
        text = text.replace(mark, value)
    return text


def _data(graph: Graph, title: str, now: datetime) -> Iterator[str]:
    """The picture as one JSON object."""
    yield in_script({"title": title, "at": now.isoformat(timespec="seconds")}).removesuffix("}")
    for name, value in graph.json_members(now):
        yield f",{in_script(name)}:"
        if name == "nodes":
            yield from _list(_placed(graph, value))
        elif name == "edges":
            yield from _list(value)
        else:
            yield in_script(value)
    yield "}"


def _list(things: Iterable[dict[str, Any]]) -> Iterator[str]:
    separator = "["
    for thing in things:
        yield separator + in_script(thing)
        separator = ","
    yield "]" if separator == "," else "[]"


def _placed(graph: Graph, nodes: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Each node with its label and its place."""
    places = places_of(graph)
    labels = labels_of([node.title for node in graph.nodes.values()], LABEL_LETTERS)
    for node in nodes:
        column, place = places[node["id"]]
        yield {**node, "label": labels[node["title"]], "column": column, "place": place}
