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
SOMEBODY_ELSES = "sentinel-2-l2a/workflow-sentinel-2-cog/S2A_39QTA_20230629_0_L2A"
_CHILD = re.compile(r'"workflow": "(?P<name>[a-z0-9-]+)"')


def write(page: str, root: Path) -> Folder:
    """Write a page's files; a page without a parent is about the README's.

    What it leaves out is added: the children as workflows that echo their input, and a payload
    of one item for each parent.
    """
    folder = Folder(root)
    for block in blocks():
        if block.file == page and block.is_file:
            assert block.title is not None
            folder.write(block.title, block.text)
    if not (root / "workflows/mosaic.asl.json").exists():
        folder.write("workflows/mosaic.asl.json", _readme_parent())
    return complete(folder)


def complete(folder: Folder) -> Folder:
    """Add the children and the payloads that are missing."""
    if not list(folder.root.glob("payloads/*.json")):
        for path in sorted(folder.root.glob("workflows/*.asl.json")):
            if ".waitForTaskToken" in path.read_text():
                parent = path.name.removesuffix(".asl.json")
                folder.write(f"payloads/{parent}.json", parents_payload(parent))
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
    options: dict[str, Any] = {"scene": child, "payloads_key": "children/all.json"}
    # Of a join: ids that somebody else sends, a list in S3, how many of it must succeed.
    options |= {"scenes": [SOMEBODY_ELSES], "list": f"s3://{BUCKET}/children/all.json"}
    body["process"][0]["tasks"] = {workflow: {**options, "at_least": 2}}
    return {**body, "payload_url": f"s3://{BUCKET}/children/one.json"}


def _readme_parent() -> Any:
    (parent,) = [each for each in blocks() if each.file == README and each.is_file]
    return json.loads(parent.text)
