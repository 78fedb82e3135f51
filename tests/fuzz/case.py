"""One case: an event with tokens, the same without, and the deployment that it meets."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

CORPUS = Path(__file__).parent / "corpus"


@dataclass(slots=True)
class Case:
    """What is given, and what is known of it beforehand.

    Attributes:
        event: the event with tokens, as the wrapped handler gets it.
        clean: the event without them, as the bare handler gets it.
        tokens: the usable tokens of each record (or of the event itself).
        secrets: every text that stands where a token should, usable or not.
        before: states of payloads in the state table, by id.
        objects: texts in the payload bucket, by key.
        refused_puts: tokens whose row cannot be put now.
        slow_keys: objects that cannot be read now.
        why: of a case that is kept: what it found.
    """

    event: Any
    clean: Any
    tokens: list[list[str]]
    secrets: list[str] = field(default_factory=list)
    before: dict[str, str] = field(default_factory=dict)
    objects: dict[str, str] = field(default_factory=dict)
    refused_puts: list[str] = field(default_factory=list)
    slow_keys: list[str] = field(default_factory=list)
    why: str = ""

    @classmethod
    def read(cls, path: Path) -> Case:
        """Read a case that is kept."""
        return cls(**json.loads(path.read_text()))

    def write(self, path: Path) -> None:
        """Keep it."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")

    @property
    def is_batch(self) -> bool:
        """True for an event with records."""
        return isinstance(self.event, dict) and isinstance(self.event.get("Records"), list)

    @property
    def records(self) -> list[Any]:
        """The records as they are sent; the event itself where it is invoked directly."""
        return list(self.event["Records"]) if self.is_batch else [self.event]

    @property
    def clean_records(self) -> list[Any]:
        """The records without tokens."""
        return list(self.clean["Records"]) if self.is_batch else [self.clean]
