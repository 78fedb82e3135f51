"""Paths, intrinsics and comparisons beside what they must agree with, on drawn values."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import hashlib
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cirrus_callbacks_plugin.local.states_language.comparisons import holds
from cirrus_callbacks_plugin.local.states_language.intrinsic_text import (
    IntrinsicTextError,
    read_intrinsic,
)
from cirrus_callbacks_plugin.local.states_language.intrinsics import check_call, run_intrinsic
from cirrus_callbacks_plugin.local.states_language.json_path import (
    PathError,
    PathNotFoundError,
    read_path,
    read_reference_path,
)
from cirrus_callbacks_plugin.local.states_language.json_values import as_json

NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | NAMES,
    lambda each: st.lists(each, max_size=4) | st.dictionaries(NAMES, each, max_size=4),
    max_leaves=20,
)
STEPS = st.lists(NAMES | st.integers(-3, 3), max_size=4)


def _written(steps: list[str | int]) -> str:
    """A path of brackets."""
    quoted = (
        f"['{each.translate({39: chr(92) + chr(39), 92: chr(92) * 2})}']"
        if isinstance(each, str)
        else f"[{each}]"
        for each in steps
    )
    return "$" + "".join(quoted)


def _run(text: str) -> Any:
    call = read_intrinsic(text)
    check_call(call)
    return run_intrinsic(call, [each.value for each in call.arguments])


def _quoted(text: str) -> str:
    return "'" + "".join(f"\\{each}" if each in "'{}\\" else each for each in text) + "'"


@given(VALUES, STEPS)
def test_a_definite_path_is_what_its_steps_lead_to(data: Any, steps: list[str | int]) -> None:
    """Step by step: fields of objects, elements of arrays from either end, or nothing."""
    expected = data
    found = True
    for step in steps:
        kind = dict if isinstance(step, str) else list
        try:
            found = found and isinstance(expected, kind)
            expected = expected[step] if found else None
        except (KeyError, IndexError):
            found = False
    path = read_reference_path(_written(steps))
    if found:
        assert path.find(data) == expected
    else:
        with pytest.raises(PathNotFoundError):
            path.find(data)


@given(VALUES, STEPS, st.sampled_from(["[*]", "..*", "[?(@.a==1)]", "[0,1]", "[0:1]"]))
def test_any_other_path_is_a_list(data: Any, steps: list[str | int], end: str) -> None:
    """Of whatever length; only a slice of what is not an array leads nowhere."""
    path = read_path(_written(steps) + end)
    assert not path.is_definite
    try:
        assert isinstance(path.find(data), list)
    except PathNotFoundError:
        assert end in {"[0,1]", "[0:1]"}


@given(st.text(max_size=12))
@example("1E0")
def test_whatever_is_no_path_is_refused(text: str) -> None:
    """Reading a text gives a path or a PathError, nothing else."""
    for each in (text, f"$.{text}", f"$[{text}]", f"$[?(@.{text}==1)]"):
        with contextlib.suppress(PathError):
            read_path(each)


@given(st.text(max_size=12))
def test_whatever_is_no_call_is_refused(text: str) -> None:
    """Reading a text gives a call or an IntrinsicTextError, nothing else."""
    for each in (text, f"States.Array({text})", f"States.Array('{text}')"):
        with contextlib.suppress(IntrinsicTextError):
            read_intrinsic(each)


@given(st.text(max_size=30))
def test_a_text_comes_through_its_escapes(text: str) -> None:
    """What is escaped as the specification says is the text itself, in Format too."""
    assert _run(f"States.Array({_quoted(text)})") == [text]
    assert _run(f"States.Format({_quoted(text)})") == text
    assert _run(f"States.Format('{{}}', {_quoted(text)})") == text


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_encodings_agree_with_pythons(text: str) -> None:
    """Base64 and hashes are of the text's UTF-8 bytes."""
    encoded = base64.b64encode(text.encode()).decode()
    assert _run(f"States.Base64Encode({_quoted(text)})") == encoded
    assert _run(f"States.Base64Decode('{encoded}')") == text
    digest = hashlib.sha256(text.encode()).hexdigest()
    assert _run(f"States.Hash({_quoted(text)}, 'SHA-256')") == digest


@given(VALUES)
def test_json_comes_back(value: Any) -> None:
    """StringToJson reads what JsonToString writes."""
    call = read_intrinsic("States.JsonToString($)")
    text = run_intrinsic(call, [value])
    assert json.loads(text) == value
    assert run_intrinsic(read_intrinsic("States.StringToJson($)"), [text]) == value


@given(st.datetimes(), st.datetimes(), st.integers(-23, 23), st.integers(-23, 23))
def test_timestamps_compare_as_instants(
    first: dt.datetime,
    second: dt.datetime,
    first_hours: int,
    second_hours: int,
) -> None:
    """Whatever their offsets are."""
    moments = [
        each.replace(tzinfo=dt.timezone(dt.timedelta(hours=hours)))
        for each, hours in ((first, first_hours), (second, second_hours))
    ]
    left, right = (each.isoformat() for each in moments)
    assert holds("TimestampEquals", left, right) == (moments[0] == moments[1])
    assert holds("TimestampLessThan", left, right) == (moments[0] < moments[1])


@given(st.text("ab*?[]\\.", max_size=8))
def test_a_pattern_of_its_own_escapes_matches_itself_alone(text: str) -> None:
    """Nothing but ``*`` is special, and the backslash before it."""
    pattern = text.replace("\\", "\\\\").replace("*", "\\*")
    assert holds("StringMatches", text, pattern)
    assert not holds("StringMatches", text + "a", pattern)
    assert holds("StringMatches", text + "a", pattern + "*")


def test_an_answer_of_a_client_becomes_json() -> None:
    """Times, bytes, sets and DynamoDB's numbers, at whatever depth."""
    moment = dt.datetime(2026, 11, 27, 14, 3, 20, 212_613, tzinfo=dt.timezone.utc)
    told = as_json({"at": [moment, moment.replace(microsecond=0)], "b": b"x", "n": Decimal("1.50")})
    assert told == {
        "at": ["2026-11-27T14:03:20.212Z", "2026-11-27T14:03:20Z"],
        "b": "eA==",
        "n": 1.5,
    }
    assert as_json((Decimal(2), {"x"}, None)) == [2, ["x"], None]
