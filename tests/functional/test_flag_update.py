"""Between the update of the sender's environment and that of the stream's filter.

Terraform changes the environment first; for a while the two disagree about the flag.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.config import WORKFLOWS, EnabledWorkflows
from cirrus_callbacks_plugin.local.sources.filters import matcher
from cirrus_callbacks_plugin.sender.filters import filter_patterns
from support.cirrus_world import payload, payload_id

if TYPE_CHECKING:
    from support.cirrus_world import World


def _deliver(world: World, old_flag: str) -> list[dict[str, Any]]:
    """Deliver what the filter that is still deployed lets through."""
    matches = matcher(filter_patterns(EnabledWorkflows.parse(old_flag)))
    passed = [record for record in world.new_stream_records() if matches(record)]
    if passed:
        assert world.send_answers(passed) == {"batchItemFailures": []}
    return passed


@pytest.mark.parametrize(
    ("old_flag", "new_flag", "reaches_the_sender"),
    [
        pytest.param("", "sentinel-2-cog", True, id="just enabled"),
        pytest.param("landsat", "*", True, id="all enabled"),
        pytest.param("sentinel-2-cog", "", False, id="just disabled"),
        pytest.param("*", "landsat", False, id="others disabled"),
    ],
)
def test_a_row_in_between_gets_the_truth(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    old_flag: str,
    new_flag: str,
    reaches_the_sender: bool,
) -> None:
    """Whichever of the two knows of the new flag, the wait is answered when its child ends."""
    monkeypatch.setenv(WORKFLOWS, new_flag)
    token = world.start_parent()
    world.send(payload(), token)
    world.process()
    assert bool(_deliver(world, old_flag)) is reaches_the_sender
    assert "answered_at" not in world.row(token)
    (run,) = world.runs(payload_id())
    world.end(run)
    world.update_state(run)
    _deliver(world, old_flag)
    assert world.row(token)["answer"] == "success"
