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
NEW = "sentinel-2-l2a/workflow-sentinel-2-cog/S2B_32UQD_20211028_0_L2A"
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
