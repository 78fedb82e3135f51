"""The deployment of an older cirrus, driven by the very same tests as the newest one's.

Producers, state machines and stored states are as that cirrus has them. A test reads a
payload's success as ``SUCCEEDED`` whichever way it is stored; that rows and records spell
it as the deployment does is ``tests/generations``' business.
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from botocore.client import BaseClient

from support.cirrus_world import CHILD, World, payload_id
from support.generation import COMPLETED, IS_OLDEST, PREDECESSOR, body_for_queue, write_state

if TYPE_CHECKING:
    import pytest

# Cirrus 0.x finds a run's error in its history, where such a Catch leaves it.
CATCHING_CHILD = {
    "StartAt": "Work",
    "States": {
        "Work": {
            **CHILD["States"]["Work"],  # type: ignore[index, dict-item]
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Failed"}],
        },
        "Failed": {"Type": "Fail"},
    },
}

SPELLED = ("workflow_state", "seen_state", "error")
"""Attributes of a row in which a state is named."""


class OlderWorld(World):
    """A deployment of cirrus 1.3, 0.15 or 0.7."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.histories: dict[str, dict[str, str]] = {}
        self.started = 0
        if IS_OLDEST:
            self._subscribe_queue()

    def environment(self) -> dict[str, str]:
        """What the lambdas of this cirrus have in their environment, beside the usual."""
        return {"CIRRUS_PROCESS_TOPIC_ARN": self.process_topic_arn} if IS_OLDEST else {}

    @property
    def process_topic_arn(self) -> str:
        """The topic through which cirrus 0.7 feeds its queue."""
        return self.names.event_topic_arn.replace("-workflow-event", "-process")

    def _subscribe_queue(self) -> None:
        sns = self.deployment.client("sns")
        sns.create_topic(Name=self.process_topic_arn.rpartition(":")[2])
        sns.subscribe(
            TopicArn=self.process_topic_arn,
            Protocol="sqs",
            Endpoint=self.names.process_queue_arn,
        )

    def add_workflow(self, workflow: str, definition: dict[str, Any] = CHILD) -> None:
        """Create a workflow's state machine, in the form that this cirrus asks for."""
        is_child = PREDECESSOR and workflow != "parent" and definition is CHILD
        super().add_workflow(workflow, CATCHING_CHILD if is_child else definition)

    def send(
        self,
        body: Any,
        token: str | None = None,
        waiter: dict[str, str] | None = None,
    ) -> None:
        """Send a message in the form in which producers of this cirrus send it."""
        text = body if isinstance(body, str) else json.dumps(body)
        super().send(body_for_queue(text), token, waiter)

    def write_state(self, state: str | None, runs: tuple[str, ...] = ("old",)) -> list[str]:
        """Give the usual payload a state as this cirrus's own StateDB writes it."""
        arns = [self.run_arn(name) for name in runs] if state is not None else []
        if state is not None:
            write_state(payload_id(), state, tuple(arns))
        return arns

    def event_about(
        self,
        execution_arn: str,
        status: str = "SUCCEEDED",
        about: dict[str, Any] | None = None,
        **detail: Any,
    ) -> dict[str, Any]:
        """An event of a run that only the state table knows of, with its history."""
        if "error" in detail:
            self.histories[execution_arn] = {
                "Error": detail["error"],
                "Cause": detail.get("cause", ""),
            }
        return super().event_about(execution_arn, status, about, **detail)

    def rows(self) -> list[dict[str, Any]]:
        """The tracking table's rows, success as the newest cirrus spells it."""
        return [
            {name: _as_newest(value) if name in SPELLED else value for name, value in row.items()}
            for row in super().rows()
        ]

    def process(self, event: dict[str, Any] | None = None) -> Any:
        """Deliver the next batch; how many runs came of it (0.7 returns how many it read)."""
        before = self.started
        returned = super().process(event)
        return self.started - before if IS_OLDEST else returned

    def state(self, payload_id: str) -> str | None:
        """A payload's state, success as the newest cirrus spells it."""
        found = super().state(payload_id)
        return _as_newest(found) if found else None

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Answer what moto does not as Step Functions does: names and old histories."""
        original = BaseClient._make_api_call

        def make_api_call(client: BaseClient, operation: str, parameters: dict[str, Any]) -> Any:
            if operation == "StartExecution" and "name" not in parameters:
                parameters = {**parameters, "name": str(uuid.uuid4())}
            history = self.histories.get(parameters.get("executionArn", ""))
            if operation == "GetExecutionHistory" and history is not None:
                given = json.dumps({"error": history})
                return {"events": [{"stateEnteredEventDetails": {"input": given}}]}
            result = original(client, operation, parameters)
            is_child = not str(parameters.get("name", "")).startswith("parent-")
            self.started += operation == "StartExecution" and is_child
            return result

        monkeypatch.setattr(BaseClient, "_make_api_call", make_api_call)


def _as_newest(state: str) -> str:
    return state.replace(COMPLETED, "SUCCEEDED")
