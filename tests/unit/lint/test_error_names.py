"""Errors as people misspell them, and as they are sent."""

from __future__ import annotations

from typing import Any

import pytest

from cirrus_callbacks_plugin.lint.reactions import RESERVED, SENT
from cirrus_callbacks_plugin.lint.rules.error_name import STATES
from support.linted import attribute, machine, of, send
from support.states import passing


def catching(name: str, field: str = "Catch") -> dict[str, Any]:
    made = send({}, attribute())
    made["States"]["Wait"][field] = [{"ErrorEquals": [name], "Next": "After", "ResultPath": "$.f"}]
    made["States"]["After"] = passing()
    return made


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("CirrusCallBack.Aborted", "CirrusCallback.Aborted"),
        ("cirruscallback.failed", "CirrusCallback.Failed"),
        ("CIRRUSCALLBACK.FAILED", "CirrusCallback.Failed"),
        ("CirrusCallbacks.Failed", "CirrusCallback.Failed"),
        ("CirusCallback.Failed", "CirrusCallback.Failed"),
        ("Cirrus.Callback.Invalid", "CirrusCallback.Invalid"),
        ("Cirrus-Callback.Invalid", "CirrusCallback.Invalid"),
        ("Cirrus.Aborted", "CirrusCallback.Aborted"),
        ("Callback.NeverStarted", "CirrusCallback.NeverStarted"),
        ("CirrusCallbackFailed", "CirrusCallback.Failed"),
        ("CirrusCallback_Failed", "CirrusCallback.Failed"),
        ("CirrusCallback:Failed", "CirrusCallback.Failed"),
        (" CirrusCallback.Failed", "CirrusCallback.Failed"),
        ("CirrusCallback.Failed ", "CirrusCallback.Failed"),
        ("CirrusCallback.Failure", "CirrusCallback.Failed"),
        ("CirrusCallback.failed", "CirrusCallback.Failed"),
        ("CirrusCallback.Never_Started", "CirrusCallback.NeverStarted"),
        ("CirrusCallback.Canceled", "CirrusCallback.Cancelled"),
        ("CirrusCallback.JoinFail", "CirrusCallback.JoinFailed"),
        ("CirrusCallback.*", "one of"),
        ("CirrusCallback", "one of"),
        ("States.TimeOut", "States.Timeout"),
        ("States.timeout", "States.Timeout"),
        ("States.All", "States.ALL"),
        ("States.HeartBeatTimeout", "States.HeartbeatTimeout"),
        ("States.TaskFail", "States.TaskFailed"),
        ("State.Timeout", "States.Timeout"),
    ],
)
@pytest.mark.parametrize("field", ["Catch", "Retry"])
def test_a_name_that_never_matches(name: str, meant: str, field: str) -> None:
    """It is told, with the name that was meant."""
    (found,) = of("error-name", catching(name, field))
    assert meant in found.problem.fix


@pytest.mark.parametrize(
    "name",
    [
        *SENT,
        *RESERVED,
        *STATES,
        "States.SomethingNew",
        "SQS.AmazonSQSException",
        "Callback.Pending",
        "Cirrus.MyOwnError",
        "CallbackError",
        "Lambda.ServiceException",
        "stactask.exceptions.InvalidInput",
        "${error}",
    ],
)
def test_a_name_that_may_match(name: str) -> None:
    """Errors that are sent, and everybody else's."""
    assert of("error-name", catching(name)) == []


def test_states_errors_of_tasks_that_do_not_wait_are_left_alone() -> None:
    """Our own names are ours wherever they stand."""
    task = {"Type": "Task", "Resource": "arn:aws:lambda:x:y:function:f", "End": True}
    catch = [{"ErrorEquals": ["States.TimeOut"], "Next": "Call"}]
    assert of("error-name", machine(Call={**task, "Catch": catch})) == []
    catch = [{"ErrorEquals": ["CirrusCallBack.Failed"], "Next": "Call"}]
    assert of("error-name", machine(Call={**task, "Catch": catch}))


def test_a_map_around_a_wait_counts() -> None:
    """Its Catch is for the wait's errors, too."""
    inner = send({}, attribute())
    catch = [{"ErrorEquals": ["States.TimeOut"], "ResultPath": "$.f", "Next": "After"}]
    fields = {"ResultPath": "$.a", "End": True, "Catch": catch}
    made = machine(All={"Type": "Map", "ItemProcessor": inner, **fields}, After=passing())
    assert of("error-name", made)
