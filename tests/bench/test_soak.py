"""The soak itself: it comes to its end, and it notices what it is there to notice."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from bench.soak import shares
from bench.soak.calls import Call
from bench.soak.invocations import Invocation
from bench.soak.notes import Notes
from bench.soak.outcome import Outcome
from bench.soak.plan import plan
from bench.soak.run import Settings, Soak
from cirrus_callbacks_plugin.joins import service
from cirrus_callbacks_plugin.local.deployment import Names
from cirrus_callbacks_plugin.protocol import answer
from simulation.invariants import untruths

if TYPE_CHECKING:
    from bench.soak.judge import Judgement

SMALL = Settings(
    tokens=24, payloads=6, real=3, seed=368, faults=2.0, reconcile_every=2.0, visibility=1
)
CALM = Settings(tokens=6, payloads=2, real=0, seed=10, faults=0.0, reconcile_every=2.0)


def soaked(settings: Settings) -> tuple[Soak, Judgement]:
    soak = Soak(settings)
    return soak, soak.run(lambda _: None)


def test_under_faults_everybody_is_told_the_truth() -> None:
    """A few dozen tokens and faults more often than in the bench: none lost, none wrong."""
    kinds = {payload.kind for payload in plan(SMALL.seed, SMALL.tokens, 6, SMALL.real).payloads}
    assert kinds >= {"fails", "restarts", "replaced", "unusable"}
    soak, judgement = soaked(SMALL)
    assert (judgement.lost, judgement.wrong) == ([], [])
    assert judgement.answered == judgement.expected == SMALL.tokens
    assert judgement.real == SMALL.real
    assert soak.chance.met.total() > 0
    figures = Outcome.of(soak, judgement).to_json()
    assert (figures["answered"], figures["lost"], figures["wrong"]) == (SMALL.tokens, 0, 0)


def test_a_waiter_that_is_marked_and_not_told_is_lost() -> None:
    """A planted defect: rows are marked as answered and nothing is sent."""
    with mock.patch.object(answer.Answerer, "_send", return_value=None):
        _, judgement = soaked(CALM)
    assert len(judgement.lost) == CALM.tokens
    assert "and was told nothing" in judgement.lost[0]


def test_a_success_of_a_child_that_failed_is_wrong() -> None:
    """A planted defect: every child is said to have succeeded."""

    def always_success(row: Any) -> Any:
        return answer.answer_of(replace(row, workflow_state="SUCCEEDED", answer_error=None))

    with mock.patch.object(service, "answer_of", always_success):
        _, judgement = soaked(CALM)
    assert judgement.lost == []
    assert judgement.wrong


@pytest.mark.parametrize(("asks", "found"), [(True, 0), (False, 1)])
def test_a_neighbour_of_a_replacement_may_be_told_what_was_completed(
    asks: bool,
    found: int,
) -> None:
    """What a message beside it in the batch asked for, the hook cannot know when it looks.

    Without such a message the run came of the waiter's own, and the old completion is wrong.
    """
    notes = Notes(Names("p", "us-west-2", "123456789012"))
    machine = "arn:aws:states:us-west-2:123456789012:stateMachine:p-cog"
    ghost = notes.ghost("the-id")
    old, new = (f"{machine.replace(':stateMachine:', ':execution:')}:{name}" for name in "ab")
    ghost.begin("SUCCEEDED", old, ended=True, foreign=False)
    row = {
        "task_token": {"S": "t"},
        "workflow_state": {"S": "SUCCEEDED"},
        "seen_state": {"S": "SUCCEEDED"},
        "seen_execution": {"S": old},
        "execution_arn": {"S": old},
        "settled_at": {"S": "now"},
    }
    notes.step = ghost.step = 3
    ghost.see_rows([row], 2, "process")
    invocation = Invocation(
        "process", 2, messages={"the-id": (1, 2)}, replaced=frozenset({"the-id"} if asks else ())
    )
    request = {"stateMachineArn": machine, "name": "b", "input": json.dumps({"id": "the-id"})}
    notes.took_effect(
        Call("stepfunctions", "StartExecution", request, "", has_token=False), invocation
    )
    assert new in ghost.runs
    assert len(untruths(ghost, "t", row, ghost.rows["t"], 2, replace=False)) == found


def test_a_seed_is_a_plan() -> None:
    """The same seed sends the same messages; another one others; every token waits once."""
    first, again, other = plan(3, 200, 40, 10), plan(3, 200, 40, 10), plan(4, 200, 40, 10)
    assert first == again
    assert first != other
    tokens = Counter(message.token for message in first.messages if message.token)
    assert set(tokens.values()) == {1}
    assert len(tokens) + sum(message.by_parent for message in first.messages) == 200
    assert len({message.payload.id for message in first.messages}) == 40


@pytest.mark.parametrize("deployments", [1, 2, 3])
def test_deployments_share_what_is_asked_for(deployments: int) -> None:
    """Shares add up, and no two have one seed."""
    settings = Settings(tokens=100, payloads=21, real=5, seed=1)
    each = shares.shares(settings, deployments)
    for name in ("tokens", "payloads", "real"):
        assert sum(getattr(share, name) for share in each) == getattr(settings, name)
    assert len({share.seed for share in each}) == deployments
