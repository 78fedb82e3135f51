"""Variables of outer scopes that a state machine assigns once more."""

from __future__ import annotations

from typing import Any

import pytest

from cirrus_callbacks_plugin.asl.scopes import Reassignment, reassignments
from support.states import END, catching, choice, each, machine, parallel, passing

SETUP = passing(Assign={"x": 1}, Next="Do")
AGAIN = {"Again": passing(Assign={"x.$": "$"})}
WRONG = [Reassignment("Again", "x")]


def _found(**states: Any) -> list[Reassignment]:
    return list(reassignments(machine(states)))


@pytest.mark.parametrize(
    "do",
    [
        each(AGAIN),
        {"Type": "Map", "Iterator": machine(AGAIN), "End": True},
        parallel({"One": END}, AGAIN),
        parallel({"Each": each(AGAIN)}),
    ],
    ids=["Map", "Iterator", "Parallel", "Map in Parallel"],
)
def test_an_outer_variable_is_found(do: dict[str, Any]) -> None:
    """A state within a Map or Parallel that assigns a variable of a scope around it."""
    assert _found(Setup=SETUP, Do=do) == WRONG


@pytest.mark.parametrize(
    "outer",
    [
        {"Setup": {"Type": "Task", "Catch": catching("E", Assign={"x": 1})}},
        {"Setup": choice({"Variable": "$.v", "IsNull": True, "Assign": {"x": 1}})},
        {"After": passing(Assign={"x": 1})},
    ],
    ids=["Catcher", "rule", "later state"],
)
def test_every_assign_counts(outer: dict[str, Any]) -> None:
    """Catchers and Choice rules assign as well, and a later state is of the same scope."""
    assert _found(Do=each(AGAIN), **outer) == WRONG


def test_a_scope_of_its_own_is_fine() -> None:
    """The same scope, scopes side by side and a Distributed Map may use one name."""
    config = {"ProcessorConfig": {"Mode": "DISTRIBUTED"}}
    distributed = {"Type": "Map", "ItemProcessor": {**config, **machine(AGAIN)}}
    assert _found(Setup=SETUP, **AGAIN) == []
    assert _found(Both=parallel(AGAIN, AGAIN)) == []
    assert _found(Setup=SETUP, Do=distributed) == []


@pytest.mark.parametrize("odd", [None, 1, [], {"States": 1}, {"States": {"A": 1}}])
def test_odd_values_hold_nothing(odd: Any) -> None:
    """What is not a state machine assigns nothing."""
    assert list(reassignments(odd)) == []
    fields = {"Assign": 1, "Catch": [1, {"Assign": []}], "Choices": 1, "ItemProcessor": odd}
    assert _found(Only={**fields, "Branches": [odd]}) == []
