"""Tasks that call an API by AWS's SDK: their parameters, and the names of their errors.

https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.aws_apis import BOTO_NAMES, operation
from cirrus_callbacks_plugin.local.moto_corrections.state_failures import unusable_parameters

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.local.moto_corrections.patches import Patches

ERROR_PREFIXES = {
    "dynamodb": "DynamoDb",
    "eventbridge": "EventBridge",
    "s3": "S3",
    "sfn": "Sfn",
    "sns": "Sns",
    "sqs": "Sqs",
}
"""What errors of a service begin with, and what their causes call it."""
_OF_A_HEAD = {"headObject": "NoSuchKeyException", "headBucket": "NoSuchBucketException"}
"""Errors that come without a body, and that AWS's SDK for Java names by what was asked."""
_ACRONYM = re.compile(r"[A-Z]{2,}(?=[A-Z][a-z])")


def call_every_local_service(patches: Patches) -> None:
    """``aws-sdk:eventbridge`` is called, too.

    moto looks for a service of that name in its client, which calls it ``events``.
    """
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import (  # noqa: E501 - moto's path
        StateTaskService,
    )

    patches.set(StateTaskService, "_SERVICE_NAME_SFN_TO_BOTO_OVERRIDES", dict(BOTO_NAMES))


def name_errors_of_the_sdk(patches: Patches) -> None:
    """Service and error are in PascalCase, and the error ends in ``Exception``.

    ``S3.NoSuchKeyException``; an error that the API does not describe is ``S3.S3Exception``.

    In moto most services keep the lower case of the resource, so that no Catch matches.
    """
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_aws_sdk import (  # noqa: E501 - moto's path
        StateTaskServiceAwsSdk,
    )

    from_error = StateTaskServiceAwsSdk._from_error  # noqa: SLF001 - moto has no public seam
    exception_name = StateTaskServiceAwsSdk._normalise_exception_name  # noqa: SLF001

    def prefix(service: str) -> str:
        return ERROR_PREFIXES.get(service.lower(), service)

    def _normalise_exception_name(service: str, ex: Exception) -> str:
        name = str(exception_name(service, ex))
        return _ACRONYM.sub(lambda found: found[0].capitalize(), name)

    def _from_error(self: Any, env: Any, ex: Exception) -> Any:
        event = from_error(self, env, ex)
        known = _OF_A_HEAD.get(self.resource.api_action)
        if known and getattr(ex, "response", {}).get("Error", {}).get("Code") == "404":
            event.error_name.error_name = f"{prefix(self.resource.api_name)}.{known}"
            for details in event.event_details.values():
                details["error"] = event.error_name.error_name
        return event

    patches.set(StateTaskServiceAwsSdk, "_normalise_service_error_name", staticmethod(prefix))
    patches.set(
        StateTaskServiceAwsSdk,
        "_normalise_exception_name",
        staticmethod(_normalise_exception_name),
    )
    patches.set(StateTaskServiceAwsSdk, "_from_error", _from_error)


def check_parameters_of_the_sdk(patches: Patches) -> None:
    """A parameter that an API does not take, or lacks, fails the task with ``States.Runtime``.

    What stands in the definition is refused with it; this is for what expressions make.

    In moto the client raises, and the cause is a word of Python's.
    """
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_aws_sdk import (  # noqa: E501 - moto's path
        StateTaskServiceAwsSdk,
    )

    run = StateTaskServiceAwsSdk._eval_service_task  # noqa: SLF001 - moto has no public seam

    def _eval_service_task(
        self: Any,
        env: Any,
        resource_runtime_part: Any,
        normalised_parameters: dict[str, Any],
        state_credentials: Any,
    ) -> None:
        called = operation(self.resource.api_name, self.resource.api_action)
        shape = None if called is None else called.input_shape
        wrong = [
            f"The field '{name}' is not supported by Step Functions"
            for name in normalised_parameters
            if shape is None or name not in shape.members
        ]
        wrong += [
            f"The field '{name}' is required but was missing"
            for name in (() if shape is None else shape.required_members)
            if name not in normalised_parameters
        ]
        if wrong:
            raise unusable_parameters(env, wrong)
        run(self, env, resource_runtime_part, normalised_parameters, state_credentials)

    patches.set(StateTaskServiceAwsSdk, "_eval_service_task", _eval_service_task)
