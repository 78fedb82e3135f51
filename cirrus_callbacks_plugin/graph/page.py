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
    from datetime import datetime

    from cirrus_callbacks_plugin.graph.model import Graph

SCRIPTS = ("view.js", "page.js")
"""One script of the page; the first knows nothing of a page."""
LABEL_LETTERS = 28
"""What fits into a node."""


def to_html(graph: Graph, title: str, now: datetime) -> str:
    """The page.

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
    template = (files / "page.html").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    data = {"title": title, "at": now.isoformat(timespec="seconds"), **_picture(graph, now)}
    for mark, value in (
        ("@STYLE@", style),
        ("@DIGEST@", digest),
        ("@SCRIPT@", script),
        ("@DATA@", in_script(data)),  # last: nothing in it can be taken for a mark
    ):
        template = template.replace(mark, value)
    return template


def _picture(graph: Graph, now: datetime) -> dict[str, Any]:
    places = places_of(graph)
    picture = graph.to_json(now)
    labels = labels_of([node["title"] for node in picture["nodes"]], LABEL_LETTERS)
    for node in picture["nodes"]:
        node["label"] = labels[node["title"]]
        node["column"], node["place"] = places[node["id"]]
    return picture
