"""Definitions with something odd in them: whatever it is, the linter goes on."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from support.linted import findings

if TYPE_CHECKING:
    from collections.abc import Iterator

CORPUS = [
    json.loads(path.read_text())["definition"]
    for path in sorted((Path(__file__).parent / "corpus").glob("parent-*.json"))
    + sorted((Path(__file__).parent / "corpus").glob("map-*.json"))
    + sorted((Path(__file__).parent / "corpus").glob("join-*.json"))
]
ODD: list[Any] = [
    *(None, True, -1, 1.5, "", "$", "$.", "$.a[", "$$", "$$.Task.Token", "Wait"),
    *("{% %}", "{% $ %}", "{% $states.input[ %}", "{% ((( %}", "{% {'a':} %}"),
    *("${x}", "${", "States.Format(", "States.Array($,$$)"),
    *([], {}, [[]], {"": 1}, {"Ref": "x"}, {"Fn::Join": ["", {}]}, {"a.$": 7}, ["$.x"]),
    *({"join": {}}, {"join": []}, {"join": "x", "url": 1}, {"Next": 3}),
]
FIELDS = ("ResultPath", "OutputPath", "Output", "Catch", "Choices", "Parameters", "Type", "Retry")


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inner = value.items() if isinstance(value, dict) else []
    inner = enumerate(value) if isinstance(value, list) else inner
    for name, each in inner:
        yield from _places(each, (*path, name))


def _mutated(random: Random) -> dict[str, Any]:
    made: dict[str, Any] = copy.deepcopy(random.choice(CORPUS))
    path = random.choice(list(_places(made["States"]))[1:])
    holder: Any = made["States"]
    for name in path[:-1]:
        holder = holder[name]
    name = path[-1]
    if isinstance(holder, dict) and random.random() < 0.3:
        name = random.choice(FIELDS)
    holder[name] = copy.deepcopy(random.choice(ODD))
    return made


@pytest.mark.parametrize("seed", range(8))
def test_nothing_odd_stops_the_linter(seed: int) -> None:
    """Malformed states are passed over: Step Functions says what is wrong with them."""
    random = Random(seed)  # noqa: S311 - a repeatable choice of mutations
    for _ in range(40):
        made = _mutated(random)
        for each in findings(made, example={"features": [{}] * 700}):
            assert each.problem.message
            assert each.problem.fix
