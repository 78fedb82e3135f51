"""A join, as a simulated parent asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

LIST_KEY = "lists/members.json"
FILLING = "x" * 4000
"""Makes a payload's message larger than ``Scenario.most_bytes`` allows."""


@dataclass(frozen=True, slots=True)
class Member:
    """One of those that are waited for.

    Attributes:
        payload_id: its payload.
        kind: ``payload``, ``reference``, or ``attached``: somebody else starts it.
        is_large: its message is larger than the queue takes.
    """

    payload_id: str
    kind: str = "payload"
    is_large: bool = False

    @property
    def name(self) -> str:
        """How reports call it."""
        size = "large " if self.is_large else ""
        return f"{size}{self.kind} {self.payload_id.rpartition('/')[2]}"

    @property
    def object_key(self) -> str:
        """Where the payload of a reference lies."""
        return f"payloads/{self.payload_id.rpartition('/')[2]}.json"


@dataclass(frozen=True, slots=True)
class Join:
    """A request: who is waited for, and when it is enough.

    Attributes:
        members: the list.
        succeed_on, answer, deadline_seconds: as in the request.
        by_url: the list lies in S3.
    """

    members: tuple[Member, ...]
    succeed_on: str | int = "all"
    answer: str = "early"
    deadline_seconds: int | None = None
    by_url: bool = False

    @property
    def needed(self) -> int:
        """How many have to succeed."""
        if self.succeed_on == "all":
            return len(self.members)
        return 1 if self.succeed_on == "any" else int(self.succeed_on)

    @property
    def name(self) -> str:
        """How reports call it."""
        members = " and ".join(each.name for each in self.members)
        more = f" within {self.deadline_seconds} s" if self.deadline_seconds else ""
        place = ", listed in S3" if self.by_url else ""
        return f"{self.succeed_on} of {members}, {self.answer}{more}{place}"

    def body(self, bucket: str, members: list[Any]) -> dict[str, Any]:
        """The message's body, its members written out."""
        given: dict[str, Any] = {"succeed_on": self.succeed_on, "answer": self.answer}
        if self.by_url:
            given["members_url"] = f"s3://{bucket}/{LIST_KEY}"
        else:
            given["members"] = members
        if self.deadline_seconds is not None:
            given["deadline_seconds"] = self.deadline_seconds
        return {"join": given}
