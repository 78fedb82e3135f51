"""Numbers in the form of a picture: the library's, where it does as the reference."""

from __future__ import annotations

import decimal
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jsonata.functions import Functions
from jsonata.jexception import JException

from cirrus_callbacks_plugin.local.jsonata.errors import ExpressionError
from cirrus_callbacks_plugin.local.jsonata.natives import engine
from cirrus_callbacks_plugin.local.jsonata.values import number_text

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_SUB_PICTURES = 2


@dataclass(frozen=True, slots=True)
class _Picture:
    """One of a picture's two halves: that for the number's sign."""

    text: str
    symbols: Mapping[str, str]

    def symbol(self, name: str, usual: str) -> str:
        return self.symbols.get(name, usual)

    @property
    def zero(self) -> str:
        return self.symbol("zero-digit", "0")

    @property
    def point(self) -> str:
        return self.symbol("decimal-separator", ".")

    @property
    def mandatory(self) -> str:
        """The digits, each of which asks for one."""
        return "".join(chr(ord(self.zero) + each) for each in range(10))

    @property
    def halves(self) -> tuple[str, str]:
        """What stands before and behind the point."""
        whole, _, fraction = self.text.partition(self.point)
        return whole, fraction

    @property
    def has_exponent(self) -> bool:
        sign = re.escape(self.symbol("exponent-separator", "e"))
        return re.search(f"[{self.mandatory}]{sign}[{self.mandatory}]", self.text) is not None

    @property
    def zeros(self) -> int:
        """How many places a percent or per-mille sign shifts the number."""
        if self.symbol("percent", "%") in self.text:
            return 2
        return 3 if self.symbol("per-mille", "\u2030") in self.text else 0

    @property
    def has_uneven_groups(self) -> bool:
        digits = self.mandatory + self.symbol("digit", "#")
        groups = self.halves[0].split(self.symbol("grouping-separator", ","))[1:]
        return len({sum(each in digits for each in group) for group in groups}) > 1

    @property
    def asks_before_the_point(self) -> bool:
        return any(each in self.mandatory for each in self.halves[0])


def format_number(value: float | None, picture: str, symbols: dict[str, str] | None) -> Any:
    """``$formatNumber``, rounded as the reference does: half to even, as written in decimal.

    Raises:
        ExpressionError: the reference makes something useless of the picture, or no end.
    """
    if value is None:
        return None
    symbols = symbols or {}
    parts = picture.split(symbols.get("pattern-separator", ";"))
    if len(parts) > _MOST_SUB_PICTURES:
        raise JException("D3080", -1)
    shown = _Picture(parts[-1] if value < 0 else parts[0], symbols)
    _refuse_what_differs(shown)
    Functions.format_number(1, picture, symbols)  # says what is wrong with either half
    sign = symbols.get("minus-sign", "-") if value < 0 and len(parts) == 1 else ""
    return sign + _formatted(abs(value), shown)


def format_integer(value: float | None, picture: str) -> str | None:
    """``$formatInteger``; a Roman number has a letter for each thousand."""
    if value is None:
        return None
    if picture[:1] in ("i", "I"):
        engine().meter.grow(abs(value) / 1000)
    text: str = Functions.format_integer(value, picture)
    return text


def _formatted(value: float, picture: _Picture) -> str:
    text = picture.text
    whole, fraction = picture.halves
    digit = picture.symbol("digit", "#")
    places = sum(each in picture.mandatory + digit for each in fraction)
    if places and not picture.asks_before_the_point and fraction.startswith(digit):
        # Without a digit that is asked for, one behind the point is.
        text = f"{whole}{picture.point}{picture.zero}{fraction[len(digit) :]}"
    with decimal.localcontext(prec=400):
        exact = decimal.Decimal(number_text(value * 10**picture.zeros))
        exact = exact.quantize(decimal.Decimal(1).scaleb(-places), decimal.ROUND_HALF_EVEN)
        exact = exact.scaleb(-picture.zeros)
        result = str(Functions.format_number(exact, text, picture.symbols))
    if places and not picture.asks_before_the_point:
        alone = re.escape(picture.zero + picture.point)
        result = re.sub(f"(^|[^{picture.mandatory}]){alone}", rf"\g<1>{picture.point}", result)
    return result


def _refuse_what_differs(picture: _Picture) -> None:
    if picture.has_exponent:
        raise ExpressionError(
            "The local evaluator refuses $formatNumber with an exponent: JSONata 2.0.6 does not "
            "come to an end with some numbers, and other implementations round otherwise"
        )
    if picture.has_uneven_groups:
        raise ExpressionError(
            "The local evaluator refuses $formatNumber with groups of different sizes: "
            "JSONata 2.0.6 puts the separators in wrong places"
        )
