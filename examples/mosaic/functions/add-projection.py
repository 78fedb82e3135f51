"""Adds a Sentinel-2 scene's projection properties, from its ``tileInfo.json`` in S3.

https://github.com/stac-extensions/projection
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlparse

import boto3

EXTENSION = "https://stac-extensions.github.io/projection/v2.0.0/schema.json"
METADATA = "tileinfo_metadata"

s3 = boto3.client("s3")


class AssetMissing(Exception):  # noqa: N818 - the name is the task's error
    """The scene's metadata is not there, and the payload does not ask to wait for it."""


class MetadataNotReady(Exception):  # noqa: N818 - the name is the task's error
    """The scene's metadata is not there yet; the state machine tries again."""


def lambda_handler(payload: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Return the payload, its items with ``proj:`` properties."""
    options = payload["process"][0]["tasks"].get("add-projection", {})
    for item in payload["features"]:
        add_projection(item, read_tile_info(item, wait=options.get("wait_for_metadata", False)))
    return payload


def read_tile_info(item: dict[str, Any], *, wait: bool) -> dict[str, Any]:
    """Read the object that the item's asset refers to."""
    bucket, key = bucket_and_key(item["assets"][METADATA]["href"])
    try:
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except (s3.exceptions.NoSuchKey, s3.exceptions.NoSuchBucket):
        message = f"{item['id']}: the asset {METADATA!r} is not at s3://{bucket}/{key}"
        raise (MetadataNotReady if wait else AssetMissing)(message) from None
    return json.loads(body)


def bucket_and_key(href: str) -> tuple[str, str]:
    """Read ``s3://BUCKET/KEY`` or ``https://BUCKET.s3.REGION.amazonaws.com/KEY``."""
    url = urlparse(href)
    return url.netloc.partition(".s3.")[0], url.path.lstrip("/")


def add_projection(item: dict[str, Any], tile_info: dict[str, Any]) -> None:
    """Set ``proj:code`` and ``proj:bbox``, and each raster's ``proj:shape`` and ``proj:transform``.

    A tile is a square on the grid of its UTM zone; a raster's ``gsd`` is its pixels' size.
    """
    geometry = tile_info["tileGeometry"]
    code = re.search(r"(\d+)$", geometry["crs"]["properties"]["name"])
    xs, ys = zip(*geometry["coordinates"][0], strict=True)
    left, bottom, right, top = min(xs), min(ys), max(xs), max(ys)
    item["properties"]["proj:code"] = f"EPSG:{code[0]}"
    item["properties"]["proj:bbox"] = [left, bottom, right, top]
    for asset in item["assets"].values():
        size = asset.get("gsd")
        if size:
            asset["proj:shape"] = [round((top - bottom) / size), round((right - left) / size)]
            asset["proj:transform"] = [size, 0, left, 0, -size, top]
    extensions = item.setdefault("stac_extensions", [])
    if EXTENSION not in extensions:
        extensions.append(EXTENSION)
