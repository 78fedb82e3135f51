"""What a test may give to its stack: anything else is an assertion that says what is meant."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from typing import Any


def assert_text(value: object, name: str) -> None:
    """A text is meant."""
    assert isinstance(value, str), f"{name} must be a text, not {_shown(value)}"


def assert_path(value: object, name: str) -> None:
    """A file or a folder is meant: a text or a path."""
    assert isinstance(value, str | os.PathLike), f"{name} must be a path, not {_shown(value)}"


def assert_texts(value: object, name: str) -> None:
    """Texts by name are meant, as environment variables are; None: no such argument."""
    if value is None:
        return
    assert isinstance(value, Mapping), f"{name} must be a dict of texts, not {_shown(value)}"
    for key, text in value.items():
        assert_text(key, f"a name in {name}")
        assert_text(text, f"{name}[{key!r}]")


def assert_function(value: object, name: str) -> None:
    """Something that can be called is meant."""
    assert callable(value), f"{name} must be a function, not {_shown(value)}"


def assert_count(value: object, name: str, what: str) -> None:
    """A whole number from 1 on is meant, of what ``what`` names."""
    assert isinstance(value, int), f"{name} must be a whole number, not {_shown(value)}"
    assert value > 0, f"{name}={value}: at least one {what} must be meant"


def assert_seconds(value: object, name: str) -> None:
    """A number that is not infinite is meant; 0 and less are left to the caller."""
    is_number = isinstance(value, int | float) and math.isfinite(value)
    assert is_number, f"{name} must be a number, not {_shown(value)}"


def json_text(value: Any, name: str) -> str:
    """A value as JSON, as strict as Step Functions reads it: NaN and infinity are not JSON.

    Raises:
        AssertionError: it cannot be written.
    """
    try:
        return json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise AssertionError(f"{name} is not JSON: {error}") from error


def _shown(value: object) -> str:
    return f"{value!r:.60}" if value is None else f"{type(value).__name__} {value!r:.60}"
