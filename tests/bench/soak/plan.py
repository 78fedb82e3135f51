"""What a soak sends: payloads, how their runs end, and who waits for them; all from a seed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from random import Random
from typing import Any

from support.cirrus_world import payload, payload_id

WORKFLOWS = ("cog", "mosaic")
"""Workflows with a state machine that may be waited for."""
NO_MACHINE = "no-machine"
NOT_ENABLED = "not-enabled"
ENABLED = (*WORKFLOWS, NO_MACHINE)

OVERLAP = 30
"""Payloads under way at once: a payload's messages are spread over that many places."""

KINDS: dict[str, float] = {
    "succeeds": 0.52,
    "fails": 0.10,
    "restarts": 0.16,
    "invalid": 0.04,
    "aborted": 0.03,
    "replaced": 0.10,
    "no-machine": 0.02,
    "not-enabled": 0.02,
    "unusable": 0.01,
}
"""How payloads go, and how many of them."""

ENDINGS: dict[str, tuple[str, ...]] = {
    "succeeds": ("SUCCEEDED",),
    "fails": ("FAILED",),
    "invalid": ("INVALID",),
    "aborted": ("ABORTED",),
    "not-enabled": ("SUCCEEDED",),
}

CARRIERS = {"attribute": 0.7, "payload": 0.15, "envelope": 0.1, "url": 0.05}


@dataclass(frozen=True, slots=True)
class Payload:
    """One payload.

    Attributes:
        number: which one; its first message comes at about this place of the feed.
        kind: how it goes (:data:`KINDS`).
        workflow: its workflow.
        endings: how its first, second, ... run ends; the last one holds for all further.
        lasts: places of the feed that a run takes.
    """

    number: int
    kind: str
    workflow: str
    endings: tuple[str, ...]
    lasts: float

    @property
    def item(self) -> str:
        """The item it is made of."""
        return f"scene-{self.number:05}"

    @property
    def id(self) -> str:
        """The id that cirrus gives it."""
        return payload_id(self.item, self.workflow)

    def ending(self, run: int) -> str:
        """How its run of that number ends."""
        return self.endings[min(run, len(self.endings) - 1)]

    def body(self, **process: Any) -> dict[str, Any]:
        """What is sent."""
        body = payload(self.item, self.workflow, **process)
        if self.kind == "unusable":
            return {**body, "id": self.id, "process": "nonsense"}
        return body


@dataclass(frozen=True, slots=True)
class Message:
    """One message to the process queue.

    Attributes:
        number: which one.
        payload: whose.
        place: where in the feed.
        token: what waits for the answer; None: nobody does, or a state machine whose own
            token is not known yet (``by_parent``).
        carrier: how the token travels.
        replace: cirrus is asked to run the payload again.
        copies: how often it is sent.
        by_parent: sent by an execution that really waits.
    """

    number: int
    payload: Payload
    place: float
    token: str | None
    carrier: str = "attribute"
    replace: bool = False
    copies: int = 1
    by_parent: bool = False

    @property
    def waits(self) -> bool:
        """True where somebody waits for an answer."""
        return self.by_parent or self.token is not None

    def body(self) -> dict[str, Any]:
        """The payload, with ``replace`` where that is asked."""
        return self.payload.body(**({"replace": True} if self.replace else {}))


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is sent, in the order of the feed."""

    seed: int
    payloads: tuple[Payload, ...]
    messages: tuple[Message, ...]


def plan(seed: int, tokens: int, payloads: int, real: int) -> Plan:
    """Draw a plan.

    Args:
        seed: what it follows from; one seed, one plan.
        tokens: how many wait, for at least one payload each.
        payloads: how many payloads.
        real: how many of the tokens are those of executions.
    """
    draw = Random(seed)  # noqa: S311 - repeatable on purpose
    chosen = [_payload(number, draw) for number in range(payloads)]
    # Some are waited for by many: a Pareto distribution, every payload by one at least.
    weights = [draw.paretovariate(1.3) for _ in chosen]
    waited = [*chosen, *draw.choices(chosen, weights, k=max(0, tokens - payloads))][:tokens]
    # A message that asks for `replace` and an unusable one are sent by nobody but the soak.
    can_be_real = [number for number, each in enumerate(waited) if each.kind in ENDINGS]
    by_parent = set(draw.sample(can_be_real, min(real, len(can_be_real))))
    drafts: list[dict[str, Any]] = []
    for number, each in enumerate(waited):
        drafts.append(_draft(each, draw, token=number, by_parent=number in by_parent))
        if draw.random() < 0.1:  # cirrus's ordinary traffic: nobody waits for it
            drafts.append(_draft(each, draw, token=None))
    _ask_for_replacements(drafts, draw)
    drafts.sort(key=lambda draft: draft["place"])
    messages = tuple(Message(number=number, **draft) for number, draft in enumerate(drafts))
    return Plan(seed, tuple(chosen), messages)


def _payload(number: int, draw: Random) -> Payload:
    kind = draw.choices(list(KINDS), list(KINDS.values()))[0]
    workflow = {"no-machine": NO_MACHINE, "not-enabled": NOT_ENABLED}.get(
        kind, draw.choice(WORKFLOWS)
    )
    endings = ENDINGS.get(kind, ("SUCCEEDED",))
    if kind == "restarts":
        endings = (draw.choice(("FAILED", "ABORTED")), draw.choice(("SUCCEEDED", "FAILED")))
    elif kind == "replaced":
        endings = ("SUCCEEDED", draw.choice(("SUCCEEDED", "FAILED", "INVALID")))
    return Payload(number, kind, workflow, endings, draw.uniform(0.5, OVERLAP))


def _draft(
    of: Payload, draw: Random, *, token: int | None, by_parent: bool = False
) -> dict[str, Any]:
    second_wave = of.kind in ("restarts", "replaced") and draw.random() < 0.5
    place = of.number + draw.uniform(0, OVERLAP) + (OVERLAP * 1.5 if second_wave else 0)
    if draw.random() < 0.1:
        place = float(of.number)  # at once with others: one batch may hold both
    text = None
    if token is not None and not by_parent:
        # As long as Step Functions' own; some too long for a sort key.
        length = 1500 if draw.random() < 0.02 else 600
        text = f"soak-token-{token:06}-".ljust(length, "t")
    return {
        "payload": of,
        "place": place,
        "token": text,
        "carrier": draw.choices(list(CARRIERS), list(CARRIERS.values()))[0],
        "copies": 2 if not by_parent and draw.random() < 0.03 else 1,
        "by_parent": by_parent,
    }


def _ask_for_replacements(drafts: list[dict[str, Any]], draw: Random) -> None:
    """One of the later messages of each payload that is replaced asks for it."""
    replaced = [draft["payload"] for draft in drafts if draft["payload"].kind == "replaced"]
    for each in dict.fromkeys(replaced):
        later = [
            draft
            for draft in drafts
            if draft["payload"] == each and draft["place"] > each.number + OVERLAP
        ]
        if later:
            draw.choice(later)["replace"] = True


def message_body(message: Message, url: str | None) -> tuple[str, dict[str, Any]]:
    """A message's body and attributes, its token where its carrier has it.

    Args:
        message: the message.
        url: where its payload lies, for the carrier ``url``.
    """
    attributes = {"soak-number": {"DataType": "String", "StringValue": str(message.number)}}
    body: dict[str, Any] = message.body()
    token, carrier = message.token, message.carrier
    if url is not None:
        body = {"url": url}
    if token is None:
        return json.dumps(body), attributes
    if carrier == "attribute" or message.payload.kind == "unusable":
        attributes["cirrus-task-token"] = {"DataType": "String", "StringValue": token}
    elif carrier == "payload":
        body["process"][0]["callback"] = {"task_token": token}
    elif carrier == "envelope":
        body = {"Payload": body, "TaskToken": token}
    else:
        body["callback"] = {"task_token": token}
    return json.dumps(body), attributes
