"""Composes one STAC item of the scenes that are ready, from their output payloads in S3."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlparse

import boto3

s3 = boto3.client("s3")
stepfunctions = boto3.client("stepfunctions")


class NoScenes(Exception):  # noqa: N818 - the name is the task's error
    """Not one scene came of the waits."""


def lambda_handler(payload: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Return the payload with the mosaic in the place of the scenes."""
    results = payload.pop("scenes")
    scenes = [read_scene(result["answer"]) for result in results if "answer" in result]
    missing = [result for result in results if "answer" not in result]
    if not scenes:
        message = f"no scene is ready: {json.dumps(missing)}"
        raise NoScenes(message)
    payload["features"] = [compose(payload["id"].rpartition("/")[2], scenes, missing)]
    return payload


def read_scene(answer: dict[str, Any]) -> dict[str, Any]:
    """Read the item that a child put out; the answer says where.

    An answer that was made up for later (the child's end was lost, and Cirrus stored no
    output) names the run alone: its output is what Cirrus would have stored.
    """
    if "output_payload_url" in answer:
        url = urlparse(answer["output_payload_url"])
        body = s3.get_object(Bucket=url.netloc, Key=url.path.lstrip("/"))["Body"].read()
    else:
        run = stepfunctions.describe_execution(executionArn=answer["execution_arn"])
        body = run["output"]
    return json.loads(body)["features"][0]


def compose(
    name: str,
    scenes: list[dict[str, Any]],
    missing: list[dict[str, Any]],
) -> dict[str, Any]:
    """One item that covers the scenes and says what of it is missing."""
    times = sorted(scene["properties"]["datetime"] for scene in scenes)
    west, south, east, north = union([scene["bbox"] for scene in scenes])
    codes = {scene["properties"].get("proj:code") for scene in scenes}
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": name,
        "collection": "sentinel-2-mosaic",
        "bbox": [west, south, east, north],
        "geometry": {
            "type": "Polygon",
            "coordinates": [
                [[west, north], [west, south], [east, south], [east, north], [west, north]],
            ],
        },
        "properties": {
            "datetime": None,
            "start_datetime": times[0],
            "end_datetime": times[-1],
            "proj:code": codes.pop() if len(codes) == 1 else None,  # scenes of several zones
            "mosaic:scenes": sorted(scene["id"] for scene in scenes),
            "mosaic:missing": missing,
        },
        "links": [{"rel": "derived_from", "href": scene["links"][0]["href"]} for scene in scenes],
        "assets": {},
    }


def union(boxes: list[list[float]]) -> list[float]:
    """The smallest box around some boxes."""
    wests, souths, easts, norths = zip(*boxes, strict=True)
    return [min(wests), min(souths), max(easts), max(norths)]
