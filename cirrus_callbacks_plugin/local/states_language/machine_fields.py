"""Fields of a whole state machine, and of an item processor.

https://states-language.net/spec.html#toplevelfields
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.states_language.numbers import wrong_numbers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_KNOWN = ("Comment", "StartAt", "States", "TimeoutSeconds", "Version", "QueryLanguage")
_OF_A_PROCESSOR = ("Comment", "StartAt", "States", "ProcessorConfig")
_CONFIG = {"Mode": ("INLINE", "DISTRIBUTED"), "ExecutionType": ("STANDARD", "EXPRESS")}
_VERSION = "1.0"


def wrong_machine(definition: Mapping[str, Any]) -> Iterator[str]:
    """Say what is wrong with a machine's own fields, each a part of a sentence after its name.

    Args:
        definition: the whole state machine.
    """
    for name in definition:
        if name not in _KNOWN:
            yield f"with {name}, which a state machine has not: it has {', '.join(_KNOWN)}"
    if definition.get("Version", _VERSION) != _VERSION:
        yield f"with the Version {definition['Version']!r}: there is {_VERSION!r} alone"
    timeout = {name: definition[name] for name in ("TimeoutSeconds",) if name in definition}
    yield from wrong_numbers(timeout, is_jsonata=False)


def wrong_processor(part: Any) -> Iterator[str]:
    """Say what is wrong with an item processor's own fields, each a part of a sentence.

    Args:
        part: the ItemProcessor, or the Iterator, as it stands in the definition.
    """
    if not isinstance(part, dict):
        return
    for name in part:
        if name == "QueryLanguage":
            yield "with QueryLanguage, which it may not have: write it into the states in it"
        elif name not in _OF_A_PROCESSOR:
            yield f"with {name}, which it has not: it has {', '.join(_OF_A_PROCESSOR)}"
    config = part.get("ProcessorConfig", {})
    if not isinstance(config, dict):
        yield "with a ProcessorConfig that is not an object"
        return
    for name, value in config.items():
        if value not in _CONFIG.get(name, ()):
            known = " or ".join(_CONFIG.get(name, ())) or "not there: remove it"
            yield f"with the {name} {value!r} in its ProcessorConfig, which is {known}"
