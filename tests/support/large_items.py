"""STAC items as large as real ones: a shortened one with as many assets as a catalog lists."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_EXAMPLE = Path(__file__).parents[2] / "examples/mosaic/payloads/20-mosaic-three-scenes.json"


def item(number: int, size: int = 12_000) -> dict[str, Any]:
    """An item of about so many bytes of JSON, with an id of its own."""
    made: dict[str, Any] = json.loads(_EXAMPLE.read_text())["features"][0]
    made["id"] = f"S2A_39QTA_202306{number:02d}_0_L2A"
    asset = made["assets"]["blue"]
    for band in range(1_000):
        if len(json.dumps(made)) >= size:
            break
        made["assets"][f"band-{band:02d}"] = asset
    return made


def items(count: int, size: int = 12_000) -> list[dict[str, Any]]:
    """So many of them."""
    return [item(number, size) for number in range(1, count + 1)]
