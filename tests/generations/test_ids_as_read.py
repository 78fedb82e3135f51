"""The id of a payload that cirrus has not seen yet, as people are told it."""

from __future__ import annotations

from typing import Any

import pytest

from cirrus_callbacks_plugin.cirrus.installed import adapter
from cirrus_callbacks_plugin.cirrus.payload_ids import payload_id_of
from support.cirrus_world import payload


def _of_items(*items: tuple[str, str], **process: Any) -> dict[str, Any]:
    made = payload(**process)
    made["features"] = [
        {**made["features"][0], "id": item, "collection": collection} for item, collection in items
    ]
    return made


@pytest.mark.parametrize(
    "given",
    [
        payload("a"),
        _of_items(("b", "y"), ("a", "x"), ("c", "y")),
        _of_items(("b", "y"), collections="given"),
        {**payload("a"), "id": "own/workflow-sentinel-2-cog/id"},
    ],
)
def test_it_is_what_cirrus_builds(given: dict[str, Any]) -> None:
    """From collections, workflow and items; a payload's own id before all that."""
    told = payload_id_of(given)
    assert told is not None
    assert adapter().identify(given).payload_id == told


@pytest.mark.parametrize(
    "given",
    [
        {},
        None,
        [],
        {"process": []},
        {"process": [{"workflow": "w"}]},
        {"process": [{"workflow": "w"}], "features": []},
        {"process": [{"workflow": "w"}], "features": [{"id": "a"}]},  # 0.7 builds another one
        {"process": [{"workflow": 1}], "features": [{"id": "a", "collection": "c"}]},
        {"process": [{"workflow": "w"}], "features": [{"id": 1, "collection": "c"}]},
        {"process": {"workflow": "w"}, "features": ["a"]},
        {"id": 7, "process": [{"workflow": "w"}]},
        {"id": ""},
    ],
)
def test_what_tells_none(given: Any) -> None:
    """Nothing is guessed of what cirrus would refuse."""
    assert payload_id_of(given) is None
