"""Inline Maps: how many iterations run at once, and how many there may be.

A test named ``..._moto_...`` fails once moto has mended what it shows: then the correction
can go.
"""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.local.functions import Functions
from cirrus_callbacks_plugin.local.moto_corrections.corrected import ALL, corrected
from cirrus_callbacks_plugin.local.moto_corrections.durations import (
    take_whole_numbers_of_iterations,
)
from support.states import END, calling, catching, each, machine

if TYPE_CHECKING:
    from support.interpreter import Interpreter

ITEMS = 50
MANY = 1100
"""More than Python recurs by default."""


class Crowd:
    """A function whose calls wait for each other; knows how many there were at once."""

    def __init__(self, expected: int) -> None:
        self._expected = expected
        self._lock = threading.Lock()
        self._full = threading.Event()
        self._inside = 0
        self.most = 0

    def __call__(self, event: Any, context: Any) -> Any:
        """Wait until as many calls as are expected are there at once."""
        with self._lock:
            self._inside += 1
            self.most = max(self.most, self._inside)
            if self._inside >= self._expected:
                self._full.set()
        self._full.wait(20)
        time.sleep(0.01)  # one more that may run at once has begun by now
        with self._lock:
            self._inside -= 1
        return event


def _most_at_once(interpreter: Interpreter, expected: int, **fields: Any) -> int:
    crowd = Crowd(expected)
    states = {"Each": each({"Call": calling("crowd")}, **fields)}
    with corrected(Functions({"crowd": crowd}, "local").invoke):
        ended = interpreter.run(states, {"items": list(range(ITEMS)), "most": fields.get("most")})
    assert ended.output == list(range(ITEMS))
    return crowd.most


def test_moto_runs_all_iterations_at_once(interpreter: Interpreter) -> None:
    """Unpatched moto starts every iteration of a Map without MaxConcurrency at once."""
    states = {"Each": each({"Wait": interpreter.waiting_task()})}
    execution = interpreter.start(states, list(range(ITEMS)))
    tokens = [interpreter.token() for _ in range(ITEMS)]
    assert len(set(tokens)) == ITEMS
    interpreter.sfn.send_task_failure(taskToken=tokens[0], error="E")
    interpreter.end(execution)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, 40),
        ({"MaxConcurrency": 0}, 40),
        ({"MaxConcurrency": 1}, 1),
        ({"MaxConcurrency": 39}, 39),
        ({"MaxConcurrency": 40}, 40),
        ({"MaxConcurrency": 1000}, 40),
        ({"MaxConcurrencyPath": "$.items[3]"}, 3),
        ({"MaxConcurrencyPath": "$.items[0]"}, 40),
        ({"MaxConcurrencyPath": "$.items[49]"}, 40),
    ],
    ids=str,
)
def test_forty_iterations_run_at_once(
    interpreter: Interpreter,
    fields: dict[str, Any],
    expected: int,
) -> None:
    """At most 40 iterations run at once; MaxConcurrency holds below, 0 and none mean 40."""
    assert _most_at_once(interpreter, expected, ItemsPath="$.items", **fields) == expected


def test_an_iterator_is_an_item_processor(interpreter: Interpreter) -> None:
    """The older Iterator runs as many iterations at once as an ItemProcessor."""
    crowd = Crowd(40)
    states = {"Each": {"Type": "Map", "Iterator": machine({"Call": calling("crowd")}), "End": True}}
    with corrected(Functions({"crowd": crowd}, "local").invoke):
        assert interpreter.run(states, list(range(ITEMS))).output == list(range(ITEMS))
    assert crowd.most == 40


def test_moto_reads_a_text_for_a_number(interpreter: Interpreter) -> None:
    """Unpatched moto takes "1" and 1.5 for a MaxConcurrency."""
    state = each({"One": END}, ItemsPath="$.items", MaxConcurrencyPath="$.most")
    others = tuple(each for each in ALL if each is not take_whole_numbers_of_iterations)
    with corrected(corrections=others):
        for most in ("1", 1.5):
            given = {"items": [1], "most": most}
            assert interpreter.run({"Each": state}, given).status == "SUCCEEDED"


@pytest.mark.parametrize("most", ["many", "1", {}, -1, 1.5, 1.0, True, None], ids=repr)
def test_max_concurrency_is_a_whole_number(interpreter: Interpreter, most: Any) -> None:
    """MaxConcurrencyPath leads to a whole number that is not negative, or States.Runtime."""
    state = each({"One": END}, ItemsPath="$.items", MaxConcurrencyPath="$.most")
    with corrected():
        ended = interpreter.run(
            {"Each": {**state, "Catch": catching("States.ALL")}, "Caught": END},
            {"items": [1], "most": most},
        )
    assert ended.error == "States.Runtime"


def test_a_map_of_nothing_is_an_empty_list(interpreter: Interpreter) -> None:
    """A Map over no items succeeds with no results."""
    with corrected():
        assert interpreter.run({"Each": each({"One": END})}, []).output == []


def _work_off_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let one worker run many iterations, each of which does nothing."""
    from unittest.mock import MagicMock

    from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import (
        iteration_worker,
        job,
    )

    class Worker(iteration_worker.IterationWorker):
        def _eval_input(self, env_frame: Any) -> None:
            raise NotImplementedError

    monkeypatch.setattr(Worker, "_eval_job", lambda *_, **__: None)
    pool = job.JobPool(job_program=None, job_inputs=[None] * MANY)
    before = sys.getrecursionlimit()  # a library may have raised it
    sys.setrecursionlimit(1000)
    try:
        Worker(work_name="many", job_pool=pool, env=MagicMock()).eval()
    finally:
        sys.setrecursionlimit(before)
    assert len(pool.get_closed_jobs()) == MANY


def test_moto_gets_lost_in_many_iterations(monkeypatch: pytest.MonkeyPatch) -> None:
    """In unpatched moto each iteration is a recursion into the next one."""
    with pytest.raises(RecursionError):
        _work_off_many(monkeypatch)


def test_a_worker_may_run_many_iterations(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Map comes to its end with MaxConcurrency 1, however many items it has."""
    with corrected():
        _work_off_many(monkeypatch)


def test_moto_has_jsonata_errors_in_jsonpath(interpreter: Interpreter) -> None:
    """In unpatched moto a Map over what is not a list fails with JSONata's error."""
    ended = interpreter.run({"Each": each({"One": END})}, {"no": "list"})
    assert ended.error == "States.QueryEvaluationError"
