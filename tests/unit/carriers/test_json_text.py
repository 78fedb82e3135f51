"""JSON that Python's reader tells a part of, or refuses."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cirrus_callbacks_plugin.carriers.json_text import (
    Raw,
    earlier_values,
    read,
    values,
    write,
)
from cirrus_callbacks_plugin.carriers.message import json_text

DEEP = 50_000
LONG = "9" * 5_000

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(json_values)
def test_what_json_loads_reads_is_read_alike(value: Any) -> None:
    """Without a name given twice, reading and writing are Python's own."""
    text = json.dumps(value)
    assert write(read(text)) == text == json.dumps(json.loads(text))


@given(json_values)
def test_the_tolerant_reader_agrees(value: Any) -> None:
    """Taken apart piece by piece, or kept as it is: it is written as it was read."""
    text = json.dumps(value)
    assert write(json_text._read_tolerantly(text)) == text
    spaced = json.dumps(value, indent=1)
    assert json.dumps(json.loads(write(json_text._read_tolerantly(f" {spaced}\n")))) == text


def test_a_name_given_twice_keeps_every_value() -> None:
    """The last one counts, at its first place, as ``json.loads`` has it; the others are told."""
    text = '{"a": 1, "b": 2, "a": 3, "a": 4}'
    found = read(text)
    assert found == json.loads(text) == {"a": 4, "b": 2}
    assert values(found, "a") == [1, 3, 4]
    assert earlier_values(found, "a") == [1, 3]
    assert values(found, "b") == [2]
    assert values(found, "c") == []
    assert write(found) == '{"a": 4, "b": 2}'


@pytest.mark.parametrize(
    "part",
    [
        "[" * DEEP + "]" * DEEP,
        '{"x": ' * DEEP + "1" + "}" * DEEP,
        '[{"x": "]}\\"", "y": [' * DEEP + "]}]" * DEEP,
        LONG,
        f"-{LONG}",
    ],
    ids=["arrays", "objects", "brackets in strings", "digits", "minus"],
)
def test_what_json_loads_gives_up_on_is_kept_as_it_is(part: str) -> None:
    """Too deep, or too many digits: JSON all the same, read around and written as it was."""
    text = '{"first": [1.50, true, {}], "odd": ' + part + ', "last": "\\ud800\\u00e9"}'
    with pytest.raises((ValueError, RecursionError)):
        json.loads(text)
    found = read(text)
    assert found["last"] == "\ud800é"
    assert found["first"] == [Raw("1.50"), Raw("true"), {}]
    assert write(found) == text


def test_what_is_read_can_be_written() -> None:
    """Writing never gives up, however deep what was read."""
    value: Any = []
    for _ in range(sys.getrecursionlimit() * 20):
        value = [value]
    assert write({"a": value, "b": 1}).endswith(', "b": 1}')


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "{1: 2}",
        '{"a" 1}',
        '{"a": 1,}',
        '{"a": 1 "b": 2}',
        "[1 2]",
        "[1,]",
        "[1",
        "nul",
        "01",
        '"\n"',
        "\ufeff{}",
        "{} {}",
        '{"a": "' + "x" * 100,
    ],
)
def test_what_is_no_json_is_none_for_both_readers(text: str) -> None:
    """The tolerant reader tolerates depth and digits, nothing else."""
    for reader in (read, json_text._read_tolerantly):
        with pytest.raises(json.JSONDecodeError):
            reader(text)


def test_brackets_that_never_close_are_no_json() -> None:
    """What lies deep is measured by its brackets; without their end there is none."""
    with pytest.raises(json.JSONDecodeError, match="Unterminated"):
        read("[" * DEEP)
    with pytest.raises(json.JSONDecodeError, match="Unterminated"):
        read("[" * DEEP + '"' + "]" * DEEP)
