"""Everything that was written anywhere, and the search for a secret in it, however encoded."""

from __future__ import annotations

import base64
import gzip
import json
import logging
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

from boto3.dynamodb.types import Binary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.aws_calls import Recording
    from support.cirrus_world import World

EXCEPTED = ("botocore", "moto", "werkzeug")
"""botocore prints every request of anyone (SECURITY.md says so); moto stands for AWS itself."""

TOKEN_NAMES = ("task_token", "full_task_token", "taskToken")
"""Where a token belongs: a row of the tracking table, and the answer to its task."""


def forms(secret: str) -> set[str]:
    """A secret in every encoding in which it may be written without being noticed."""
    found = {secret, repr(secret)[1:-1], quote(secret), quote(secret, safe=""), quote_plus(secret)}
    for is_ascii in (True, False):
        once = json.dumps(secret, ensure_ascii=is_ascii)[1:-1]
        twice = json.dumps(once, ensure_ascii=is_ascii)[1:-1]
        found |= {once, twice, json.dumps(twice, ensure_ascii=is_ascii)[1:-1]}
    found |= {once.replace("/", "\\/") for once in set(found)}
    data = secret.encode()
    found |= {data.hex(), data.hex().upper()}
    for before in range(3):
        # The first and last characters depend on what stands beside the secret: cut off.
        start = (before * 8 + 5) // 6
        bits = (before + len(data)) * 8
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            found.add(encode(b"\0" * before + data + b"\0\0")[start : bits // 6].decode())
    return {form for form in found if len(form) > 8}


class Written:
    """What was written, by where it was written."""

    def __init__(self) -> None:
        self.texts: list[tuple[str, str]] = []

    def add(self, place: str, text: Any) -> None:
        """Note a text, or a value as JSON and as Python shows it."""
        if isinstance(text, bytes):
            text = text.decode(errors="replace")
        if isinstance(text, str):
            self.texts.append((place, text))
        else:
            shown = [json.dumps(text, default=str), json.dumps(text, default=str, indent=1)]
            self.texts += [(place, each) for each in (*shown, str(text))]

    def raised(self, error: BaseException) -> None:
        """Note an exception, with all that it came of, as Lambda prints it and as it is."""
        self.add("an exception", "".join(traceback.format_exception(error)))
        seen: list[BaseException] = []
        while error is not None and error not in seen:
            seen.append(error)
            self.add("an exception", repr(error) + str(error) + str(vars(error)))
            error = error.__cause__ or error.__context__  # type: ignore[assignment]

    def holding(self, secrets: list[str]) -> list[str]:
        """Where one of the secrets stands."""
        by_place: dict[str, list[str]] = {}
        for place, text in self.texts:
            by_place.setdefault(place, []).append(text)
        found = []
        for place, texts in by_place.items():
            whole = "\n".join(dict.fromkeys(texts))
            for secret in secrets:
                at = [whole.find(form) for form in forms(secret) if form in whole]
                found += [
                    f"{place} holds {secret[:40]!r}: {whole[max(0, each - 200) :][:400]}"
                    for each in at[:1]
                ]
        return found


@contextmanager
def every_logger(written: Written) -> Iterator[None]:
    """Every logger at DEBUG, what it writes noted; whatever their levels were before."""

    class Noting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if not record.name.startswith(EXCEPTED):
                written.add(f"logger {record.name}", self.format(record))
                written.add(f"logger {record.name}", vars(record))

    handler = Noting(logging.DEBUG)
    root = logging.getLogger()
    known = [each for each in root.manager.loggerDict.values() if isinstance(each, logging.Logger)]
    before = [(each, each.level, each.disabled) for each in (root, *known)]
    holding = [root, *(each for each in known if not each.propagate)]
    for each in (root, *known):
        each.disabled = False
        if not each.name.startswith(EXCEPTED):
            each.setLevel(logging.DEBUG)
    for each in holding:
        each.addHandler(handler)
    try:
        yield
    finally:
        for each in holding:
            each.removeHandler(handler)
        for each, level, disabled in before:
            each.setLevel(level)
            each.disabled = disabled


def calls(written: Written, recording: Recording) -> None:
    """Every AWS call that was made, but for a token where it belongs."""
    for call in recording.calls:
        written.add(f"call {call.operation}", without_tokens(call.parameters))


def without_tokens(value: Any) -> Any:
    """A value without the members that hold tokens by their purpose."""
    if isinstance(value, dict):
        return {n: without_tokens(each) for n, each in value.items() if n not in TOKEN_NAMES}
    if isinstance(value, Binary):  # a join's packed list of members
        return gzip.decompress(value.value).decode()
    return [without_tokens(each) for each in value] if isinstance(value, list) else value


def stores(written: Written, world: World) -> None:
    """What is in the bucket, the state table, the tracking table, and the children's inputs."""
    bucket = world.names.payload_bucket
    for entry in world.s3.list_objects_v2(Bucket=bucket).get("Contents", []):
        written.add("an object", entry["Key"])
        written.add(
            "an object", world.s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
        )
    for item in world.dynamodb.scan(TableName=world.names.state_table)["Items"]:
        written.add("the state table", item)
    for row in world.rows():
        written.add("a row", without_tokens(row))
    for machine in world.sfn.list_state_machines()["stateMachines"]:
        if machine["name"].endswith("-parent"):
            continue  # they wait with their own tokens
        found = world.sfn.list_executions(stateMachineArn=machine["stateMachineArn"])
        for execution in found["executions"]:
            described = world.describe(execution["executionArn"])
            written.add("an execution", [described.get(name) for name in ("input", "output")])
