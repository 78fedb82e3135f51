"""What a node of the page is called: short, and never the same as another node."""

from __future__ import annotations

import json
import re

import pytest

from cirrus_callbacks_plugin.graph.labels import labels_of
from cirrus_callbacks_plugin.graph.page import LABEL_LETTERS, to_html
from support.waiting_graph import NOW, graph

SCENES = [
    f"sentinel-2-cog-of-a-long-name/S2B_{zone}Q{row}_20230623_0_L2A"
    for zone in (38, 39, 40)
    for row in ("TA", "UA", "VA", "WA", "XA")
    for _ in range(1)
]
OF_MANY_DAYS = [f"sentinel-2-cog/S2B_39QTA_202306{day:02}_0_L2A" for day in range(1, 31)]
FAR_APART = [f"{'a' * 30}{x}{'b' * 40}{y}{'c' * 30}" for x in "01" for y in "01"]


@pytest.mark.parametrize("titles", [SCENES, OF_MANY_DAYS, FAR_APART, [*SCENES, *OF_MANY_DAYS]])
def test_no_two_nodes_have_one_label(titles: list[str]) -> None:
    """Wherever ids differ: at their end, in their middle, in two places; none is too long."""
    labels = labels_of(titles, LABEL_LETTERS)
    assert len(set(labels.values())) == len(titles)
    assert max(map(len, labels.values())) <= LABEL_LETTERS


def test_a_short_title_is_its_own_label() -> None:
    """And a long one keeps both of its ends."""
    assert labels_of(["w/x", f"w/{'x' * 40}end"], 28) == {
        "w/x": "w/x",
        f"w/{'x' * 40}end": f"w/{'x' * 11}\u2026{'x' * 11}end",
    }


def test_sixty_nodes_of_the_page_have_sixty_labels() -> None:
    """The page shows what the labels say."""
    pairs = [
        ("mosaic", f"S2B_39QTA_of_a_rather_long_name_{number:02}_20230623_0_L2A")
        for number in range(60)
    ]
    page = "".join(to_html(graph(pairs), "earth-prod", NOW))
    data = re.search(r'id="data"[^>]*>(.*?)</script>', page, re.DOTALL)
    assert data is not None
    labels = [node["label"] for node in json.loads(data[1])["nodes"]]
    assert len(set(labels)) == 61
    assert "node.label" in page
