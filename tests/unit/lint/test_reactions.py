"""Retry and Catch: the first entry that matches decides, inside and around the wait."""

from __future__ import annotations

from typing import Any

import pytest

from cirrus_callbacks_plugin.lint.finding import Severity
from cirrus_callbacks_plugin.lint.reactions import (
    FINAL,
    FINAL_OF_JOINS,
    PASSING,
    PASSING_OF_JOINS,
    SENT,
    listed,
)
from cirrus_callbacks_plugin.protocol import error_names
from support.linted import attribute, findings, machine, of, send

ALL = {"ErrorEquals": ["States.ALL"], "MaxAttempts": 2}
FAILED = {"ErrorEquals": ["States.TaskFailed"]}
NONE = {"ErrorEquals": list(FINAL), "MaxAttempts": 0}
PASS = {"Type": "Pass", "End": True}
FAIL = {"Type": "Fail"}
INLINE: dict[str, Any] = {}
DISTRIBUTED = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}


def test_every_error_that_is_sent_passes_or_is_final() -> None:
    """One or the other, each once: the rules take an error that they do not know for a typo."""
    known = {
        value
        for value in vars(error_names).values()
        if isinstance(value, str) and value.startswith("CirrusCallback.")
    }
    assert sorted(SENT) == sorted(known)
    assert {*PASSING, *PASSING_OF_JOINS}.isdisjoint(FINAL)
    assert set(FINAL_OF_JOINS) <= set(FINAL)
    assert known - {*error_names.UNEXPLAINED} == {error_names.NOT_ENABLED}  # it says why itself


def wait(**fields: Any) -> dict[str, Any]:
    """A wait that is sound by itself."""
    state: dict[str, Any] = send({}, attribute(), **fields)["States"]["Wait"]
    return state


def catch(*names: str, to: str = "After") -> list[dict[str, Any]]:
    """One catcher."""
    return [{"ErrorEquals": list(names), "Next": to, "ResultPath": "$.failure"}]


def around(
    inner: dict[str, Any],
    config: dict[str, Any] = INLINE,
    **fields: Any,
) -> dict[str, Any]:
    """A Map of a state machine."""
    return {"Type": "Map", "ItemProcessor": {**config, **inner}, "End": True, **fields}


@pytest.mark.parametrize(
    ("retriers", "repeats"),
    [
        ([], []),
        ([ALL], list(FINAL)),
        ([FAILED], list(FINAL)),
        ([NONE, ALL], []),
        ([ALL, NONE], list(FINAL)),
        ([{**ALL, "MaxAttempts": 0}], []),
        ([{"ErrorEquals": ["CirrusCallback.Failed"]}], []),
        ([{"ErrorEquals": ["CirrusCallback.Failed", "CirrusCallback.Invalid"]}], [FINAL[0]]),
        ([{"ErrorEquals": ["${errors}"]}, ALL], []),
        ([{**ALL, "MaxAttempts": "${attempts}"}], []),
        ([{"ErrorEquals": ["States.Timeout"]}], []),
    ],
)
def test_what_a_retry_repeats(retriers: list[Any], repeats: list[str]) -> None:
    """The order counts, MaxAttempts 0 takes errors out, and what is not known is not judged."""
    found = of("retry-final", machine(Wait=wait(Retry=retriers)))
    told = [each.problem.message.partition(" (")[0] for each in found]
    assert told == ([f"repeats {listed(repeats)}"] if repeats else [])


def test_a_retry_around_the_wait_repeats_it_too() -> None:
    """A Map's Retry sends every message again, unless the wait's own Catch keeps the error in."""
    bare = machine(All=around(machine(Wait=wait()), Retry=[ALL]))
    (found,) = of("retry-final", bare)
    assert found.problem.path == "States.All.Retry[0]"
    kept = machine(Wait=wait(Catch=catch("States.ALL")), After=PASS)
    assert of("retry-final", machine(All=around(kept, Retry=[ALL]))) == []
    parallel = {"Type": "Parallel", "Branches": [machine(Wait=wait())], "Retry": [ALL], "End": True}
    assert of("retry-final", machine(Both=parallel))


def test_a_distributed_map_fails_with_an_error_of_its_own() -> None:
    """Its Retry is for a tolerance that was exceeded, no single answer."""
    made = machine(All=around(machine(Wait=wait()), DISTRIBUTED, Retry=[ALL]))
    assert of("retry-final", made) == []


def test_one_retrier_is_told_once() -> None:
    """However many waits it stands around."""
    inner = machine(First=wait(End=None, Next="Second"), Second=wait())
    assert len(of("retry-final", machine(All=around(inner, Retry=[ALL])))) == 1


@pytest.mark.parametrize(
    ("config", "fields", "severity"),
    [
        (INLINE, {}, Severity.WARNING),
        (DISTRIBUTED, {}, Severity.WARNING),
        (DISTRIBUTED, {"ToleratedFailurePercentage": 100}, None),
        (INLINE, {"Catch": catch("States.ALL")}, Severity.WARNING),
    ],
)
def test_an_error_that_leaves_its_map(
    config: dict[str, Any],
    fields: dict[str, Any],
    severity: Severity | None,
) -> None:
    """Its neighbours' waits go with it, also where the Map itself is caught."""
    made = machine(All=around(machine(Wait=wait()), config, **fields), After=PASS)
    assert [each.severity for each in of("uncaught", made)] == ([severity] if severity else [])


def test_an_error_of_a_lone_wait_is_a_note() -> None:
    """Failing is a choice, and the one that a redrive passes."""
    (found,) = of("uncaught", machine(Wait=wait()))
    assert found.severity is Severity.NOTE


def test_only_what_is_missing_is_named() -> None:
    """The timeout is not a TaskFailed."""
    (found,) = of("uncaught", machine(Wait=wait(Catch=catch("States.TaskFailed")), After=PASS))
    assert found.problem.message.startswith("has no Catch for States.Timeout:")
    made = machine(Wait=wait(Catch=catch("${errors}")), After=PASS)
    assert of("uncaught", made) == []


@pytest.mark.parametrize(
    ("states", "is_found"),
    [
        ({"After": FAIL}, True),
        ({"After": {"Type": "Pass", "Next": "End"}, "End": FAIL}, True),
        ({"After": {"Type": "Pass", "Next": "End"}, "End": PASS}, False),
        ({"After": {"Type": "Choice", "Choices": [{"Next": "A"}], "Default": "B"},
          "A": FAIL, "B": FAIL}, True),
        ({"After": {"Type": "Choice", "Choices": [{"Next": "A"}], "Default": "B"},
          "A": FAIL, "B": {"Type": "Succeed"}}, False),
        ({"After": {"Type": "Choice", "Choices": [{"Next": "Wait"}], "Default": "B"},
          "B": FAIL}, False),
        ({}, False),
    ],
)  # fmt: skip
def test_a_catch_from_where_every_way_ends_in_fail(states: dict[str, Any], is_found: bool) -> None:
    """A redrive begins at the Fail: only where nothing leads elsewhere, or back to the wait."""
    made = machine(Wait=wait(Catch=catch("States.ALL")), **states)
    assert bool(of("catch-to-fail", made)) is is_found


@pytest.mark.parametrize(
    ("config", "fields", "paths"),
    [
        (INLINE, {}, ["States.All.ItemProcessor.States.Wait.Catch[0]"]),
        (DISTRIBUTED, {"ToleratedFailureCount": 3}, []),
        (INLINE, {"Catch": catch("States.ALL", to="Rest")}, []),
        (INLINE, {"Catch": catch("States.ALL", to="Stop")},
         ["States.All.ItemProcessor.States.Wait.Catch[0]"]),
        (INLINE, {"Catch": catch("SceneFailed", to="Rest")}, []),
        (INLINE, {"Catch": catch("${errors}", to="Rest")}, []),
    ],
)  # fmt: skip
def test_a_fail_inside_a_map(
    config: dict[str, Any],
    fields: dict[str, Any],
    paths: list[str],
) -> None:
    """It is a dead end only where it gets out of the Map and ends the execution."""
    inner = machine(Wait=wait(Catch=catch("States.ALL")), After=FAIL)
    made = machine(All=around(inner, config, **fields), Rest=PASS, Stop=FAIL)
    assert [each.problem.path for each in of("catch-to-fail", made)] == paths


def test_an_error_name_in_any_state_is_compared() -> None:
    """Reserved names are not among those that are never sent; a variable is not judged."""
    names = ["CirrusCallback.DependencyCycle", "CirrusCallback.${kind}", "CirrusCallbackFailed"]
    retry = [{"ErrorEquals": names}]
    made = machine(All=around(machine(Wait=wait()), Retry=retry))
    (found,) = of("error-name", made)
    assert "'CirrusCallbackFailed'" in found.problem.message
    (far,) = of("error-name", machine(Wait=wait(Retry=[{"ErrorEquals": ["CirrusCallback"]}])))
    assert "CirrusCallback" in far.problem.fix


def test_a_machine_of_oddities_is_read_without_harm() -> None:
    """What is malformed is passed over: Step Functions says what is wrong with it."""
    made = machine(Wait=wait(Retry={}, Catch=[7, {}]), Odd=3, Map={"Type": "Map", "Branches": [1]})
    assert {each.severity for each in findings(made)} == {Severity.NOTE}
