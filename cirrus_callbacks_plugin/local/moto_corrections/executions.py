"""Executions that are started."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.local.moto_corrections.patches import Patches


def name_executions(patches: Patches) -> None:
    """An execution that is started without a name gets one of its own, as on AWS.

    moto calls each ``None``, and refuses the second.
    """
    from moto.stepfunctions.parser.models import StepFunctionsParserBackend

    original = StepFunctionsParserBackend.start_execution

    def start_execution(
        self: Any,
        state_machine_arn: str,
        name: str | None = None,
        *args: Any,
        **named: Any,
    ) -> Any:
        return original(self, state_machine_arn, name or str(uuid.uuid4()), *args, **named)

    patches.set(StepFunctionsParserBackend, "start_execution", start_execution)
