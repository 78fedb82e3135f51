"""The graph's page in a real headless Chromium.

A harness page holds the graph's page in a frame, clicks and types there, and writes down what
it sees; the browser prints the harness when it is done. Both come from a server on 127.0.0.1,
which counts what is asked of it.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.graph.page import to_html
from support.waiting_graph import CYCLE, HOSTILE, NOW, graph, hundreds, payload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
BROWSER = next((path for name in BROWSERS if (path := shutil.which(name))), None)
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(
        BROWSER is None,
        reason=f"there is no headless Chromium here ({', '.join(BROWSERS)})",
    ),
]

HARNESS = """<!DOCTYPE html><meta charset="utf-8"><title>harness</title>
<iframe id="page" src="/page.html" width="1400" height="900"></iframe><pre id="seen"></pre>
<script>
const frame = document.getElementById("page");
frame.addEventListener("load", () => {
  const seen = {};
  try {
    const window_ = frame.contentWindow, page = frame.contentDocument;
    const all = (selector) => Array.from(page.querySelectorAll(selector));
    const node = (id) =>
      all(".node").find((each) => each.querySelector("title").textContent === id);
    const click = (element) =>
      element.dispatchEvent(new window_.MouseEvent("click", {bubbles: true}));
    const key = (element, name) =>
      element.dispatchEvent(new window_.KeyboardEvent("keydown", {key: name, bubbles: true}));
    const details = () => page.getElementById("details").textContent;
    const stroke = (element) => window_.getComputedStyle(element).stroke;
    (function () { BODY })();
    seen.title = page.title;
    seen.elements = all("img, iframe, b").length;
  } catch (error) { seen.error = String(error); }
  document.getElementById("seen").textContent = JSON.stringify(seen);
});
</script>"""


@pytest.fixture
def look(
    tmp_path: Path,
) -> Iterator[Callable[[Iterable[str], str], tuple[dict[str, Any], list[str]]]]:
    """Open a page, run a script on it; what it saw, and what was asked of the server."""
    asked: list[str] = []
    pages: dict[str, str] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Serve the two pages."""
            asked.append(self.path)
            text = pages.get(self.path)
            self.send_response(200 if text is not None else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write((text or "").encode())

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()

    def open_page(page: Iterable[str], body: str) -> tuple[dict[str, Any], list[str]]:
        pages.update({"/page.html": "".join(page), "/": HARNESS.replace("BODY", body)})
        asked.clear()
        command = [
            str(BROWSER),
            *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
            *("--disable-background-networking", "--no-first-run", "--window-size=1500,1000"),
            *(f"--user-data-dir={tmp_path}", "--virtual-time-budget=5000", "--dump-dom"),
            f"http://127.0.0.1:{server.server_port}/",
        ]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=90, check=True)
        seen = re.search(r'<pre id="seen">(.*?)</pre>', ran.stdout, re.DOTALL)
        assert seen is not None, ran.stdout[-2000:]
        told = json.loads(unescape(seen[1]))
        assert "error" not in told, told
        return told, list(asked)

    yield open_page
    server.shutdown()
    thread.join()
    server.server_close()


def test_hundreds_of_nodes(look: Any) -> None:
    """All are drawn within the picture; nothing but the page itself is asked for."""
    pairs = hundreds()
    seen, asked = look(
        to_html(graph(pairs), "earth-prod", NOW),
        """
        const box = page.getElementById("picture").getBoundingClientRect();
        const inside = (each) => {
          const r = each.getBoundingClientRect();
          return r.left >= box.left && r.right <= box.right
            && r.top >= box.top && r.bottom <= box.bottom;
        };
        seen.nodes = all(".node").length;
        seen.inside = all(".node").filter(inside).length;
        seen.edges = all(".edge").length;
        seen.heading = page.querySelector("h1").textContent;
        seen.summary = page.getElementById("summary").textContent;
        seen.finite = all(".edge").every((each) => !/NaN|undefined/.test(each.getAttribute("d")));
        """,
    )
    nodes = len({name for pair in pairs for name in pair})
    assert nodes > 300
    assert (seen["nodes"], seen["inside"]) == (nodes, nodes)
    assert seen["edges"] == len(set(pairs))
    assert seen["finite"]
    assert seen["heading"] == "Who waits for whom: earth-prod"
    assert "1 cycle" in seen["summary"]
    assert [path for path in asked if path != "/favicon.ico"] == ["/", "/page.html"]


def test_a_click_shows_a_nodes_details(look: Any) -> None:
    """State, execution, waits both ways; a name in them leads on; the keyboard does the same."""
    seen, _ = look(
        to_html(graph(CYCLE, focus="leaf"), "earth-prod", NOW),
        f"""
        seen.first = details();
        click(node({json.dumps(payload("y"))}));
        seen.clicked = details();
        seen.chosen = all(".node.chosen").length;
        seen.lines = all(".edge.chosen").length;
        click(all("aside button").find((each) => each.textContent === "w/z"));
        seen.followed = page.querySelector("aside h2").textContent;
        key(node({json.dumps(payload("top"))}), "Enter");
        seen.keyed = page.querySelector("aside h2").textContent;
        seen.link = page.querySelector("aside a").href;
        """,
    )
    assert "w/leaf" in seen["first"]
    for words in (payload("y"), "PROCESSING", "waits for (2)", "waited for by (1)", "for itself"):
        assert words in seen["clicked"]
    assert (seen["chosen"], seen["lines"]) == (1, 3)
    assert (seen["followed"], seen["keyed"]) == ("w/z", "w/top")
    assert seen["link"].startswith("https://us-west-2.console.aws.amazon.com/states/")


def test_cycles_are_red(look: Any) -> None:
    """Their nodes and waits, and no others."""
    seen, _ = look(
        to_html(graph(CYCLE), "earth-prod", NOW),
        """
        const red = (each) => {
          const [r, g, b] = stroke(each).match(/\\d+/g).map(Number);
          return r > 150 && g < 120 && b < 120;
        };
        seen.edges = all(".edge").filter(red).length;
        seen.nodes = all(".node").filter((each) => red(each.querySelector("rect")))
          .map((each) => each.querySelector("text").textContent).sort();
        """,
    )
    assert seen["edges"] == 3
    assert seen["nodes"] == ["w/x", "w/y", "w/z"]


def test_a_search_fades_what_does_not_match(look: Any) -> None:
    """And Enter goes to the first that does."""
    seen, _ = look(
        to_html(graph(hundreds()), "earth-prod", NOW),
        """
        const find = page.getElementById("find");
        find.value = "MOSAIC-7";
        find.dispatchEvent(new window_.Event("input"));
        seen.left = all(".node:not(.faded) title").map((each) => each.textContent);
        key(find, "Enter");
        seen.chosen = page.querySelector("aside h2").textContent;
        find.value = "";
        find.dispatchEvent(new window_.Event("input"));
        seen.faded = all(".faded").length;
        """,
    )
    assert seen["left"] == [payload("mosaic-7")]
    assert seen["chosen"] == "w/mosaic-7"
    assert seen["faded"] == 0


def test_hostile_ids_stay_text(look: Any) -> None:
    """No element, script or title comes of them; they are shown letter by letter."""
    seen, asked = look(
        to_html(graph([(HOSTILE, "b"), ("b", HOSTILE)]), HOSTILE, NOW),
        f"""
        click(node({json.dumps(payload(HOSTILE)).replace("<", chr(92) + "u003c")}));
        seen.details = details();
        """,
    )
    assert payload(HOSTILE) in seen["details"]
    assert seen["title"] == "Who waits for whom"
    assert seen["elements"] == 0
    assert [path for path in asked if path != "/favicon.ico"] == ["/", "/page.html"]
