"""Expressions: what they cost, what threads share of them, and that they end."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from cirrus_callbacks_plugin.local.jsonata.errors import ExpressionError
from cirrus_callbacks_plugin.local.jsonata.expression import evaluate, parse
from cirrus_callbacks_plugin.local.jsonata.limits import Limits

SUM = "$sum($map($items, function($v){ $v * $factor }))"


def test_an_expression_is_parsed_once() -> None:
    """The same text has the same tree, for every caller."""
    assert parse(SUM) is parse(SUM)


def test_an_evaluation_changes_nothing_that_was_given() -> None:
    """Variables are copied: what sorts, appends or transforms leaves them as they are."""
    given: dict[str, Any] = {"o": {"list": [], "items": [3, 1]}}
    for expression in (
        "$o.list{'a': 1}",
        "$append($o.items, 1)",
        "$sort($o.items)",
        "$o ~> |$|{'new': 1}|",
        "$merge([$o, {'list': 1}])",
    ):
        evaluate(expression, given)
    assert given == {"o": {"list": [], "items": [3, 1]}}


def test_threads_do_not_meet() -> None:
    """One parsed expression, evaluated by many threads at once, each with variables of its own."""
    start = threading.Barrier(8)

    def run(factor: int) -> list[Any]:
        start.wait()
        return [evaluate(SUM, {"items": [1, 2, 3], "factor": factor}) for _ in range(30)]

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(run, range(8)))
    assert found == [[6 * factor] * 30 for factor in range(8)]


def test_a_variable_of_an_expression_ends_with_it() -> None:
    """What an expression binds is gone afterwards, in the same thread and from the same tree."""
    assert evaluate("($kept := 1; $kept)", {}) == 1
    assert evaluate("$exists($kept)", {}) is False
    assert evaluate("($n := $exists($n) ? $n + 1 : 0; $n)", {}) == 0
    assert evaluate("($n := $exists($n) ? $n + 1 : 0; $n)", {}) == 0


@pytest.mark.parametrize(
    ("expression", "limits", "code"),
    [
        (
            "($f := function($n){ $n = 0 ? 0 : 1 + $f($n - 1) }; $f(300))",
            Limits(depth=100),
            "D1011",
        ),
        (
            "($f := function($n){ $n = 0 ? 0 : [1, $f($n - 1)] }; $f(300))",
            Limits(depth=100),
            "D1011",
        ),
        (
            "($f := function($n){ $n = 0 ? 0 : $map([$n - 1], $f) }; $f(300))",
            Limits(depth=100),
            "D1011",
        ),
        (
            "($f := function($n){ $n = 0 ? 0 : $f($n - 1) }; $f(50000))",
            Limits(seconds=0.01),
            "D1012",
        ),
        ("$map([1..1000], function(){ $map([1..1000], function(){ 1 }) })", None, "D1012"),
        ("$pad('', 200)", Limits(size=100), "D2014"),
        ("[1..200]", Limits(size=100), "D2014"),
        ("$range(1, 200, 1)", Limits(size=100), "D2014"),
        (
            "($f := function($s){ $length($s) > 4000 ? $s : $f($s & $s) }; $f('ab'))",
            Limits(size=100),
            "D2014",
        ),
        (
            "($f := function($l){ $count($l) > 4000 ? $l : $f($append($l, $l)) }; $f([1, 2]))",
            Limits(size=100),
            "D2014",
        ),
        ("($f := function($l){ $f([$l, $l]) }; $f([1, 2]))", Limits(size=100), "D2014"),
        ("[1..90].([1..90])", Limits(size=100), "D2014"),
        ("($x := [1..90]; $x@$a.($x)@$b.($a + $b))", Limits(size=100), "D2014"),
        ("$map([1..90], function(){ [1..90] })", Limits(size=100), "D2014"),
        ("$join($map([1..50], function(){ 'abc' }))", Limits(size=100), "D2014"),
        ("$replace('aaaaaaaaaa', 'a', 'bbbbbbbbbbbbbb')", Limits(size=100), "D2014"),
        ("$replace('aaaaaaaaaa', /a/, 'bbbbbbbbbbbbbb')", Limits(size=100), "D2014"),
        ("$formatInteger(200000, 'I')", Limits(size=100), "D2014"),
        ("$string([1..60])", Limits(size=100), "D2014"),
    ],
)
def test_an_evaluation_ends(expression: str, limits: Limits | None, code: str) -> None:
    """Too deep, too long, too large: each is an error with its code, in every element."""
    with pytest.raises(ExpressionError) as raised:
        evaluate(expression, {}, limits or Limits(seconds=0.2))
    assert raised.value.code == code


def test_a_search_ends_with_the_time_of_its_expression() -> None:
    """The time that is left is handed to the search for a regular expression."""
    from cirrus_callbacks_plugin.local.jsonata.limits import Meter
    from cirrus_callbacks_plugin.local.jsonata.patterns import Pattern

    seen: list[float] = []

    class Slow:
        def search(self, text: str, at: int, *, timeout: float, concurrent: bool) -> None:
            seen.append(timeout)
            raise TimeoutError

    pattern = Pattern("slow", Slow())
    with pytest.raises(ExpressionError) as raised:
        next(pattern.matches("text", Meter(Limits(seconds=7))))
    assert raised.value.code == "D1012"
    assert 0 < seen[0] <= 7


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("$count($distinct($o.n))", 5000),
        ("$count($spread($o.n.{'n': $}))", 5000),
        ("$count({'all': $map($o.n, function($n){ [[$n]] })}.all.*)", 5000),
        ("$count(($o.n#$i.($){'a': $i}).a)", 5000),
        ("$o.n#$i[$i = 4999]", 4999),
        ("$sort($o.n, function($a, $b){ $a < $b })[0]", 4999),
        ("$sum($o.n)", 12497500),
    ],
)
def test_long_arrays_are_no_trouble(expression: str, value: int) -> None:
    """What goes through a list item by item does so for thousands."""
    variables = {"o": {"n": list(range(5000))}}
    assert evaluate(expression, variables, Limits(seconds=120)) == value


def test_a_tail_call_may_go_far() -> None:
    """A recursion in the last place of a function does not count as nested."""
    counting = "($f := function($n){ $n > 5000 ? $n : $f($n + 1) }; $f(0))"
    assert evaluate(counting, {}) == 5001


@pytest.mark.parametrize("name", ["__evaluate_entry", "__evaluate_exit"])
def test_an_expression_cannot_put_the_limits_away(name: str) -> None:
    """The library looks its hooks up among the variables; here they decide nothing."""
    endless = f"(${name} := null; $f := function($n){{ 1 + $f($n) }}; $f(1))"
    with pytest.raises(ExpressionError):
        evaluate(endless, {}, Limits(depth=100))


def test_moments_of_the_interpreter_are_texts() -> None:
    """The interpreter keeps times as objects; an expression sees ISO 8601, UTC, milliseconds."""
    from datetime import datetime, timedelta, timezone

    moment = datetime(2026, 1, 2, 3, 4, 5, 678901, timezone(timedelta(hours=1)))
    assert evaluate("$at", {"at": moment}) == "2026-01-02T02:04:05.678Z"
    assert evaluate("$toMillis($at)", {"at": moment}) == 1767319445678


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("$hash('a', 5)", "T0410: Argument 1 of function hash does not match function signature"),
        ("$sqrt(-1)", "D3060: The sqrt function cannot be applied to a negative number: -1"),
        ("$sum('a')", "T0412: Argument 1 of function sum must be an array of n"),
        ("$formatBase(1, 99)", "The radix of the formatBase function must be between 2 and 36."),
        ("$single([1, 2])", "D3138: The $single() function expected exactly 1 matching result."),
        ("1e999", "S0102: Number out of range"),
        ("$error('Object {{token}}: None')", "D3137: Object {{token}}: None"),
        ("$toMillis('Object')", "timestamp. Given Object"),
    ],
)
def test_errors_are_told_in_the_words_of_the_reference(expression: str, message: str) -> None:
    """The library says Object for function, and None for what it does not know."""
    with pytest.raises(ExpressionError) as raised:
        evaluate(expression, {})
    assert message in str(raised.value)
    assert not str(raised.value).endswith("range: None")
