"""The matrix knows every call that the product makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest import mock

from faults import source
from faults.calls import COMMAND, Call, call_of
from faults.matrix import FUNCTIONS, ways
from simulation.batch_scenarios import batch_scenarios
from simulation.fake_aws import client as fake_client
from simulation.fake_aws.shapes import shape_of
from simulation.scenario import larger_scenarios
from simulation.search import Simulator

if TYPE_CHECKING:
    from faults.world import Deployed

APART = ("lint/", "local/", "operations/doctor/", "package/", "serverless/", "testing/")
"""What runs on a person's own machine; `doctor` is tested with each thing broken alone."""

NOT_TRIED = {
    "cli/below_cirrus.py BelowCirrus.invoke invoke": "click's own method, no call of AWS",
    "operations/dead_letters.py": "`waits --dead-letters` only looks",
    "operations/deployment.py": "which deployment is meant: tests/operations/test_unhappy.py",
    "operations/redrives.py": "they answer no wait: unit/operations/test_redrives.py",
    "operations/stopping.py": "they answer no wait: unit/operations/test_stopping.py",
    "waits/definition.py": "the local stack makes its own table",
    "waits/index.py WaitingIndex.keep_place": "of a pass without time for all: unit/reconcile",
    "waits/index.py WaitingIndex.counts": "of a pass without time for all: unit/reconcile",
    "waits/queries.py WaitsQueries.about_waiting describe_table": "a total alone: unit/operations",
    "waits/queries.py WaitsQueries.all_rows scan": "the local stack's",
    "waits/queries.py WaitsQueries.answered_waits_of scan": "`show` only looks",
}
"""Calls, or files with calls, that no function makes, and no command that acts."""


def known_calls(where: Deployed) -> set[Call]:
    """The calls for which the matrix has rows."""
    return {call for name in FUNCTIONS for _, calls in ways(where, name) for call in calls}


def test_every_call_is_in_the_matrix(where: Deployed) -> None:
    """A new call of a client's method, wherever it stands, fails here until it is tried.

    So does one of another purpose, condition or function: the simulation goes more ways.
    """
    known = known_calls(where)
    in_source = source.sites(APART)
    in_matrix = {call.site for call in known}
    assert in_matrix <= in_source, "the search misses calls that are made"
    left = {site for site in in_source - in_matrix if not site.startswith(tuple(NOT_TRIED))}
    assert sorted(left) == []
    assert _made_in_the_simulation() - known == set()


def _made_in_the_simulation() -> set[Call]:
    made: set[Call] = set()

    def note(service: str, operation: str, parameters: dict[str, Any]) -> str:
        call = call_of(service, operation, parameters)
        if call is not None:
            made.add(call)
        return shape_of(service, operation, parameters)

    with mock.patch.object(fake_client, "shape_of", note), Simulator() as running:
        for scenario in (*larger_scenarios(), *batch_scenarios()):
            running.at_random(scenario, 0)
    assert {call.function for call in made} == set(FUNCTIONS) - {COMMAND}
    return made
