"""Lambda tasks run local functions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cirrus_callbacks_plugin.local.moto_corrections.patches import Patches

    Invoke = Callable[[str, Any], Mapping[str, Any]]


def run_local_functions(patches: Patches, invoke: Invoke) -> None:
    """Lambda tasks call ``invoke(function name, payload)`` instead of moto's Lambda.

    ``invoke`` returns what Lambda's Invoke returns, its ``Payload`` already parsed.
    """
    from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils

    def _invoke_lambda_function(
        parameters: dict[str, Any],
        region: str,
        state_credentials: Any,
    ) -> Mapping[str, Any]:
        del region, state_credentials
        payload = json.loads(parameters.get("Payload") or b"{}")
        return invoke(parameters["FunctionName"], payload)

    patches.set(lambda_eval_utils, "_invoke_lambda_function", _invoke_lambda_function)
