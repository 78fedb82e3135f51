"""What an expression can fail of."""

from __future__ import annotations


class ExpressionError(Exception):
    """An expression is wrong, or its evaluation failed.

    Attributes:
        code: JSONata's code of the error (``T1006``); an empty string where there is none.
    """

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(f"{code}: {message}" if code else message)
        self.code = code


class UndefinedError(ExpressionError):
    """An expression has no value: JSON has nothing to write for it."""

    def __init__(self) -> None:
        super().__init__("The expression returned nothing (undefined)")


class NotJsonError(ExpressionError):
    """The value of an expression is a function or a regular expression, or holds one."""

    def __init__(self) -> None:
        super().__init__("The expression returned a function, which is not JSON")
