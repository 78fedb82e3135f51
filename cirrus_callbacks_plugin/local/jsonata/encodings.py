"""JSONata's functions between texts and their encodings: Base64 and URLs."""

from __future__ import annotations

import base64
import re
import urllib.parse

from jsonata.jexception import JException

from cirrus_callbacks_plugin.local.jsonata.errors import ExpressionError

_RESERVED_IN_A_URL = ";/?:@&=+$,#"


def base64encode(text: str | None) -> str | None:
    """``$base64encode``, of ASCII alone: the reference drops parts of other characters."""
    if text is None:
        return None
    if not text.isascii():
        raise ExpressionError(
            "The local evaluator refuses $base64encode of text that is not ASCII: "
            "implementations of JSONata differ in it"
        )
    return base64.b64encode(text.encode()).decode()


def base64decode(text: str | None) -> str | None:
    """``$base64decode``, to ASCII alone, for the reason above."""
    if text is None:
        return None
    kept = re.sub(r"[^A-Za-z0-9+/]", "", text.translate({45: 43, 95: 47}).partition("=")[0])
    # A single character at the end is less than a byte.
    kept = kept[: len(kept) - (len(kept) % 4 == 1)]
    try:
        return base64.b64decode(kept + "=" * (-len(kept) % 4)).decode("ascii")
    except UnicodeDecodeError:
        raise ExpressionError(
            "The local evaluator refuses $base64decode to text that is not ASCII: "
            "implementations of JSONata differ in it"
        ) from None


def encode_url_component(text: str | None) -> str | None:
    """``$encodeUrlComponent``."""
    return _encoded(text, "~()*!'", "encodeUrlComponent")


def encode_url(text: str | None) -> str | None:
    """``$encodeUrl``."""
    return _encoded(text, f"~()*!'{_RESERVED_IN_A_URL}", "encodeUrl")


def decode_url_component(text: str | None) -> str | None:
    """``$decodeUrlComponent``."""
    return _decoded(text, "", "decodeUrlComponent")


def decode_url(text: str | None) -> str | None:
    """``$decodeUrl``: what is reserved in a URL stays as it is."""
    return _decoded(text, _RESERVED_IN_A_URL, "decodeUrl")


def _encoded(text: str | None, kept: str, name: str) -> str | None:
    try:
        return None if text is None else urllib.parse.quote(text, safe=kept)
    except UnicodeEncodeError:
        raise JException("D3140", -1, name) from None


def _decoded(text: str | None, kept: str, name: str) -> str | None:
    if text is None:
        return None
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        raise JException("D3140", -1, name)
    guarded = re.sub(
        r"%([0-9A-Fa-f]{2})",
        lambda code: f"%25{code.group(1)}" if chr(int(code.group(1), 16)) in kept else code.group(),
        text,
    )
    try:
        return urllib.parse.unquote(guarded, errors="strict")
    except UnicodeDecodeError:
        raise JException("D3140", -1, name) from None
