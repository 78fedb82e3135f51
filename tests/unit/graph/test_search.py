"""The search of the graph's page, in Node: what it finds, and how much of a picture a key draws."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cirrus_callbacks_plugin.graph.page import to_html
from support.waiting_graph import CYCLE, NOW, graph, hundreds, payload

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="there is no Node here")
MOST, FOUND = 1000, 80
"""Nodes that are drawn at once, and of a search in a larger picture."""
ELEMENTS = 5
"""Of a node: its group, title, box and two texts; a wait has two, a picture one."""


def looked_at(pairs: list[tuple[str, str]], *keys: str) -> list[dict[str, Any]]:
    """What the page shows at first, and after each text in its search (or ``<all>``)."""
    html = "".join(to_html(graph(pairs), "earth-prod", NOW))
    data = re.search(r'id="data">(.*?)</script>', html, re.DOTALL)
    script = re.search(r"<script>(.*?)</script>", html, re.DOTALL)
    assert data is not None
    assert script is not None
    given = {"data": json.loads(data[1]), "script": script[1], "keys": keys}
    ran = subprocess.run(
        [str(NODE), str(Path(__file__).parent / "page_in_node.js")],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    looks: list[dict[str, Any]] = json.loads(ran.stdout)
    return looks


def thousands() -> list[tuple[str, str]]:
    """3,000 nodes: parents of ten children each, the cycle among the youngest."""
    pairs = [(f"mosaic-{number // 10}", f"scene-{number}") for number in range(2_720)]
    return [*pairs, *CYCLE]


def test_a_small_picture_fades_what_does_not_match() -> None:
    """Nothing is drawn again; without a text nothing is faded."""
    first, found, again = looked_at(hundreds(), "MOSAIC-7", "")
    assert first["nodes"] == found["nodes"] == again["nodes"] > 300
    assert found["left"] == [payload("mosaic-7")]
    assert (found["found"], again["found"]) == ("1 match", "")
    assert found["made"] == again["made"] == 0
    assert len(again["left"]) == first["nodes"]
    assert (first["shown"], first["all"]) == ("", False)


def test_a_key_in_a_large_picture_draws_matches_and_neighbours_alone() -> None:
    """A bounded number of elements whatever matches; the whole picture is kept and comes back."""
    first, many, one, again = looked_at(thousands(), "s", "mosaic-7", "")
    assert first["nodes"] == MOST
    assert first["all"]
    assert "of 2,997 nodes drawn" in first["shown"]
    for look in (many, one):
        assert look["nodes"] <= FOUND
        assert look["made"] <= FOUND * ELEMENTS + 2 * FOUND + 1
        assert len(set(look["places"])) == look["nodes"]  # none lies on another
    matches = {payload(f"mosaic-{each}") for each in ("7", *range(70, 80))}
    assert set(one["left"]) == matches
    assert one["found"] == "11 matches"
    assert (again["nodes"], again["made"]) == (MOST, 0)


def test_cycles_are_in_sight_whatever_is_left_out() -> None:
    """Of a picture that is too large the nodes in cycles are drawn first."""
    (first,) = looked_at(thousands())
    assert {payload(name) for name in "xyz"} <= set(first["left"])


def test_all_are_drawn_on_request() -> None:
    """Then an empty search shows all of them."""
    _, whole, _, again = looked_at(thousands(), "<all>", "scene-1", "")
    assert whole["nodes"] == again["nodes"] == 2_997
    assert not whole["all"]
    assert whole["shown"] == ""
