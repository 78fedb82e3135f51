"""The intrinsic functions.

https://states-language.net/spec.html#appendix-b;
https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import random
import re
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.states_language.intrinsic_text import Call, Text
from cirrus_callbacks_plugin.local.states_language.json_values import same

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_CHARACTERS = 10_000
"""So long may the text be that is encoded, decoded or hashed."""
MOST_ELEMENTS = 1_000
"""So many elements may a range have."""
_ALGORITHMS = {"MD5": "md5", "SHA-1": "sha1"} | {
    f"SHA-{size}": f"sha{size}" for size in (256, 384, 512)
}


class IntrinsicError(ValueError):
    """An intrinsic function fails: ``States.IntrinsicFailure``."""


@dataclass(frozen=True, slots=True)
class _Function:
    run: Callable[..., Any]
    least: int
    most: int


def check_call(call: Call) -> None:
    """Judge a call, and those in its arguments, without running them.

    Raises:
        IntrinsicError: no such function, or not so many arguments.
    """
    for each in call.calls:
        function = _FUNCTIONS.get(each.name)
        if function is None:
            raise IntrinsicError(
                f"{each.name!r} is not an intrinsic function; there are {', '.join(_FUNCTIONS)}",
            )
        given = len(each.arguments)
        if not function.least <= given <= function.most:
            raise IntrinsicError(f"{each.name} does not take {given} arguments")


def run_intrinsic(call: Call, arguments: list[Any]) -> Any:
    """Run one function.

    Args:
        call: the call, which was checked.
        arguments: the values of its arguments.

    Raises:
        IntrinsicError: the function does not take these values.
    """
    if call.name == "States.Format":
        first = call.arguments[0]
        pieces = first.pieces if isinstance(first, Text) else None
        return _format(pieces, *arguments)
    return _FUNCTIONS[call.name].run(*arguments)


def _format(pieces: tuple[str, ...] | None, template: Any, *values: Any) -> str:
    pieces = pieces or tuple(_string(template, "The template").split("{}"))
    if len(pieces) != len(values) + 1:
        raise IntrinsicError(
            f"The template has {len(pieces) - 1} of {{}}, and {len(values)} values are given",
        )
    filled = [pieces[0]]
    for value, piece in zip(values, pieces[1:], strict=True):
        filled += [_shown(value), piece]
    return "".join(filled)


def _shown(value: Any) -> str:
    """A value in Format's text: objects and lists as Java shows them."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}={_shown(each)}' for key, each in value.items())}}}"
    return json.dumps(value)


def _string_to_json(text: Any) -> Any:
    if not _string(text, "The argument").strip():
        return None  # seen on AWS; the pages do not tell
    try:
        return json.loads(text, parse_constant=_no_json)
    except (ValueError, RecursionError) as error:
        raise IntrinsicError(f"The text is not JSON: {error}") from error


def _no_json(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _json_to_string(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _array(*values: Any) -> list[Any]:
    return list(values)


def _array_partition(array: Any, size: Any) -> list[Any]:
    elements, each = _list(array), _whole(size, "The chunk size")
    if each < 1:
        raise IntrinsicError(f"The chunk size is a positive integer, not {each}")
    return [elements[begin : begin + each] for begin in range(0, len(elements), each)]


def _array_contains(array: Any, value: Any) -> bool:
    return any(same(each, value) for each in _list(array))


def _array_range(first: Any, last: Any, step: Any) -> list[int]:
    begin, end, by = (_whole(each, "Each argument") for each in (first, last, step))
    if not by:
        raise IntrinsicError("The increment is not zero")
    numbers = range(begin, end + (1 if by > 0 else -1), by)
    if len(numbers) > MOST_ELEMENTS:
        raise IntrinsicError(f"A range has at most {MOST_ELEMENTS} elements, not {len(numbers)}")
    return list(numbers)


def _array_get_item(array: Any, index: Any) -> Any:
    elements = _list(array)
    if isinstance(index, bool) or not isinstance(index, int):
        raise IntrinsicError(f"An index is an integer, not {_json_to_string(index)}")
    if not 0 <= index < len(elements):
        raise IntrinsicError(f"The array has {len(elements)} elements, and none at {index}")
    return elements[index]


def _array_length(array: Any) -> int:
    return len(_list(array))


def _array_unique(array: Any) -> list[Any]:
    unique: list[Any] = []
    for each in _list(array):
        if not any(same(each, other) for other in unique):
            unique.append(each)
    return unique


def _base64_encode(text: Any) -> str:
    return base64.b64encode(_short(text).encode()).decode()


def _base64_decode(text: Any) -> str:
    try:
        return base64.b64decode(_short(text)).decode()
    except ValueError as error:
        raise IntrinsicError(f"The text is not Base64 of a UTF-8 text: {error}") from error


def _hash(data: Any, algorithm: Any) -> str:
    name = _ALGORITHMS.get(_string(algorithm, "The algorithm"))
    if name is None:
        raise IntrinsicError(f"The algorithm is one of {', '.join(_ALGORITHMS)}")
    return hashlib.new(name, _short(data).encode(), usedforsecurity=False).hexdigest()


def _json_merge(first: Any, second: Any, is_deep: Any) -> dict[str, Any]:
    for each in (first, second):
        if not isinstance(each, dict):
            raise IntrinsicError(f"Objects are merged, not {_json_to_string(each)}")
    if is_deep is not False:
        raise IntrinsicError("The third argument must be false: AWS merges the topmost keys only")
    return {**first, **second}


def _math_random(start: Any, end: Any, seed: Any = None) -> int:
    low, high = _whole(start, "The start number"), _whole(end, "The end number")
    if low > high:
        raise IntrinsicError("The start number is not beyond the end number")
    if seed is not None:
        seed = _whole(seed, "The seed")
    return random.Random(seed).randint(low, high)  # noqa: S311 - what the function is, too


def _math_add(first: Any, second: Any) -> int:
    return _whole(first, "Each argument") + _whole(second, "Each argument")


def _string_split(text: Any, delimiters: Any) -> list[str]:
    """Each character of the second text divides the first; empty parts are left out."""
    whole, characters = _string(text, "Each argument"), _string(delimiters, "Each argument")
    parts = re.split(f"[{re.escape(characters)}]", whole) if characters else [whole]
    return [part for part in parts if part]


def _uuid() -> str:
    return str(uuid.uuid4())


def _string(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise IntrinsicError(f"{what} is a string, not {_json_to_string(value)}")
    return value


def _short(value: Any) -> str:
    text = _string(value, "The data")
    if len(text) > MOST_CHARACTERS:
        raise IntrinsicError(f"At most {MOST_CHARACTERS} characters are taken, not {len(text)}")
    return text


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise IntrinsicError(f"An array is expected, not {_json_to_string(value)}")
    return value


def _whole(value: Any, what: str) -> int:
    """An integer; another number is rounded as Java rounds, half of one upwards."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise IntrinsicError(f"{what} is an integer, not {_json_to_string(value)}")
    return value if isinstance(value, int) else math.floor(value + 0.5)


_ANY = 1_000_000
_FUNCTIONS = {
    "States.Format": _Function(_format, 1, _ANY),
    "States.StringToJson": _Function(_string_to_json, 1, 1),
    "States.JsonToString": _Function(_json_to_string, 1, 1),
    "States.Array": _Function(_array, 0, _ANY),
    "States.ArrayPartition": _Function(_array_partition, 2, 2),
    "States.ArrayContains": _Function(_array_contains, 2, 2),
    "States.ArrayRange": _Function(_array_range, 3, 3),
    "States.ArrayGetItem": _Function(_array_get_item, 2, 2),
    "States.ArrayLength": _Function(_array_length, 1, 1),
    "States.ArrayUnique": _Function(_array_unique, 1, 1),
    "States.Base64Encode": _Function(_base64_encode, 1, 1),
    "States.Base64Decode": _Function(_base64_decode, 1, 1),
    "States.Hash": _Function(_hash, 2, 2),
    "States.JsonMerge": _Function(_json_merge, 3, 3),
    "States.MathRandom": _Function(_math_random, 2, 3),
    "States.MathAdd": _Function(_math_add, 2, 2),
    "States.StringSplit": _Function(_string_split, 2, 2),
    "States.UUID": _Function(_uuid, 0, 0),
}
