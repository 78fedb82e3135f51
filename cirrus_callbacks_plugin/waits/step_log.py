"""The form of a line that tells one step of a wait's life: JSON, searchable by payload id.

Here for what reads rows; the steps and their names: ``protocol/wait_log.py``.
"""

from __future__ import annotations

import json
import logging
from typing import Any

logger = logging.getLogger(__name__)

NOT_READ = "not read"
"""The one step below the protocol: a row that cannot be read."""


def log_step(
    step: str,
    payload_id: str | None,
    *,
    level: int = logging.INFO,
    **facts: Any,
) -> None:
    """Log one step of a wait's life.

    Args:
        step: what was done, one of ``protocol/wait_log.py``'s names.
        payload_id: what is waited for; None where it is not known.
        level: the line's level.
        **facts: what is known besides; None is left out.
    """
    line = {"callback": step, "payload_id": payload_id, **facts}
    known = {name: value for name, value in line.items() if value is not None}
    text = json.dumps(known, ensure_ascii=False)  # an id is to be found as it is
    logger.log(level, "%s", text if text.isprintable() else "".join(map(_shown, text)))


def _shown(character: str) -> str:
    """What a terminal might obey, and half a surrogate pair, stay the escapes that JSON has."""
    return character if character.isprintable() else json.dumps(character)[1:-1]
