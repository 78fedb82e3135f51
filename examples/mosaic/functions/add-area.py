"""Adds the area of each item's footprint, in square kilometres on a sphere."""

from __future__ import annotations

from itertools import pairwise
from math import radians, sin
from typing import Any

EARTH_RADIUS_KM = 6371.0072  # of the sphere with the ellipsoid's surface


def lambda_handler(payload: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Return the payload, its items with ``footprint:area_km2``."""
    for item in payload["features"]:
        ring = item["geometry"]["coordinates"][0]
        item["properties"]["footprint:area_km2"] = round(area_km2(ring), 1)
    return payload


def area_km2(ring: list[list[float]]) -> float:
    """The area within a ring of longitudes and latitudes (Chamberlain and Duquette, 2007)."""
    doubled = sum(
        radians(east[0] - west[0]) * (2 + sin(radians(west[1])) + sin(radians(east[1])))
        for west, east in pairwise(ring)
    )
    return abs(doubled) * EARTH_RADIUS_KM**2 / 2
