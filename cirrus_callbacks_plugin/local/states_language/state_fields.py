"""Fields of a state that Step Functions would refuse, or that cannot be tried on this machine.

The specification calls them reference paths: https://states-language.net/spec.html;
https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.states_language.json_path import PathError, read_reference_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_REFERENCES = (
    "CausePath",
    "ErrorPath",
    "HeartbeatSecondsPath",
    "ItemsPath",
    "MaxConcurrencyPath",
    "ResultPath",
    "SecondsPath",
    "TimeoutSecondsPath",
    "TimestampPath",
)
_READ = ("CSV", "JSON", "JSONL")
_NOT_KNOWN = ("CSVDelimiter", "ItemsPointer", "Transformation")


def wrong_fields(body: Mapping[str, Any]) -> Iterator[str]:
    """Say what is wrong with a state's fields, each a part of a sentence after its name.

    Args:
        body: the state as it stands in the definition.
    """
    for name in _REFERENCES:
        path = body.get(name)
        # A path into the input or the context object: no variable, no intrinsic function.
        if isinstance(path, str) and path.startswith(("$.", "$[", "$$.", "$$[")):
            try:
                read_reference_path(path[1:] if path.startswith("$$") else path)
            except PathError as error:
                yield f"with a wrong {name}: {error}"
    if isinstance(body.get("ResultPath"), str) and body["ResultPath"].startswith("$$"):
        yield "with a ResultPath into the context object, which cannot be written"
    reader = body.get("ItemReader")
    config = reader.get("ReaderConfig") if isinstance(reader, dict) else None
    if isinstance(config, dict):
        yield from _wrong_reader(config)


def _wrong_reader(config: Mapping[str, Any]) -> Iterator[str]:
    kind = config.get("InputType", "JSON")
    if kind not in _READ:
        yield (
            f"with an ItemReader of InputType {kind}, which the local interpreter does not read: "
            f"put a file of {', '.join(_READ)} in its place to try the rest"
        )
    for name in _NOT_KNOWN:
        if name in config:
            yield (
                f"with {name} in its ReaderConfig, which the local interpreter does not know: "
                "leave it out to try the rest"
            )
    if kind == "CSV" and "CSVHeaderLocation" not in config:
        yield "with a ReaderConfig of CSV that lacks CSVHeaderLocation: FIRST_ROW or GIVEN"
