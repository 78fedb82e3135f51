"""What a Distributed Map's ItemReader reads."""

from __future__ import annotations

import enum
import json
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.moto_corrections.state_failures import failure

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.local.moto_corrections.patches import Patches


def read_json_lines(patches: Patches) -> None:
    """ItemReader reads JSON Lines.

    What is not such a file, or is not there, fails the Map with ``States.ItemReaderFailed``.
    https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html

    To moto every InputType but CSV and JSON is not an Amazon States Language, and a file that
    is not there ends the execution with ``States.Runtime``.
    """
    from botocore.exceptions import ClientError
    from moto.stepfunctions.parser.asl.component.state.exec.state_map.item_reader import (
        item_reader_decl,
    )
    from moto.stepfunctions.parser.asl.component.state.exec.state_map.item_reader.eval.resource_output_transformer.transformer import (  # noqa: E501 - moto's path
        ResourceOutputTransformer,
    )
    from moto.stepfunctions.parser.asl.component.state.exec.state_map.item_reader.reader_config import (  # noqa: E501 - moto's path
        input_type,
    )

    class JSONLines(ResourceOutputTransformer):  # type: ignore[misc]
        """One item a line."""

        def _eval_body(self, env: Any) -> None:
            most = env.stack.pop()["MaxItemsValue"]
            lines = [line for line in env.stack.pop().split("\n") if line.strip()]
            env.stack.append([json.loads(line) for line in lines[:most]])

    class InputTypeValue(enum.Enum):
        """The kinds that are read here, named as AWS names them."""

        CSV = "CSV"
        JSON = "JSON"
        JSONL = "JSONL"

    known = input_type.InputTypeValue
    transformer_for = item_reader_decl.resource_output_transformer_for
    read = item_reader_decl.ItemReader._eval_body  # noqa: SLF001 - moto has no public seam

    def kind_of(text: str) -> Any:
        return InputTypeValue.JSONL if text == "JSONL" else known(text)

    def transformer(*, input_type: Any) -> Any:
        if input_type.input_type_value is InputTypeValue.JSONL:
            return JSONLines()
        return transformer_for(input_type=input_type)

    def _eval_body(self: Any, env: Any) -> None:
        try:
            read(self, env)
        except (ClientError, ValueError) as error:
            raise failure(env, "States.ItemReaderFailed", str(error)) from error

    patches.set(item_reader_decl.ItemReader, "_eval_body", _eval_body)
    patches.set(input_type, "InputTypeValue", kind_of)
    patches.set(item_reader_decl, "resource_output_transformer_for", transformer)


def list_objects_as_aws_does(patches: Patches) -> None:
    """Listed objects are items as AWS's page shows them: ``Etag``, seconds since 1970.

    moto gives the client's names and times, and raises for a bucket without objects.
    """
    from moto.stepfunctions.parser.asl.component.state.exec.state_map.item_reader.eval.resource_eval_s3 import (  # noqa: E501 - moto's path
        ResourceEvalS3,
    )

    def _handle_list_objects_v2(
        env: Any, resource_runtime_part: Any, state_credentials: Any
    ) -> None:
        client = ResourceEvalS3._get_s3_client(  # noqa: SLF001 - moto has no public seam
            resource_runtime_part=resource_runtime_part,
            state_credentials=state_credentials,
        )
        pages = client.get_paginator("list_objects_v2").paginate(**env.stack.pop())
        env.stack.append([_item(each) for page in pages for each in page.get("Contents", ())])

    patches.set(ResourceEvalS3, "_handle_list_objects_v2", staticmethod(_handle_list_objects_v2))


def _item(listed: dict[str, Any]) -> dict[str, Any]:
    return {
        "Etag": listed["ETag"],
        "Key": listed["Key"],
        "LastModified": int(listed["LastModified"].timestamp()),
        "Size": listed["Size"],
        "StorageClass": listed["StorageClass"],
    }
