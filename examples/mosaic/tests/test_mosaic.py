"""What the mosaic does when a scene fails, is late, is lost: copy this into your own project.

Run it with ``pip install 'cirrus-callbacks-plugin[testing]'`` and ``pytest``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.testing.stack import CirrusStack

EXAMPLE = ".."
SCENES = 3
TEN = 10
NEW = "sentinel-2-l2a/workflow-sentinel-2-cog/S2B_32UQD_20211028_0_L2A"
OF_TWELVE = "payloads/60-mosaic-of-twelve.json"
ATTACHED = "sentinel-2-l2a/workflow-sentinel-2-cog/S2A_39QUA_20230628_0_L2A"
MISSING = "sentinel-2-l2a/workflow-sentinel-2-cog/S2A_39QTA_20230817_0_L2A"
SHARED = "sentinel-2-l2a/workflow-sentinel-2-cog/S2B_39QTA_20230623_0_L2A"


class AssetMissing(Exception):  # noqa: N818 - the name that Retry and Catch see
    """What the function raises."""


@pytest.fixture
def stack(cirrus_stack: CirrusStack) -> CirrusStack:
    """The example's workflows and objects."""
    return cirrus_stack.load(EXAMPLE)


def test_a_mosaic_of_three_scenes(stack: CirrusStack) -> None:
    """Each scene is waited for once; the mosaic is composed of what they made."""
    mosaic = stack.run("payloads/20-mosaic-three-scenes.json")
    assert mosaic.status == "SUCCEEDED"
    assert stack.waits(of=mosaic).answered == SCENES


def test_a_failed_scene_leaves_a_gap(stack: CirrusStack) -> None:
    """Every attempt for one scene fails: the mosaic is composed of the other two."""

    def project(payload: dict[str, Any]) -> dict[str, Any]:
        if "39QTA" in payload["id"]:
            raise AssetMissing("tileInfo.json")
        return payload

    stack.function("add-projection").calls(project)
    mosaic = stack.run("payloads/20-mosaic-three-scenes.json")
    assert mosaic.status == "SUCCEEDED"
    assert set(stack.waits(of=mosaic).errors) == {"CirrusCallback.Failed"}


def test_a_scene_that_fails_once_is_tried_again(stack: CirrusStack) -> None:
    """The parent's Retry sends the message again, and cirrus runs the scene again."""
    stack.function("add-projection").fails("AssetMissing", "tileInfo.json", times=1)
    mosaic = stack.run("payloads/30-mosaic-west.json")
    assert mosaic.status == "SUCCEEDED"
    assert stack.waits(of=mosaic).errors == ("CirrusCallback.Failed",)


def test_a_lost_end_is_repaired(stack: CirrusStack) -> None:
    """EventBridge loses the scene's end: the reconciler tells the mosaic all the same."""
    stack.lose("update-state", SHARED)
    mosaic = stack.start("payloads/30-mosaic-west.json")
    stack.payload(SHARED).until_ended()
    assert stack.reconcile()["settled"] == 0  # too young: its event may be on its way
    assert stack.later(minutes=20)["settled"] == 1
    mosaic.until_ended()
    assert mosaic.status == "SUCCEEDED"


def test_a_late_scene_is_left_out(stack: CirrusStack) -> None:
    """Its wait times out after two hours, which take a moment here; the answer comes too late."""
    late = stack.hold("process", NEW)
    mosaic = stack.start("payloads/20-mosaic-three-scenes.json")
    stack.until(lambda: late.held == 1 and stack.waits(of=mosaic).answered == SCENES - 1)
    stack.later(hours=2, seconds=1)
    mosaic.until_ended()
    assert mosaic.status == "SUCCEEDED"
    late.release()
    stack.until_done()
    assert stack.waits(of=mosaic).stale == 1


def test_twelve_scenes_are_one_wait(stack: CirrusStack) -> None:
    """One token for all: the scene that has no metadata is missing, ten had to succeed."""
    stack.start("payloads/11-scene-39QUA.json")  # somebody else's; the join only waits for it
    mosaic = stack.run(OF_TWELVE)
    assert mosaic.status == "SUCCEEDED"
    assert stack.waits(of=mosaic).answered == 1
    assert (mosaic.join.succeeded, mosaic.join.failed) == (11, 1)
    (missing,) = mosaic.output["features"][0]["properties"]["mosaic:missing"]
    assert missing["scene"] == MISSING


def test_a_mosaic_of_too_few_scenes_fails(stack: CirrusStack) -> None:
    """Three of twelve fail where ten must succeed: the parent dies of what the join is told."""

    def project(payload: dict[str, Any]) -> dict[str, Any]:
        if "_202307" in payload["id"]:
            raise AssetMissing("tileInfo.json")
        return payload

    stack.function("add-projection").calls(project)
    stack.start("payloads/11-scene-39QUA.json")
    mosaic = stack.run(OF_TWELVE)
    assert (mosaic.status, mosaic.error) == ("FAILED", "CirrusCallback.JoinFailed")
    assert mosaic.join.succeeded < TEN
    assert set(mosaic.join.errors) == {"CirrusCallback.Failed"}


def test_a_lost_end_of_one_of_twelve_is_repaired(stack: CirrusStack) -> None:
    """EventBridge loses it: the reconciler tells the join all the same."""
    lost = stack.lose("update-state", ATTACHED)
    stack.start("payloads/11-scene-39QUA.json")
    mosaic = stack.start(OF_TWELVE)
    mosaic.until_members_ended(11)
    assert lost.happened == 1
    stack.later(minutes=20)
    assert mosaic.until_ended().status == "SUCCEEDED"
