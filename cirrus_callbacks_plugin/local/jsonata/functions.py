"""Every function that an expression finds: the library's, the corrected, Step Functions' own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jsonata.functions import Functions
from jsonata.jsonata import Jsonata

from cirrus_callbacks_plugin.local.jsonata import (
    dates,
    encodings,
    lists,
    numeric,
    pictures,
    step_functions,
    text,
)
from cirrus_callbacks_plugin.local.jsonata.natives import Native

if TYPE_CHECKING:
    from collections.abc import Callable

_Table = dict[str, tuple[str, "Callable[..., Any]"]]
"""Functions by their names: signature and method."""

_LIBRARY: _Table = {
    "substring": ("<s-nn?:s>", Functions.substring),
    "substringBefore": ("<s-s:s>", Functions.substring_before),
    "substringAfter": ("<s-s:s>", Functions.substring_after),
    "uppercase": ("<s-:s>", Functions.uppercase),
    "length": ("<s-:n>", Functions.length),
    "trim": ("<s-:s>", Functions.trim),
    "parseInteger": ("<s-s:n>", Functions.parse_integer),
    "count": ("<a:n>", Functions.count),
    "max": ("<a<n>:n>", Functions.max),
    "min": ("<a<n>:n>", Functions.min),
    "boolean": ("<x-:b>", Functions.to_boolean),
    "not": ("<x-:b>", Functions.not_),
    "zip": ("<a+>", Functions.zip),
    "keys": ("<x-:a<s>>", Functions.keys),
    "lookup": ("<x-s:x>", Functions.lookup),
    "exists": ("<x:b>", Functions.exists),
    "merge": ("<a<o>:o>", Functions.merge),
    "reverse": ("<a:a>", Functions.reverse),
    "error": ("<s?:x>", Functions.error),
    "assert": ("<bs?:x>", Functions.assert_fn),
    "shuffle": ("<a:a>", Functions.shuffle),
}
"""Right as they are."""

_CORRECTED: _Table = {
    "string": ("<x-b?:s>", text.string),
    "lowercase": ("<s-:s>", text.lowercase),
    "pad": ("<s-ns?:s>", text.pad),
    "contains": ("<s-(sf):b>", text.contains),
    "match": ("<s-f<s:o>n?:a<o>>", text.match),
    "replace": ("<s-(sf)(sf)n?:s>", text.replace),
    "split": ("<s-(sf)n?:a<s>>", text.split),
    "join": ("<a<s>s?:s>", text.join),
    "base64encode": ("<s-:s>", encodings.base64encode),
    "base64decode": ("<s-:s>", encodings.base64decode),
    "encodeUrlComponent": ("<s-:s>", encodings.encode_url_component),
    "encodeUrl": ("<s-:s>", encodings.encode_url),
    "decodeUrlComponent": ("<s-:s>", encodings.decode_url_component),
    "decodeUrl": ("<s-:s>", encodings.decode_url),
    "number": ("<(nsb)-:n>", numeric.to_number),
    "abs": ("<n-:n>", numeric.absolute),
    "floor": ("<n-:n>", numeric.floor),
    "ceil": ("<n-:n>", numeric.ceil),
    "round": ("<n-n?:n>", numeric.rounded),
    "sqrt": ("<n-:n>", numeric.square_root),
    "power": ("<n-n:n>", numeric.power),
    "sum": ("<a<n>:n>", numeric.total),
    "average": ("<a<n>:n>", numeric.average),
    "formatNumber": ("<n-so?:s>", pictures.format_number),
    "formatInteger": ("<n-s:s>", pictures.format_integer),
    "formatBase": ("<n-n?:s>", numeric.format_base),
    "map": ("<af>", lists.mapped),
    "filter": ("<af>", lists.filtered),
    "single": ("<af?>", lists.single),
    "reduce": ("<afj?:j>", lists.reduced),
    "sift": ("<o-f?:o>", lists.sifted),
    "each": ("<o-f:a>", lists.each_member),
    "append": ("<xx:a>", lists.append),
    "spread": ("<x-:a<o>>", lists.spread),
    "distinct": ("<x:x>", lists.distinct),
    "sort": ("<af?:a>", lists.ordered),
    "type": ("<x:s>", lists.type_of),
    "clone": ("<(oa)-:o>", lists.clone),
    "toMillis": ("<s-s?:n>", dates.to_millis),
    "fromMillis": ("<n-s?s?:s>", dates.from_millis),
    "now": ("<s?s?:s>", dates.now),
    "millis": ("<:n>", dates.millis),
}
"""The reference's behaviour in the place of the library's."""

_STEP_FUNCTIONS: _Table = {
    "partition": ("<an:a>", step_functions.partition),
    "range": ("<nnn:a<n>>", step_functions.sequence),
    "hash": ("<xs:s>", step_functions.digest),
    "random": ("<n?:n>", step_functions.random),
    "uuid": ("<:s>", step_functions.uuid),
    "parse": ("<s:x>", step_functions.parse),
}

_TAKE_ONE_OF_A_MAP = frozenset({"string"})
"""Functions whose further arguments the reference gives a default: $map hands them the value."""


def _frame() -> Any:
    frame = Jsonata.Frame(None)
    everything = {**_LIBRARY, **_CORRECTED, **_STEP_FUNCTIONS}
    for name, (signature, method) in everything.items():
        arguments = 1 if name in _TAKE_ONE_OF_A_MAP else None
        frame.bind(name, Native(name, signature, method, arguments=arguments))
    return frame


FUNCTIONS = _frame()
"""Every function by its name, ``$eval`` aside, which Step Functions does not have."""
