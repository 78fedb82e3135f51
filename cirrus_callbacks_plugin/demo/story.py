"""The demo: six things that workflows which wait for others must do, in one run.

It writes no row and no state of its own. It sends the example's payloads, uploads its
objects or holds them back, watches, and at the end judges by what Step Functions, cirrus's
state table and the tracking table say.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from cirrus_callbacks_plugin.testing.results import Run
    from cirrus_callbacks_plugin.testing.stack import CirrusStack

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
OF_TWELVE = "60-mosaic-of-twelve"

NEVER_UPLOADED = "S2A_39QTA_20230817_0_L2A"
"""The one scene of the join that fails."""
OTHER_DATES = (
    "S2B_39QTA_20230703_0_L2A",
    "S2A_39QTA_20230708_0_L2A",
    "S2B_39QTA_20230713_0_L2A",
    "S2A_39QTA_20230718_0_L2A",
    "S2B_39QTA_20230723_0_L2A",
    "S2A_39QTA_20230728_0_L2A",
    "S2B_39QTA_20230802_0_L2A",
    "S2A_39QTA_20230807_0_L2A",
    "S2B_39QTA_20230812_0_L2A",
)
"""The join's scenes that nobody else waits for, and that succeed."""


def child_id(scene: str, workflow: str = ENABLED) -> str:
    """The id that cirrus gives the payload of one scene."""
    return f"sentinel-2-l2a/workflow-{workflow}/{scene}"


@dataclass(slots=True)
class Story:
    """Plays the scenarios on a stack with the example loaded, and nothing uploaded or sent yet.

    Attributes:
        stack: the stack.
        runs: what was sent so far, by the names of the files.
    """

    stack: CirrusStack
    runs: dict[str, Run] = field(default_factory=dict)
    _ends: float = 0.0

    def play(self, seconds: float) -> None:
        """Play every scenario.

        Args:
            seconds: for the whole of it.

        Raises:
            NotReached: something did not happen in time.
        """
        self._ends = time.monotonic() + seconds
        self._prepare()
        parents = (THREE_SCENES, FIRST_PARENT, SECOND_PARENT, WITH_A_GAP, NOT_ENABLED, OF_TWELVE)
        for name in parents:
            self._send(name)
        self._until(
            "five waits of the first three parents",
            lambda: (
                self._waits(THREE_SCENES) == 3  # noqa: PLR2004 - its scenes
                and self._waits(FIRST_PARENT) == self._waits(SECOND_PARENT) == 1
            ),
        )
        self.stack.upload(IN_PROGRESS)
        self.stack.upload(SHARED)
        with_a_gap = self.runs[WITH_A_GAP]
        self._until("the end of the parent with a gap", lambda: with_a_gap.has_ended)
        retrying = self._send(WITHOUT_A_GAP)
        self._until(
            "the failure that its retry follows",
            lambda: self.stack.waits(of=retrying).errors != (),
        )
        self.stack.upload(FAILING)
        self.stack.until_done(self._seconds_left)

    def _prepare(self) -> None:
        """One child completed, one in progress, before any parent is there."""
        for scene in OTHER_DATES:
            self.stack.upload(scene)
        self.stack.upload(COMPLETED)
        self.stack.upload(NEW)
        self._send("10-scene-39QTA")
        self._send("11-scene-39QUA")
        self._until(
            "one scene completed and one in progress",
            lambda: (
                self._state(COMPLETED) == "SUCCEEDED" and self._state(IN_PROGRESS) == "PROCESSING"
            ),
        )

    @property
    def _seconds_left(self) -> float:
        return max(0.0, self._ends - time.monotonic())

    def _send(self, name: str) -> Run:
        self.runs[name] = self.stack.start(f"payloads/{name}.json")
        return self.runs[name]

    def _until(self, what: str, condition: Callable[[], bool]) -> None:
        self.stack.until(condition, what, self._seconds_left)

    def _state(self, scene: str) -> str | None:
        record = self.stack.record(child_id(scene))
        return None if record is None else record.state

    def _waits(self, name: str) -> int:
        return len(self.stack.waits(of=self.runs[name]))
