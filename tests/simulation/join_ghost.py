"""What really happened to a join, noted beside the world."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.naming import MemberToken
from cirrus_callbacks_plugin.waits.row import moment
from simulation.ghost import JOIN, member_named

if TYPE_CHECKING:
    from datetime import datetime

    from simulation.fake_aws.dynamodb import Table
    from simulation.fake_aws.queue import Queue

MEMBER = "#member:"


@dataclass(frozen=True, slots=True)
class Telling:
    """What stood elsewhere when a member's row was told its outcome.

    Attributes:
        step: when.
        row: the member's row.
        wait: the member's own wait, None where there was none.
        may_come: a message of this member was still to be delivered.
    """

    step: int
    row: dict[str, Any]
    wait: dict[str, Any] | None
    may_come: bool


@dataclass(frozen=True, slots=True)
class Closing:
    """What the members' rows said when the join was settled.

    Attributes:
        step: when.
        answers: what they said, by index; those that said nothing are left out.
        is_late: the deadline had passed.
    """

    step: int
    answers: dict[int, str]
    is_late: bool


@dataclass(slots=True)
class JoinGhost:
    """Notes of one join in one schedule."""

    join_id: str
    sends: dict[int, int] = field(default_factory=dict)
    told: dict[int, Telling] = field(default_factory=dict)
    closing: Closing | None = None
    answered_by_itself: bool = False

    def fork(self) -> JoinGhost:
        """The notes as they stand, once more."""
        return JoinGhost(
            self.join_id,
            dict(self.sends),
            dict(self.told),
            self.closing,
            self.answered_by_itself,
        )

    def sent(self, index: int) -> None:
        """A member's message was put into the queue."""
        self.sends[index] = self.sends.get(index, 0) + 1

    def see(self, step: int, waits: Table, queue: Queue, now: datetime) -> list[str]:
        """The tracking table was written; returns what may never happen."""
        problems = []
        for (partition, token), row in waits.items.items():
            if partition != self.join_id or not token.startswith(MEMBER):
                continue
            index = int(token.removeprefix(MEMBER))
            if index in self.told and self.told[index].row != row:
                problems.append(f"J1. what was told of member {index} has changed")
            elif index not in self.told and "answer" in row:
                name = MemberToken(self.join_id, index).text
                wait = next((w for (_, t), w in waits.items.items() if t == name), None)
                self.told[index] = Telling(step, row, wait, _may_come(queue, name))
        join = waits.items.get((self.join_id, JOIN))
        if join is not None and "settled_at" in join and self.closing is None:
            answers = {index: telling.row["answer"]["S"] for index, telling in self.told.items()}
            deadline = join.get("deadline_at")
            is_late = deadline is not None and moment(deadline["S"]) <= now
            self.closing = Closing(step, answers, is_late)
        return problems


def member_of(attributes: dict[str, Any]) -> MemberToken | None:
    """The member that a message is about."""
    token = attributes.get("cirrus-task-token", {}).get("stringValue", "")
    return member_named(token)


def _may_come(queue: Queue, name: str) -> bool:
    members = (member_of(message.attributes) for message in queue.messages.values())
    return any(member is not None and member.text == name for member in members)
