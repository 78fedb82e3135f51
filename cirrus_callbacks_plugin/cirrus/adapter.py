"""What the hooks need of the installed cirrus, whichever generation it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from cirrus_callbacks_plugin.errors import UnacceptablePayload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.cirrus.generations import Generation

Handler = Callable[[Any, Any], Any]
"""A Lambda handler: ``handler(event, context)``."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What cirrus would call a payload.

    Attributes:
        payload_id: its id, built by cirrus's own code where it has none.
        replace: True where the message asks for the payload to be run again.
        workflow: the workflow that cirrus will run (``process[0].workflow``), whatever the
            id says; None where the message does not tell.
    """

    payload_id: str
    replace: bool
    workflow: str | None = None


class Adapter(Protocol):
    """One generation of cirrus, as it is installed."""

    @property
    def version(self) -> str:
        """The installed version."""

    @property
    def generation(self) -> Generation:
        """The facts of its generation."""

    @property
    def handlers(self) -> Mapping[str, tuple[str, ...]]:
        """Dotted paths where cirrus's own handlers may be, likeliest first, by hook name."""

    def extract(self, record: Any) -> Any:
        """The payload, or the reference to one, in a record; cirrus's own code.

        Raises:
            UnacceptablePayload: cirrus cannot read the record either.
        """

    def identify(self, payload: Any) -> Identity:
        """The id of a payload, by cirrus's own code. May change the payload: give a copy.

        Raises:
            UnacceptablePayload: cirrus refuses the payload; the message says why.
        """

    def deliverable(self, record: Any, payload: Any) -> Any:
        """The record in a form that this cirrus takes; the very same one where it is.

        Args:
            record: a record without tokens.
            payload: its payload, read from S3 where the record only refers to it.
        """

    def output_url(self, payload_id: str, execution_arn: str) -> str | None:
        """Where a run's output payload is; None where this generation has no such place."""

    def reads_back(self, payload_id: str) -> bool:
        """True where cirrus takes the record under the payload's key for the payload's own.

        Cirrus reads a payload's id back from the key of a record that it found. Where that
        is another id, cirrus knows of no record, and runs the payload.
        """

    def state_setters(self) -> tuple[type, Mapping[str, str]]:
        """The StateDB class, and the final state that each of its setters writes."""


@contextmanager
def raising_unacceptable(what: str) -> Iterator[None]:
    """Run cirrus's own code on a payload: whatever it raises, cirrus will meet too.

    Raises:
        UnacceptablePayload: the block raised.
    """
    try:
        yield
    except UnacceptablePayload:
        raise
    except Exception as error:
        raise UnacceptablePayload(f"{what}: {type(error).__name__}: {error}") from error


def identity_of(payload_id: Any, replace: Any, workflow: Any = None) -> Identity:
    """An identity from what cirrus's own objects say.

    Raises:
        UnacceptablePayload: the id is not a text, which no state table takes as a key.
    """
    if not isinstance(payload_id, str):
        raise UnacceptablePayload("the payload's id is not a string")
    is_name = isinstance(workflow, str) and bool(workflow)
    return Identity(payload_id, bool(replace), workflow if is_name else None)
