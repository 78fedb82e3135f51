"""An in-memory AWS that refuses what AWS refuses: the simulation's stores, asked directly."""

from __future__ import annotations

import io
import json
import re
from typing import Any

from botocore.exceptions import ParamValidationError
from botocore.handlers import validate_bucket_name
from botocore.response import StreamingBody
from botocore.validate import ParamValidator

from simulation.fake_aws.client import handle_with
from simulation.fake_aws.dynamodb import DynamoDB, Table
from simulation.fake_aws.errors import FakeError, NotCovered
from simulation.fake_aws.queue import Topic
from simulation.fake_aws.stepfunctions import StepFunctions
from simulation.world import QUEUE_ARN, QUEUE_URL, STATE_TABLE, WAITS_TABLE

BUCKET = "sim-payloads"
MAX_KEY_BYTES = {
    "collections_workflow": 2048,
    "itemids": 1024,
    "payload_id": 2048,
    "task_token": 1024,
}
MAX_ITEM_BYTES = 409_600
MAX_INPUT_BYTES = 262_144
MAX_OBJECT_KEY_BYTES = 1024

_ACCIDENTS = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)?"), "<time>"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-1[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"), "<uuid1>"),
)
_validator = ParamValidator()


class Aws:
    """One deployment; everything that calls AWS from now on calls this one."""

    def __init__(self, slow_keys: list[str], refused_puts: list[str]) -> None:
        self.states = Table(("collections_workflow", "itemids"))
        self.waits = Table(("payload_id", "task_token"))
        self.dynamodb = DynamoDB({STATE_TABLE: self.states, WAITS_TABLE: self.waits})
        self.sfn = StepFunctions(lambda: None)  # type: ignore[arg-type, return-value]
        self.topic = Topic()
        self.objects: dict[str, bytes] = {}
        self.messages: dict[str, str] = {}
        self._slow_keys, self._refused_puts = set(slow_keys), set(refused_puts)
        handle_with(self._call, self._upload)

    def receive(self, records: list[Any]) -> None:
        """The records that can be deleted from the queue: their receipts and names."""
        for record in records:
            if is_of_queue(record):
                self.messages[record["receiptHandle"]] = record["messageId"]

    def _call(
        self,
        client: Any,
        service: str,
        operation: str,
        request: dict[str, Any],
    ) -> dict[str, Any]:
        model = client.meta.service_model.operation_model(operation)
        report = _validator.validate(request, model.input_shape)
        if report.has_errors():
            raise ParamValidationError(report=report.generate_report())
        if service == "s3":
            return self._get_object(operation, request)
        _refuse_no_unicode(request)
        if service == "dynamodb":
            self._refuse_item(operation, request)
            return self.dynamodb.call(operation, request, "ok")
        if service == "stepfunctions":
            if len(request["input"].encode()) > MAX_INPUT_BYTES:
                raise FakeError("ValidationException", "the input is too long")
            return self.sfn.call(operation, request, "ok")
        if service == "sns":
            return self.topic.call(operation, request, "ok")
        return self._queue(operation, request)

    def _get_object(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        if operation != "GetObject":
            raise NotCovered(f"s3 {operation}")
        validate_bucket_name(request)
        key = request["Key"]
        if key in self._slow_keys:
            raise FakeError("SlowDown", "Please reduce your request rate.")
        if request["Bucket"] != BUCKET:
            raise FakeError("NoSuchBucket", "The specified bucket does not exist")
        if key not in self.objects:
            raise FakeError("NoSuchKey", "The specified key does not exist.")
        body = self.objects[key]
        return {"Body": StreamingBody(io.BytesIO(body), len(body))}

    def _upload(self, body: bytes, key: str) -> None:
        if len(key.encode()) > MAX_OBJECT_KEY_BYTES:
            raise ValueError("KeyTooLongError")
        self.objects[key] = body

    def _refuse_item(self, operation: str, request: dict[str, Any]) -> None:
        keys = [request.get("Item") or request.get("Key")]
        if operation == "BatchGetItem":
            ((_, wanted),) = request["RequestItems"].items()
            keys = wanted["Keys"]
        for key in keys:
            for name, limit in MAX_KEY_BYTES.items():
                if key and name in key and not 0 < len(key[name]["S"].encode()) <= limit:
                    raise FakeError("ValidationException", f"{name} is empty or too long")
        if operation == "PutItem":
            if (
                len(json.dumps(request["Item"], default=lambda raw: "b" * len(raw)))
                > MAX_ITEM_BYTES
            ):
                raise FakeError("ValidationException", "Item size has exceeded the maximum")
            token = request["Item"].get("full_task_token", request["Item"].get("task_token", {}))
            if token.get("S") in self._refused_puts:
                raise FakeError("ProvisionedThroughputExceededException")

    def _queue(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        if operation == "GetQueueUrl":
            return {"QueueUrl": QUEUE_URL}
        if operation != "DeleteMessageBatch" or request["QueueUrl"] != QUEUE_URL:
            raise FakeError("AWS.SimpleQueueService.NonExistentQueue")
        entries = request["Entries"]
        if not entries or len({each["Id"] for each in entries}) != len(entries):
            raise FakeError("AWS.SimpleQueueService.BatchEntryIdsNotDistinct")
        for entry in entries:
            self.messages.pop(entry["ReceiptHandle"], None)
        return {"Successful": [{"Id": each["Id"]} for each in entries], "Failed": []}

    # --- what is there ----------------------------------------------------------------

    def effects(self) -> dict[str, Any]:
        """Everything that cirrus left, times and random ids left out."""
        return {
            "the state table": sorted(plain(each) for each in self.states.items.values()),
            "objects": sorted(
                f"{plain(key)} {plain(_canonical(body.decode()))}"
                for key, body in self.objects.items()
            ),
            "published": [plain(each) for each in self.topic.published],
            "started": [plain([each.arn, each.input]) for each in self.sfn.executions.values()],
        }


def is_of_queue(record: Any) -> bool:
    """True for a record that can be deleted from the queue."""
    return isinstance(record, dict) and record.get("eventSourceARN") == QUEUE_ARN


def plain(value: Any) -> str:
    """A value as text, times and random ids left out."""
    text = json.dumps(value, sort_keys=True)
    for pattern, name in _ACCIDENTS:
        text = pattern.sub(name, text)
    return text


def _canonical(text: str) -> Any:
    """JSON read, and the JSON in its texts too: how it was spaced and escaped is not an effect."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if isinstance(found, dict):
        for name in ("body", "Message", "Sns"):
            if isinstance(found.get(name), str):
                found[name] = _canonical(found[name])
            elif isinstance(found.get(name), dict):
                found[name] = _canonical(json.dumps(found[name]))
    try:
        json.dumps(found)
    except RecursionError:
        return text
    return found


def _refuse_no_unicode(value: Any) -> None:
    """AWS takes no lone surrogate, which botocore would send."""
    match value:
        case str():
            try:
                value.encode()
            except UnicodeEncodeError:
                raise FakeError("SerializationException", "no valid Unicode") from None
        case dict():
            for each in value.values():
                _refuse_no_unicode(each)
        case list():
            for each in value:
                _refuse_no_unicode(each)
