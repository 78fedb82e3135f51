"""What is done in the start-up phase, and what is left for the first invocation.

Real processes from unpacked zips: what they open and compile is heard by an audit hook.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from support.unpacked import Unpacked
from support.zip_loop import TOKEN, deploy, ended, environment, sent

if TYPE_CHECKING:
    from pathlib import Path

IN_LAMBDA = {"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001"}
SENDER = "cirrus_callbacks_plugin.lambda_functions.sender.lambda_handler"
ALL_OF_BOTO3 = 50_000
"""Fewer objects than boto3 with two clients is made of."""
RECONCILER = "cirrus_callbacks_plugin.lambda_functions.reconciler.lambda_handler"


def models(opened: list[str]) -> list[str]:
    """The services of which a model was read, in order of their names, each as often as it was."""
    return sorted(path.split("/")[-3] for path in opened if "/service-2.json" in path)


def endpoints(opened: list[str]) -> int:
    """How often botocore's endpoints were read: once a loader."""
    return sum("/endpoints.json" in path for path in opened)


def sources(functions: Unpacked, done: dict[str, Any]) -> list[str]:
    """What of a zip had to be compiled."""
    return [path for path in done["compiled"] if path.startswith(str(functions.folders[0]))]


@pytest.fixture(scope="module")
def bare(dist: Path, boto3_alone: Path, endpoint: str, tmp_path_factory: Any) -> dict[str, Any]:
    """What cirrus's own ``process`` does, without hooks and token."""
    folder = tmp_path_factory.mktemp("bare") / "task"
    created = deploy(endpoint)
    functions = Unpacked.of(dist, folder, boto3_alone, sys.executable, **environment(created))
    return functions.call("process.lambda_handler", sent(created, None))


def test_the_hooks_leave_nothing_for_the_first_invocation(
    functions: Unpacked, bare: dict[str, Any], endpoint: str
) -> None:
    """Nothing of the zip is compiled; the hooks' client is there when the first token comes.

    And endpoints are read once less than by cirrus alone: a client that it builds of the default
    session, in an invocation, finds them with the loader that the hooks share with that.
    """
    created = deploy(endpoint)
    deployed = functions.deployed(**environment(created), **IN_LAMBDA)
    process = deployed.call("process.lambda_handler", sent(created, TOKEN))
    update_state = deployed.call("update_state.lambda_handler", ended(created))
    assert process["returned"] == 1
    assert sources(functions, process) == sources(functions, update_state) == []
    assert models(process["opened_by_call"]) == models(bare["opened_by_call"])
    assert endpoints(process["opened_by_call"]) == endpoints(bare["opened_by_call"]) - 1
    started = models(process["opened_at_start"])
    assert started == sorted([*models(bare["opened_at_start"]), "dynamodb"])
    assert process["kept_at_start"] > ALL_OF_BOTO3
    assert update_state["kept_at_start"] > ALL_OF_BOTO3


def test_a_snapshot_has_no_client_of_the_hooks(
    functions: Unpacked, bare: dict[str, Any], endpoint: str
) -> None:
    """It is built by the first invocation that has a use for it, and its model read then."""
    created = deploy(endpoint)
    deployed = functions.deployed(
        **environment(created), **IN_LAMBDA, AWS_LAMBDA_INITIALIZATION_TYPE="snap-start"
    )
    done = deployed.call("process.lambda_handler", sent(created, TOKEN))
    assert done["returned"] == 1
    assert models(done["opened_at_start"]) == models(bare["opened_at_start"])
    by_call = models(done["opened_by_call"])
    assert by_call == sorted([*models(bare["opened_by_call"]), "dynamodb"])


def test_the_sender_starts_with_both_clients(sender_functions: Unpacked, endpoint: str) -> None:
    """Each model is read once, while it starts; nothing is compiled. So does the reconciler."""
    created = deploy(endpoint)
    deployed = sender_functions.deployed(**environment(created), **IN_LAMBDA)
    for handler, event in ((SENDER, {"Records": []}), (RECONCILER, None)):
        done = deployed.call(handler, event)
        assert sources(sender_functions, done) == []
        assert models(done["opened_at_start"]) == ["dynamodb", "stepfunctions"]
        assert models(done["opened_by_call"]) == []
        assert done["kept_at_start"] > ALL_OF_BOTO3
