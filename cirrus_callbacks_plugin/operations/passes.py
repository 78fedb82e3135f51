"""What a pass of the reconciler would do now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.operations.repairs import Act, Step, repairing
from cirrus_callbacks_plugin.operations.survey import Filters
from cirrus_callbacks_plugin.waits.row import moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.operations.survey import Survey


def due(survey: Survey) -> Iterator[Step]:
    """A step for every wait that is old enough and has something to be mended.

    Raises:
        ClientError, BotoCoreError: AWS could not be asked.
    """
    grace = survey.settings.grace
    now = survey.deployment.clock()
    old = (
        row
        for row in survey.rows(Filters(older_than=grace))
        if now - moment(row.settled_at or row.registered_at) >= grace
    )
    for explained in survey.explained(old):
        step = repairing(explained)
        if step.act is not Act.LEAVE:
            yield step
