"""Hypothesis strategies for events: valid ones mutated, hostile JSON, wrong types, every shape."""

from __future__ import annotations

import itertools
import json
from typing import Any

from hypothesis import strategies as st

from fuzz.aws import BUCKET
from fuzz.case import Case
from fuzz.documents import Envelope, Literal, Object, Secret, Text, has_carrier, secrets
from fuzz.requests import KEYS, joins
from simulation.world import QUEUE_ARN

MAX_TOKENS = 10
Draw = st.DrawFn

junk: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.sampled_from([0.0, -0.0, 1e300, float("inf"), float("nan")])
    | st.text(max_size=6)
    | st.sampled_from(["\ud800", "é", "\x00", "callback", "s3://", "#"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["Callback", "url", "id", "x", "body"]), inner)
    ),
    max_leaves=6,
)
odd = st.sampled_from(
    [
        Literal("9" * 5000),
        Literal("[" * 100 + "]" * 100),
        Literal("[" * 20_000 + "]" * 20_000),
        Literal('{"a": ' * 20_000 + "{}" + "}" * 20_000),
        Literal("1e999"),
        Literal("-0"),
        Literal("NaN"),
        Literal("1E+5"),
    ],
)
unusable = st.sampled_from(
    [
        "",
        None,
        7,
        1.5,
        True,
        [],
        {},
        ["secret-in-a-list"],
        {"S": "secret-in-an-object"},
        "t" * 2049,
        "#continue",
        "#secret-reserved",
        "secret-\ud800-surrogate",
    ],
)
ITEMS = ("a", "b", "c", "d")
IDS = tuple(f"scenes/workflow-child/{item}" for item in ITEMS)
STATES = ("FAILED", "ABORTED", "SUCCEEDED", "INVALID", "PROCESSING", "CLAIMED")


class Source:
    """Draws the parts of one case."""

    def __init__(self, draw: Draw) -> None:
        self.draw = draw
        self._numbers = itertools.count()
        self.objects: dict[str, str] = {}
        self.open_texts: list[str] = []

    def chance(self, percent: int) -> bool:
        """True so often; shrinks to False."""
        return self.draw(st.integers(1, 100)) > 100 - percent

    def secret(self, *, may_wait: bool = True) -> Secret:
        """A token, mostly usable; the same one twice now and then."""
        if self.chance(12):
            return Secret(self.draw(unusable))
        if self.chance(8):
            return Secret(f"#join:{self.draw(st.sampled_from('05af')) * 32}:7", may_wait)
        number = next(self._numbers)
        number = 0 if number and self.chance(10) else number
        ending = self.draw(st.sampled_from(["", "==", 'é"\\/', "x" * 1100, "\x00\n", "€" * 500]))
        return Secret(f"secret-token-{number}-{ending}", may_wait)

    def callback(self, *, may_wait: bool = True) -> Any:
        """A callback block, mostly well formed."""
        if self.chance(6):
            return self.draw(junk)
        members: list[tuple[str, Any, bool]] = [
            ("task_token", self.secret(may_wait=may_wait), True)
        ]
        while len(members) < 3 and self.chance(8):
            members.append(("task_token", self.secret(may_wait=may_wait), True))
        if self.chance(30):
            waiter = {"payload_id": "who", "execution_arn": "arn:who"}
            members.append(("waiter", self.draw(st.sampled_from([waiter, 7, {}]) | junk), False))
        if self.chance(10):
            members.append(("unknown", self.draw(junk | odd), False))
        return Object(members)

    def process_entry(self, place: int) -> Any:
        """An entry of ``process``; one with a callback, maybe."""
        workflow = self.draw(st.sampled_from(["child", "child", "child", "mosaic", "gone"]))
        entry = {"workflow": workflow, "upload_options": {"path_template": "/x"}, "tasks": {}}
        members: list[tuple[str, Any, bool]] = [(n, v, False) for n, v in entry.items()]
        if self.chance(12):
            members.append(("replace", self.draw(st.booleans() | junk), False))
        if self.chance(8):
            members = self.damaged(members)
        if self.chance(50 if place == 0 else 20):
            members.append(("callback", self.callback(may_wait=place == 0), True))
            while len(members) < 8 and self.chance(8):
                members.insert(0, ("callback", self.callback(may_wait=place == 0), True))
        return Object(members)

    def process(self) -> Any:
        """A payload's ``process``."""
        if self.chance(5):
            return self.draw(junk)
        entries = [self.process_entry(0)]
        while len(entries) < 4 and self.chance(15):
            later = self.process_entry(len(entries))
            if self.chance(30):
                later = [later, self.process_entry(9), self.draw(junk)]
            entries.append(later)
        return entries[0] if self.chance(3) else entries

    def damaged(self, members: list[tuple[str, Any, bool]]) -> list[tuple[str, Any, bool]]:
        """Members, one of them lost, changed, added or given twice."""
        how = self.draw(st.sampled_from(["drop", "junk", "odd", "twice", "add"]))
        place = self.draw(st.integers(0, len(members) - 1))
        name, value, is_carrier = members[place]
        if how == "drop":
            return members[:place] + members[place + 1 :]
        if how in ("junk", "odd"):
            changed = self.draw(junk if how == "junk" else odd)
            return [*members[:place], (name, changed, False), *members[place + 1 :]]
        if how == "twice":
            return [
                *members[:place],
                (name, self.draw(junk), False),
                (name, value, is_carrier),
                *members[place + 1 :],
            ]
        extra = self.draw(st.sampled_from(["x", "url_out", "TaskToken", "Payload", "Parameters"]))
        return [*members, (extra, self.draw(junk | odd), False)]

    def payload(self, *, may_refer: bool = True) -> Any:
        """A payload, or a reference to one."""
        if may_refer and self.chance(15):
            return self.reference()
        item = self.draw(st.sampled_from(ITEMS))
        feature = {"type": "Feature", "id": item, "collection": "scenes", "links": []}
        members: list[tuple[str, Any, bool]] = [
            ("type", "FeatureCollection", False),
            ("features", [feature], False),
            ("process", self.process(), False),
        ]
        if self.chance(30):
            members.insert(0, ("id", self.payload_id(item), False))
        if self.chance(10):
            members.insert(0, ("process", self.process(), False))
        if self.chance(15):
            members = self.damaged(members)
        return Object(members)

    def payload_id(self, item: str) -> str:
        """An id of the payload's own, as it should be or not."""
        return self.draw(
            st.sampled_from(
                [
                    f"scenes/workflow-child/{item}",
                    f"own/workflow-child/{item}",
                    "no-workflow",
                    "a/workflow-child/",
                    f"{'é' * 700}/workflow-child/{'i' * 900}",
                    f"a/workflow-child/{'i' * 1025}",
                    "a/workflow-child/b/workflow-mosaic/c",
                    "a/workflow-child/\ud800",
                ],
            ),
        )

    def reference(self) -> Any:
        """A payload by its URL; what is there, if anything, holds no token."""
        key = self.draw(st.sampled_from(["in.json", "slow.json", "gone.json", "bad.json", "é"]))
        if key in ("in.json", "slow.json"):
            feature = {"type": "Feature", "id": "a", "collection": "scenes", "links": []}
            process = {"workflow": "child", "upload_options": {}, "tasks": {}}
            self.objects[key] = json.dumps({"features": [feature], "process": [process]})
        if key == "bad.json":
            self.objects[key] = self.draw(st.sampled_from(["{", "[1]", '"text"', "{}", "\ufeff{}"]))
        url = f"s3://{BUCKET}/{key}"
        if self.chance(15):
            url = self.draw(
                st.sampled_from(["s3://no-such-bucket/x", "s3://Not_One!/x", "ftp://x/y", "", 7])
                | junk,
            )
        members: list[tuple[str, Any, bool]] = [("url", url, False)]
        if self.chance(60):
            members.append(("callback", self.callback(), True))
        if self.chance(10):
            members.append(("process", self.process(), False))
        return Object(members)

    def join_request(self) -> Any:
        """A request for a join, or what is one but for a key beside it."""
        value = self.draw(junk | odd) if self.chance(8) else self.draw(joins())
        members: list[tuple[str, Any, bool]] = [("join", value, False)]
        if self.chance(40):
            members.append(("callback", self.callback(), True))
        if self.chance(8):
            members.insert(0, ("join", self.draw(junk), False))
        if self.chance(15):
            name = self.draw(st.sampled_from(KEYS))
            beside = self.process() if name == "process" else self.draw(junk)
            members.append((name, beside, False))
        if self.chance(10):
            members.append(("id", self.draw(st.sampled_from(IDS) | junk), False))
        return Object(members)

    def enveloped(self, document: Any) -> Any:
        """A document in envelopes, one in another."""
        for _ in range(2):
            if not self.chance(15):
                break
            members = [("Payload", document), ("TaskToken", self.secret())]
            if self.chance(10):
                members.insert(0, ("TaskToken", self.secret()))
            if self.chance(10):
                members.insert(0, ("Payload", self.payload(may_refer=False)))
            if self.chance(10):
                members.append(("x", self.draw(junk | odd)))
            document = Envelope(members)
        return document

    def attributes(self, value_key: str, percent: int) -> tuple[Any, bool]:
        """Message attributes; True where there is one of ours."""
        members: list[tuple[str, Any, bool]] = []
        if self.chance(percent):
            name = self.draw(
                st.sampled_from(
                    ["cirrus-task-token"] * 4 + ["Cirrus-Task-Token", "CIRRUS-TASK-TOKEN"]
                )
            )
            held: Any = Object([(value_key, self.secret(), True)])
            members.append((name, self.draw(junk) if self.chance(5) else held, True))
            if self.chance(30):
                members.append(("cirrus-waiter-payload-id", {value_key: "who"}, True))
        if self.chance(20):
            members.append(("theirs", self.draw(junk), False))
        return Object(members), bool(members)

    def notification(self, document: Any) -> Any:
        """A document in an SNS notification."""
        text: Any = Text(document)
        if self.chance(4):
            text = self.draw(junk)
        attributes, _ = self.attributes("Value", 25)
        members: list[tuple[str, Any, bool]] = [
            ("Type", "Notification", False),
            ("Message", text, False),
            ("MessageAttributes", attributes, False),
        ]
        if self.chance(8):
            members.insert(0, ("Message", Text(self.enveloped(self.payload())), False))
        return Object(members)

    def body(self) -> Any:
        """What a message's body holds, as a document."""
        document = self.enveloped(self.join_request() if self.chance(20) else self.payload())
        if self.chance(20):
            document = self.enveloped(self.notification(document))
        return document


def plain(node: Any) -> Any:
    """A document in a form that a Python object can have: nothing odd, no name twice."""
    match node:
        case Literal():
            return None
        case Object():
            last = {name: (name, plain(value), gone) for name, value, gone in node.members}
            return Object(list(last.values()))
        case Envelope():
            return Envelope([*{n: (n, plain(v)) for n, v in node.members}.values()])
        case list():
            return [plain(each) for each in node]
        case dict():
            return {name: plain(value) for name, value in node.items()}
        case _:
            return node


@st.composite
def cases(draw: Draw) -> Case:
    """A case: mostly one to three SQS messages, now and then another kind of event."""
    source = Source(draw)
    kind = draw(st.sampled_from(["sqs"] * 7 + ["sns", "direct", "strange"]))
    if kind == "direct":
        sent, clean, node = _object(source.body())
        case = Case(sent, clean, [_usable([node])], _texts([node]))
    elif kind == "strange":
        event = draw(junk | st.builds(lambda value: {"Records": value}, junk))
        count = len(event["Records"]) if _has_records(event) else 1
        case = Case(event, event, [[] for _ in range(count)])
    else:
        drawn = [
            _sqs(source, number) if kind == "sqs" else _sns(source, number)
            for number in range(draw(st.integers(1, 3)))
        ]
        case = Case(
            {"Records": [sent for sent, _, _ in drawn]},
            {"Records": [clean for _, clean, _ in drawn]},
            [_usable(nodes) for _, _, nodes in drawn],
            [text for _, _, nodes in drawn for text in _texts(nodes)],
        )
    case.objects = source.objects
    case.secrets = [each for each in case.secrets if not _is_in(each, source.open_texts)]
    if source.chance(50):
        case.before = draw(st.dictionaries(st.sampled_from(IDS), st.sampled_from(STATES)))
    if source.chance(30):
        case.slow_keys = ["slow.json"]
    known = sorted({token for tokens in case.tokens for token in tokens})
    if known and source.chance(15):
        case.refused_puts = [draw(st.sampled_from(known))]
    return case


def _is_in(secret: str, texts: list[str]) -> bool:
    quoted = json.dumps(secret)[1:-1]
    return any(secret in text or quoted in text or secret[:15] in text for text in texts)


def _has_records(event: Any) -> bool:
    return isinstance(event, dict) and isinstance(event.get("Records"), list)


def _sqs(source: Source, number: int) -> tuple[Any, Any, list[Any]]:
    """A message as the queue delivers it: with tokens, without, and the documents in it."""
    text = Text(
        source.body(),
        is_ascii=source.chance(70),
        ending=source.draw(st.sampled_from(["", "", "", "", "", "\n"])),
    )
    sent: Any = text.sent()
    clean: Any = text.clean()
    nodes: list[Any] = [text]
    if source.chance(6):
        broken = source.draw(
            st.sampled_from(["not JSON", "", "null", "[]", '"Message"', "7", sent[:-3], "\ufeff{}"])
            | junk,
        )
        sent = clean = broken
        nodes = []
        source.open_texts.append(str(broken))  # it may hold anything, and nobody looks for it
    attributes, without, node = _object(source.attributes("stringValue", 45)[0])
    nodes.append(node)
    record = {
        "messageId": f"message-{number}",
        "receiptHandle": f"receipt-{number}",
        "attributes": {"ApproximateReceiveCount": "1"},
        "eventSource": "aws:sqs",
        "eventSourceARN": QUEUE_ARN,
    }
    return (
        {**record, "body": sent, "messageAttributes": attributes},
        {**record, "body": clean, "messageAttributes": without},
        nodes,
    )


def _sns(source: Source, number: int) -> tuple[Any, Any, list[Any]]:
    """A record of SNS itself."""
    notification, without, node = _object(source.notification(source.body()))
    if source.chance(10):
        record = source.draw(junk)
        return record, record, []
    about = {"EventSource": "aws:sns", "number": number}
    return {**about, "Sns": notification}, {**about, "Sns": without}, [node]


def _object(document: Any) -> tuple[Any, Any, Any]:
    """A document as Lambda hands it over: a Python object, with and without carriers."""
    node = plain(document)
    text = Text(node)
    sent = json.loads(text.sent())
    return sent, json.loads(text.clean()) if has_carrier(node) else sent, node


def _usable(nodes: list[Any]) -> list[str]:
    found = [each.value for node in nodes for each in secrets(node) if each.is_usable]
    return list(dict.fromkeys(found))


def _texts(nodes: list[Any]) -> list[str]:
    """What nobody may see; short or common texts are not secrets."""
    values = [each.value for node in nodes for each in secrets(node)]
    return sorted({each for each in values if isinstance(each, str) and "secret" in each})
