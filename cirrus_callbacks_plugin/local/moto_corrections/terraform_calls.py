"""Two calls that Terraform makes of a state machine and moto does not know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.local.moto_corrections.patches import Patches


def answer_terraform(patches: Patches) -> None:
    """Two calls that Terraform makes of a state machine and moto does not know.

    ValidateStateMachineDefinition parses as CreateStateMachine does;
    ListStateMachineVersions lists none, since moto's state machines have no versions.
    """
    from moto.core.responses import ActionResult
    from moto.stepfunctions.parser.api import InvalidDefinition
    from moto.stepfunctions.parser.models import StepFunctionsParserBackend
    from moto.stepfunctions.responses import StepFunctionResponse

    def validate_state_machine_definition(self: Any) -> Any:
        try:
            StepFunctionsParserBackend._validate_definition(  # noqa: SLF001 - its only seam
                self._get_param("definition"),
            )
        except InvalidDefinition as error:
            diagnostic = {
                "severity": "ERROR",
                "code": "SCHEMA_VALIDATION_FAILED",
                "message": str(error),
            }
            return ActionResult({"result": "FAIL", "diagnostics": [diagnostic], "truncated": False})
        return ActionResult({"result": "OK", "diagnostics": [], "truncated": False})

    def list_state_machine_versions(_self: Any) -> Any:
        return ActionResult({"stateMachineVersions": []})

    patches.set(
        StepFunctionResponse,
        "validate_state_machine_definition",
        validate_state_machine_definition,
    )
    patches.set(StepFunctionResponse, "list_state_machine_versions", list_state_machine_versions)
