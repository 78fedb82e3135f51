"""Errors as the fake raises them; the client turns them into botocore's."""

from __future__ import annotations

from typing import Any


class FakeError(Exception):
    """An AWS error by its code, and what the response holds beside it."""

    def __init__(self, code: str, message: str = "", **response: Any) -> None:
        super().__init__(code)
        self.code = code
        self.message = message or code
        self.response = response


class Unanswered(FakeError):  # noqa: N818 - as AWS's, no error of ours
    """A call that may have taken effect; its answer never came, nor one to the SDK's retry."""

    def __init__(self) -> None:
        super().__init__("Unanswered")


class NotCovered(AssertionError):  # noqa: N818
    """A call of a shape that the fake does not know, and so the conformance test neither."""
