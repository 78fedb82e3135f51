"""The id that cirrus gives a payload, for people who look at one that cirrus has not seen yet."""

from __future__ import annotations

from typing import Any


def payload_id_of(body: Any) -> str | None:
    """A payload's id as every supported cirrus builds it; None where it would not, or may differ.

    Cirrus's own code decides, once the payload arrives (``CirrusPayload.set_id``): this one is
    good for being read.
    """
    try:
        if "id" in body:
            return _text(body["id"])
        process, features = body["process"], body["features"]
        first = process[0] if isinstance(process, list) else process
        collections = first.get("collections") or "/".join(
            sorted({each["collection"] for each in features if "collection" in each})
        )
        items = "/".join(sorted(each["id"] for each in features))
        parts = (_text(collections), _text(first["workflow"]), _text(items))
    except (AttributeError, LookupError, TypeError):
        return None
    return None if None in parts else f"{parts[0]}/workflow-{parts[1]}/{parts[2]}"


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
