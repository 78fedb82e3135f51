"""botocore's clients, with the fake in the place of the network.

One seam: ``BaseClient._make_api_call``. What boto3's resources do to parameters and
responses (they speak of plain values) is done as botocore would do it.
"""

from __future__ import annotations

import functools
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
from boto3.resources.factory import ResourceFactory
from boto3utils.s3 import s3
from botocore import hooks
from botocore.client import BaseClient
from botocore.exceptions import ReadTimeoutError

from simulation.fake_aws.errors import FakeError, Unanswered
from simulation.fake_aws.shapes import shape_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Call = Callable[[BaseClient, str, str, dict[str, Any]], dict[str, Any]]
    Upload = Callable[[bytes, str], None]

shapes_seen: set[str] = set()
"""Every shape of call, and every error, that the fake has answered in this process."""

_current: Call | None = None
"""What handles calls now: service, operation and parameters in, the response out."""
_upload: Upload | None = None
"""What takes uploads now; s3transfer would make them in threads of its own."""


_is_repeating: Callable[[], bool] = bool
"""True where the next call was made before, and its parameters interest nobody."""


def handle_with(
    call: Call | None,
    upload: Upload | None = None,
    is_repeating: Callable[[], bool] = bool,
) -> None:
    """Send all calls of this process to ``call``, and all uploads to ``upload``."""
    global _current, _upload, _is_repeating
    _current, _upload, _is_repeating = call, upload, is_repeating


def _take_upload(file: Any, _bucket: str, key: str, **_: Any) -> None:
    assert _upload is not None, "an upload outside of a simulated world"
    _upload(file.read(), key)


def _make_api_call(client: BaseClient, operation: str, parameters: dict[str, Any]) -> Any:
    service = client.meta.service_model.service_name
    assert _current is not None, f"{service} {operation} outside of a simulated world"
    model = client.meta.service_model.operation_model(operation)
    context: dict[str, Any] = {"client_region": client.meta.region_name}
    if not _is_repeating():
        if service == "dynamodb":
            parameters = _transformed(client, operation, parameters, model, context)
        for each in parameters.get("Statements", [None]):
            part = parameters if each is None else {"Statements": [each]}
            shapes_seen.add(shape_of(service, operation, part))
    try:
        response = dict(_current(client, service, operation, parameters))
    except Unanswered:
        raise ReadTimeoutError(endpoint_url=service) from None
    except FakeError as error:
        shapes_seen.add(f"{service} | {operation} | error {error.code}")
        told = {
            "Error": {"Code": error.code, "Message": error.message},
            "ResponseMetadata": {"HTTPStatusCode": 400},
            **error.response,
        }
        raise client.exceptions.from_code(error.code)(told, operation) from error
    response["ResponseMetadata"] = {"HTTPStatusCode": 200}
    if service == "dynamodb":
        client.meta.events.emit(
            f"after-call.{service}.{operation}",
            http_response=None,
            parsed=response,
            model=model,
            context=context,
        )
    return response


def _transformed(
    client: BaseClient,
    operation: str,
    parameters: dict[str, Any],
    model: Any,
    context: dict[str, Any],
) -> dict[str, Any]:
    """What a resource's client does to its parameters; a plain client's stay as they are."""
    for _, answer in client.meta.events.emit(
        f"provide-client-params.dynamodb.{operation}",
        params=parameters,
        model=model,
        context=context,
    ):
        if answer is not None:
            parameters = answer
    client.meta.events.emit(
        f"before-parameter-build.dynamodb.{operation}",
        params=parameters,
        model=model,
        context=context,
    )
    return parameters


@contextmanager
def installed() -> Iterator[None]:
    """Replace the network for the block; clients and resources are built once and kept."""
    original_call, original_client = BaseClient._make_api_call, boto3.client
    original_load = ResourceFactory.load_from_definition
    original_accepts, original_json = hooks.accepts_kwargs, s3.upload_json
    kept: Any = functools.cache(original_client)
    classes: dict[str, Any] = {}

    def client(service: str, *args: Any, **kwargs: Any) -> Any:
        built = kept(service, *args, **kwargs)
        if service == "s3":
            built.upload_fileobj = _take_upload
        return built

    def load(factory: Any, resource_name: str, *args: Any, **kwargs: Any) -> Any:
        if resource_name not in classes:
            classes[resource_name] = original_load(factory, resource_name, *args, **kwargs)
        return classes[resource_name]

    @functools.cache
    def accepts(code: Any) -> bool:
        return bool(original_accepts(code))

    def upload_json(self: s3, *args: Any, **kwargs: Any) -> None:
        if not _is_repeating():  # through a file
            original_json(self, *args, **kwargs)

    BaseClient._make_api_call = _make_api_call
    s3.upload_json = upload_json
    # Every resource registers handlers again: what they accept is asked of each one once.
    hooks.accepts_kwargs = lambda handler: accepts(getattr(handler, "__func__", handler))
    boto3.client = client
    ResourceFactory.load_from_definition = load
    try:
        yield
    finally:
        BaseClient._make_api_call = original_call
        s3.upload_json = original_json
        hooks.accepts_kwargs = original_accepts
        boto3.client = original_client
        ResourceFactory.load_from_definition = original_load
        handle_with(None)
