"""The graph as text, and as a page: each format keeps hostile texts from meaning anything."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from html.parser import HTMLParser

import pytest
from rich.console import Console

from cirrus_callbacks_plugin.cli.graph_tree import trees
from cirrus_callbacks_plugin.graph import escaping
from cirrus_callbacks_plugin.graph.page import to_html
from cirrus_callbacks_plugin.graph.text_formats import to_dot, to_mermaid
from support import snapshots
from support.waiting_graph import CHAIN, CYCLE, DIAMOND, HOSTILE, NOW, graph, hundreds


def drawn(pairs: list[tuple[str, str]], columns: int = 100, focus: str | None = None) -> str:
    """The trees of a graph."""
    console = Console(file=io.StringIO(), width=columns, markup=False, highlight=False)
    for tree in trees(graph(pairs, focus=focus), NOW, columns):
        console.print(tree)
    text = console.file
    assert isinstance(text, io.StringIO)
    return text.getvalue()


@pytest.mark.parametrize(
    ("name", "pairs"),
    [("chain", CHAIN), ("diamond", DIAMOND), ("cycle", CYCLE), ("hundreds", hundreds())],
)
def test_a_tree(name: str, pairs: list[tuple[str, str]]) -> None:
    """Every wait is a line; what several wait for is unfolded once; a cycle ends."""
    text = drawn(pairs)
    assert text.count(": the child runs") == len(set(pairs))
    snapshots.matches(f"graph-tree-{name}", text)


def test_a_cycle_is_red_in_a_terminal() -> None:
    """Its nodes and the word."""
    console = Console(file=io.StringIO(), width=100, force_terminal=True, color_system="standard")
    for tree in trees(graph(CYCLE), NOW, 100):
        console.print(tree)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "\x1b[1;31mw/x" in text
    assert "\x1b[1;31m  CYCLE" in text
    assert "\x1b[1;31mw/leaf" not in text


def test_a_long_chain_ends_where_the_screen_ends() -> None:
    """And says how to go on."""
    text = drawn([(str(number), str(number + 1)) for number in range(40)], columns=80)
    assert "waits itself: see --payload" in text
    assert text.count("\n") < 30


def test_many_waits_of_one_pair_are_one_line() -> None:
    """With their number and the oldest one's age."""
    text = drawn([("a", "b")] * 7)
    assert "w/b  PROCESSING  7 waits  for 5 h 0 min: the child runs" in text


@pytest.mark.parametrize(("name", "pairs"), [("diamond", DIAMOND), ("cycle", CYCLE)])
def test_mermaid_and_dot(name: str, pairs: list[tuple[str, str]]) -> None:
    """Cycles are red, the payload that was asked about is marked."""
    made = graph(pairs, focus=pairs[-1][0])
    snapshots.matches(f"graph-{name}-mermaid", "".join(to_mermaid(made)))
    snapshots.matches(f"graph-{name}-dot", "".join(to_dot(made)))


def test_hostile_ids_in_text() -> None:
    """No quote, tag, escape or control character of an id gets out of its label."""
    made = graph([(HOSTILE, "b")])
    mermaid = "".join(to_mermaid(made))
    for line in mermaid.splitlines()[1:]:
        label = re.fullmatch(r'  n\d+(?: -->\|)?\[?"([^"]*)"(?:\]|\| n\d+)', line)
        assert label is not None
        assert re.fullmatch(r"(?:[\w /.,()-]|#\d+;)*", label[1])
    assert len(mermaid.splitlines()) == 4
    dot = "".join(to_dot(made))
    strings = re.findall(r'"((?:[^"\\]|\\.)*)"', dot)
    assert all(each.isprintable() for each in strings)
    assert re.sub(r'"(?:[^"\\]|\\.)*"', "", dot).count('"') == 0
    assert "\x1b" not in drawn([(HOSTILE, "b")])


def test_dot_keeps_backslashes() -> None:
    r"""Graphviz would make a node's name of ``\N``."""
    assert escaping.dot('\\N "x"') == '"\\\\N \\"x\\""'


class Elements(HTMLParser):
    """A page's elements and attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.names.append(tag)
        self.attributes += attrs


@pytest.mark.parametrize("pairs", [hundreds(), [(HOSTILE, HOSTILE)], []])
def test_the_page_needs_nothing_else(pairs: list[tuple[str, str]]) -> None:
    """No request, no handler, one script with its hash in the policy; data is not markup."""
    made = graph(pairs)
    page = "".join(to_html(made, HOSTILE, NOW))
    elements = Elements(page)
    assert elements.names.count("script") == 2
    assert not {"img", "iframe", "link", "object", "embed", "base"} & set(elements.names)
    assert not [n for n, _ in elements.attributes if n.startswith("on") or n in ("src", "href")]
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style is not None
    assert "url(" not in style[1].replace("url(#", "")
    assert "@import" not in style[1]
    script = re.search(r"<script>(.*?)</script>", page, re.DOTALL)
    assert script is not None
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'" in page
    for sink in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert sink not in script[1]
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert data is not None
    told = json.loads(data[1])
    assert [node["id"] for node in told["nodes"]] == list(made.nodes)
    assert told["title"] == HOSTILE
    assert not set("<>&\u2028") & set(data[1])
