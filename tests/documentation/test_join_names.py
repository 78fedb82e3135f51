"""Names of joins in the states that the project hands out: no parent's id is too long for one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonata
import pytest

from cirrus_callbacks_plugin.joins.request import KEY, JoinRequest
from support.fenced_blocks import ROOT, blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

ITEMS = "/".join(f"S2A_31UFS_202406{day:02}_0_L2A" for day in range(1, 31))
PARENT = {"id": f"sentinel-2-l2a/workflow-mosaic/{ITEMS}"}


def _joins(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if isinstance(value.get(KEY), dict):
            yield value[KEY]
        for each in value.values():
            yield from _joins(each)
    elif isinstance(value, list):
        for each in value:
            yield from _joins(each)


def _handed_out() -> Iterator[tuple[str, str]]:
    texts = [(f"{each.file}, {each.first}", each.text) for each in blocks()]
    texts += [(path.name, path.read_text()) for path in (ROOT / "examples").rglob("*.asl.json")]
    for place, text in texts:
        try:
            value = json.loads(text)
        except ValueError:
            continue
        for join in _joins(value):
            if "{%" in str(join.get("name")):
                yield place, join["name"]


@pytest.mark.parametrize(("place", "name"), list(_handed_out()))
def test_a_parent_of_many_items_may_name_its_join(place: str, name: str) -> None:
    """Cirrus makes an id of all items' ids: thirty scenes take six hundred characters."""
    expression = jsonata.Jsonata(name.removeprefix("{%").removesuffix("%}"))
    expression.assign("states", {"input": PARENT})
    request = {"members": [], "name": expression.evaluate(None)}
    assert JoinRequest.parse(request).name, place


def test_there_are_such_names() -> None:
    """The page's and the example's."""
    assert len(list(_handed_out())) >= 2
