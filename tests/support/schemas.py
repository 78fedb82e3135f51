"""What ``--json`` prints, against the schema that programs rely on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

FOLDER = Path(__file__).parents[1] / "operations" / "schemas"


def check(name: str, value: Any) -> None:
    """Every key is there and none that the schema does not know."""
    schema = json.loads((FOLDER / f"{name}.json").read_text())
    common = json.loads((FOLDER / "common.json").read_text())
    schema["$defs"] = common["$defs"]
    Draft202012Validator(schema).validate(value)
