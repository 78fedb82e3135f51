"""The demo: five things that workflows which wait for others must do, in one run.

It writes no row and no state of its own. It sends the example's payloads, uploads its
objects or holds them back, watches, and at the end judges by what Step Functions, cirrus's
state table and the tracking table say.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from cirrus_callbacks_plugin.local.project import PayloadFile
    from cirrus_callbacks_plugin.local.stack import Stack

ENABLED = "sentinel-2-cog"
"""The one workflow that may be waited for; the footprint's flag is off."""

COMPLETED = "S2A_39QTA_20230628_0_L2A"
IN_PROGRESS = "S2A_39QUA_20230628_0_L2A"
NEW = "S2B_32UQD_20211028_0_L2A"
SHARED = "S2B_39QTA_20230623_0_L2A"
FAILING = "S2B_33SVB_20210221_0_L2A"

THREE_SCENES = "20-mosaic-three-scenes"
FIRST_PARENT = "30-mosaic-west"
SECOND_PARENT = "31-mosaic-west-again"
WITH_A_GAP = "40-mosaic-with-a-gap"
WITHOUT_A_GAP = "41-mosaic-without-a-gap"
NOT_ENABLED = "50-mosaic-not-enabled"


def child_id(scene: str, workflow: str = ENABLED) -> str:
    """The id that cirrus gives the payload of one scene."""
    return f"sentinel-2-l2a/workflow-{workflow}/{scene}"


class StepTimedOut(Exception):  # noqa: N818 - says what happened
    """A step of the demo did not come to its end in time; the judgement tells the rest."""


class Demo:
    """Runs the scenarios on a stack for the example's folder.

    Args:
        stack: running, nothing sent yet.
        seconds: for the whole demo.
    """

    def __init__(self, stack: Stack, seconds: float) -> None:
        self.stack = stack
        self._deadline = time.monotonic() + seconds
        self._payloads = {each.path.stem: each for each in stack.project.payloads}

    def run(self) -> None:
        """Play every scenario.

        Raises:
            StepTimedOut: something did not happen in time.
        """
        self._prepare()
        for name in (THREE_SCENES, FIRST_PARENT, SECOND_PARENT, WITH_A_GAP, NOT_ENABLED):
            self._send(name)
        self._until(
            "five waits of the first three parents",
            lambda: (
                self._waits(THREE_SCENES) == 3  # noqa: PLR2004 - its scenes
                and self._waits(FIRST_PARENT) == self._waits(SECOND_PARENT) == 1
            ),
        )
        self._upload(IN_PROGRESS)
        self._upload(SHARED)
        self._until("the end of the parent with a gap", lambda: self._has_ended(WITH_A_GAP))
        self._send(WITHOUT_A_GAP)
        self._until(
            "the failure that its retry follows",
            lambda: any(
                wait.answer == "failure"
                for wait in self.stack.timeline.waits
                if wait.waiter_payload_id == self.payload(WITHOUT_A_GAP).payload_id
            ),
        )
        self._upload(FAILING)
        self._until("the end of everything", self.stack.nothing_left)

    def payload(self, name: str) -> PayloadFile:
        """A payload of the example by its file's name."""
        return self._payloads[name]

    def _prepare(self) -> None:
        """One child completed, one in progress, before any parent is there."""
        self._upload(COMPLETED)
        self._upload(NEW)
        self._send("10-scene-39QTA")
        self._send("11-scene-39QUA")
        self._until(
            "one scene completed and one in progress",
            lambda: (
                self._state(COMPLETED) == "SUCCEEDED" and self._state(IN_PROGRESS) == "PROCESSING"
            ),
        )

    def _send(self, name: str) -> None:
        self.stack.timeline.step(f"send {name}.json")
        self.stack.send(self.payload(name).body)

    def _upload(self, scene: str) -> None:
        """Put a scene's metadata where the scene's asset says it is."""
        self.stack.timeline.step(f"upload the metadata of {scene}")
        for stored in self.stack.project.objects:
            if scene in stored.key:
                self.stack.upload(stored)

    def _until(self, what: str, condition: Callable[[], bool]) -> None:
        if not self.stack.wait_until(condition, max(0.0, self._deadline - time.monotonic())):
            raise StepTimedOut(f"in vain waited for {what}")

    def _state(self, scene: str) -> str | None:
        record = self.stack.record(child_id(scene))
        return None if record is None else record.state

    def _waits(self, name: str) -> int:
        waiter = self.payload(name).payload_id
        return sum(wait.waiter_payload_id == waiter for wait in self.stack.timeline.waits)

    def _has_ended(self, name: str) -> bool:
        payload_id = self.payload(name).payload_id
        return any(
            execution.payload_id == payload_id and execution.status != "RUNNING"
            for execution in self.stack.timeline.executions
        )
