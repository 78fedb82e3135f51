"""Event source mappings deliver nothing by themselves here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.local.moto_corrections.patches import Patches


def leave_events_to_the_stack(patches: Patches) -> None:
    """An event source mapping delivers nothing: the one who plays the event sources does.

    moto calls the mapped function at each message or change, in Docker, with every record
    of the stream so far and without filters; it then forgets the records, and counts each
    message of the queue as received.
    """
    from moto.awslambda.models import LambdaBackend
    from moto.dynamodb.models import dynamodb_backends
    from moto.sqs.models import sqs_backends

    original = LambdaBackend.create_event_source_mapping

    def create_event_source_mapping(self: Any, spec: dict[str, Any]) -> Any:
        mapping = original(self, spec)
        for queue in sqs_backends[self.account_id][self.region_name].queues.values():
            queue.lambda_event_source_mappings.clear()
        for table in dynamodb_backends[self.account_id][self.region_name].tables.values():
            table.lambda_event_source_mappings.clear()
        return mapping

    patches.set(LambdaBackend, "create_event_source_mapping", create_event_source_mapping)
