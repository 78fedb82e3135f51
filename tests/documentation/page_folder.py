"""A page's titled blocks as a folder, completed with what the page leaves to its reader."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from support.command_line import CHILD, Folder, payload
from support.fenced_blocks import blocks

if TYPE_CHECKING:
    from pathlib import Path

README = "README.md"
BUCKET = "cirrus-local-payloads"
_CHILD = re.compile(r'"workflow": "(?P<name>[a-z0-9-]+)"')


def write(page: str, root: Path) -> Folder:
    """Write a page's files; a page without a parent is about the README's.

    What it leaves out is added: the children as workflows that echo their input, and a payload
    of one item.
    """
    folder = Folder(root)
    for block in blocks():
        if block.file == page and block.is_file:
            assert block.title is not None
            folder.write(block.title, block.text)
    if not (root / "workflows/mosaic.asl.json").exists():
        folder.write("workflows/mosaic.asl.json", _readme_parent())
    return complete(folder)


def complete(folder: Folder, parent: str = "mosaic") -> Folder:
    """Add the children and the payload that are missing."""
    if not list(folder.root.glob("payloads/*.json")):
        folder.write("payloads/mosaic.json", parents_payload(parent))
    # What an earlier step of the parent would have written.
    children = [payload("sentinel-2-cog", item=f"S2A_39QTA_202306{day}_0_L2A") for day in (28, 29)]
    folder.write(f"objects/{BUCKET}/children/all.json", children)
    folder.write(f"objects/{BUCKET}/children/one.json", children[0])
    texts = [path.read_text() for path in folder.root.rglob("*.json")]
    for name in {found["name"] for text in texts for found in _CHILD.finditer(text)}:
        file = f"workflows/{name}.asl.json"
        if not (folder.root / file).exists():
            folder.write(file, CHILD)
    return folder


def parents_payload(workflow: str) -> dict[str, Any]:
    """A parent's payload of one item; its options say what is asked of children."""
    body = payload(workflow)
    child = {"workflow": "sentinel-2-cog", "upload_options": {}, "tasks": {}}
    options = {"scene": child, "payloads_key": "children/all.json"}
    body["process"][0]["tasks"] = {"mosaic": options}
    return {**body, "payload_url": f"s3://{BUCKET}/children/one.json"}


def _readme_parent() -> Any:
    (parent,) = [each for each in blocks() if each.file == README and each.is_file]
    return json.loads(parent.text)
