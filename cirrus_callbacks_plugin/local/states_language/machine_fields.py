"""Fields of a whole state machine.

https://states-language.net/spec.html#toplevelfields
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.states_language.numbers import wrong_numbers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_KNOWN = ("Comment", "StartAt", "States", "TimeoutSeconds", "Version", "QueryLanguage")
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
