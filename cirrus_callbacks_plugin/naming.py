"""Payload ids as people read them, and texts made safe for a terminal."""

from __future__ import annotations

_WORKFLOW = "/workflow-"


def workflow_of(payload_id: str) -> str | None:
    """The workflow segment of a payload id, None where it has none.

    Ids read ``COLLECTIONS/workflow-NAME/ITEMS`` in every cirrus.
    """
    _, _, rest = payload_id.partition(_WORKFLOW)
    return rest.partition("/")[0] or None


def short(payload_id: str) -> str:
    """A payload's id without its collections: ``workflow/items``."""
    workflow = workflow_of(payload_id)
    if workflow is None:
        return payload_id
    return f"{workflow}/{payload_id.partition(_WORKFLOW)[2].partition('/')[2]}"


def visible(text: str) -> str:
    """A text on one line, with what a terminal or a reader's eye might obey made visible."""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )


def is_text(value: str) -> bool:
    """False where a lone surrogate (JSON allows them) makes a text none that AWS would take."""
    return value.isascii() or not any("\ud800" <= each <= "\udfff" for each in value)
