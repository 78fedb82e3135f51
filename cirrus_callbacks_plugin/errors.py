"""What can go wrong, by what to do about it; the bottom of the import graph."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class CallbackError(Exception):
    """Base of every error this package raises on purpose."""


class ConfigurationError(CallbackError):
    """A variable or an installation is wrong; the message says which and what to do.

    In the hooks it counts as an unreachable tracking table (design of the hooks:
    a mistake in configuration may delay callbacks, never cirrus).
    """


class UnsupportedCirrusError(ConfigurationError):
    """No supported cirrus is installed, or more than one is."""


class PackageError(CallbackError):
    """A zip cannot be read, made or written; the message names it and says what to do."""


class ServerlessProjectError(CallbackError):
    """A Serverless project, or what was built of it, is not what is needed; says what to do."""


class MissingExtraError(CallbackError):
    """A command needs an optional dependency that is not installed."""


class AwsRefusedError(CallbackError):
    """AWS could not be asked: no credentials, no permission, throttled, not reached.

    The message names the call and says what to do; it quotes no request.
    """


class RegistrationFailed(CallbackError):  # noqa: N818 - the contract's name
    """Some messages with tokens could not be registered and must come back.

    The one case in which a wrapped handler raises what cirrus did not: the
    messages named here stay in the queue, every other one has been deleted.
    """

    def __init__(self, message_ids: Iterable[str], reason: str) -> None:
        self.message_ids = tuple(message_ids)
        self.reason = reason
        names = ", ".join(self.message_ids)
        super().__init__(
            f"{len(self.message_ids)} message(s) carrying a task token could not be registered "
            f"and return to the queue: {names}. Reason: {reason}",
        )


class RequestError(CallbackError):
    """A join's request breaks the rules; the message says what and, for a member, which."""


class UnacceptablePayload(CallbackError):  # noqa: N818 - says what it is, not that it failed
    """Cirrus cannot accept this payload, now or on redelivery: tell the waiter."""


def place_of(error: BaseException) -> str:
    """Where an error came from, as ``file:line in function``.

    All that may be logged of an error whose text could quote a request.
    """
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return "an unknown place"
    return f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno} in {frames[-1].name}"
