"""The matrix knows every call that the product makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest import mock

from faults import source
from faults.calls import Call, call_of
from faults.matrix import FUNCTIONS, ways
from simulation.fake_aws import client as fake_client
from simulation.fake_aws.shapes import shape_of
from simulation.scenario import larger_scenarios
from simulation.search import Simulator

if TYPE_CHECKING:
    from faults.world import Deployed

APART = ("cli/", "graph/", "lint/", "local/", "operations/", "package/", "serverless/")
"""What runs on a person's own machine."""

COMMANDS_ONLY = {
    "waits/definition.py create_table create_table": "the local stack makes its own table",
    "waits/definition.py create_table describe_table": "the same",
    "waits/definition.py create_table update_time_to_live": "the same",
    "waits/table.py WaitsTable.all_rows scan": "the local stack's",
    "waits/table.py WaitsTable.count_waiting query": "the local stack's",
    "waits/table.py WaitsTable.rows_of query": "the operators' commands",
    "waits/table.py WaitsTable.scan_since scan": "the operators' commands",
}
"""Calls in modules that the functions share with commands, which alone make them."""


def known_calls(where: Deployed) -> set[Call]:
    """The calls for which the matrix has rows."""
    return {call for name in FUNCTIONS for _, calls in ways(where, name) for call in calls}


def test_every_call_in_the_source_is_in_the_matrix(where: Deployed) -> None:
    """A new call of a client's method, wherever it stands, fails here until it is tried."""
    in_source = source.sites(APART)
    in_matrix = {call.site for call in known_calls(where)}
    assert in_matrix <= in_source, "the search misses calls that are made"
    assert in_source - in_matrix == set(COMMANDS_ONLY)


def test_every_call_that_the_simulation_makes_is_in_the_matrix(where: Deployed) -> None:
    """Not one of another purpose, condition or function: the simulation goes more ways."""
    known = known_calls(where)
    made: set[Call] = set()

    def note(service: str, operation: str, parameters: dict[str, Any]) -> str:
        call = call_of(service, operation, parameters)
        if call is not None:
            made.add(call)
        return shape_of(service, operation, parameters)

    with mock.patch.object(fake_client, "shape_of", note), Simulator() as running:
        for scenario in larger_scenarios():
            running.at_random(scenario, 0)
    assert {call.function for call in made} == set(FUNCTIONS)
    assert sorted(made - known) == []
