"""Run a case through the wrapped handler and through cirrus's own, and compare what they do."""

from __future__ import annotations

import copy
import json
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from cirrus_callbacks_plugin.cirrus.state_table import StateKey
from cirrus_callbacks_plugin.errors import RegistrationFailed
from fuzz.aws import BUCKET, Aws, is_of_queue, plain
from simulation.fake_aws import client as fake_client
from simulation.fake_aws.client import installed
from simulation.scenario import PREFIX
from simulation.system import System, prepared

if TYPE_CHECKING:
    from fuzz.case import Case

MACHINES = ("child", "mosaic")
REFUSALS = ("RECORD_EXTRACT_FAILED", "NOT_A_PROCESS_PAYLOAD")
CIRRUS_LOGGERS = ("lambda_function", "function", "feeder", "task", "cirrus.lib")


@dataclass(slots=True)
class Verdict:
    """What came of a case.

    Attributes:
        problems: what the wrapped handler did that it may not do.
        registrations: rows that it put.
    """

    problems: list[str] = field(default_factory=list)
    registrations: int = 0


@dataclass(slots=True)
class Run:
    """One handler's work on one event."""

    aws: Aws
    outcome: tuple[str, ...]
    raised: Exception | None
    logged: str


class _Silent:
    """In the place of the simulation's actor, who tells a scheduler what happens."""

    def effect(self, *_: object) -> None:
        """Nothing is scheduled here."""


class _Log(logging.Handler):
    """Every line of every logger, as it would be written."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


class Checker:
    """Runs cases in this process; use it as a context manager."""

    def __enter__(self) -> Self:
        self._contexts: list[Any] = [prepared(), installed()]
        for context in self._contexts:
            context.__enter__()
        self._shapes = set(fake_client.shapes_seen)
        self._wrapped = System()
        self._bare = self._wrapped.without_hooks()
        self._log = _Log()
        self._before = []
        for name in (None, *CIRRUS_LOGGERS):
            logger = logging.getLogger(name)
            self._before.append((logger, logger.level, logger.handlers))
            logger.setLevel(logging.DEBUG)
            logger.handlers = [self._log]
        for name in ("botocore", "boto3", "s3transfer", "urllib3"):
            logger = logging.getLogger(name)
            self._before.append((logger, logger.level, logger.handlers))
            logger.setLevel(logging.WARNING)
        return self

    def __exit__(self, *_: object) -> None:
        for logger, level, handlers in self._before:
            logger.setLevel(level)
            logger.handlers = handlers
        # What the fake is asked for here is not what its conformance test is about.
        fake_client.shapes_seen.clear()
        fake_client.shapes_seen.update(self._shapes)
        for context in reversed(self._contexts):
            context.__exit__(None, None, None)

    def check(self, case: Case) -> Verdict:
        """Run a case and judge it."""
        failing = _failing(case)
        wrapped = self._run(self._wrapped, case, case.event, is_logged=True)
        verdict = Verdict(registrations=len(wrapped.aws.waits.items))
        spoiling = self._spoiling(case, failing)
        left_out = failing | spoiling
        if left_out and len(left_out) == len(case.records):
            bare = Run(_prepared(case), ("returned", "None"), None, "")
        else:
            kept = [each for n, each in enumerate(case.clean_records) if n not in left_out]
            rest = {**case.clean, "Records": kept} if left_out else case.clean
            bare = self._run(self._bare, case, rest)
        problems = verdict.problems
        problems += _outcomes(wrapped, bare, failing)
        problems += _effects(wrapped, bare)
        problems += _queue(case, wrapped, bare, failing, spoiling)
        problems += _tokens(case, wrapped, failing)
        problems += _answers(case, wrapped, bare, failing)
        problems += _leaks(case, wrapped)
        return verdict

    def _spoiling(self, case: Case, failing: set[int]) -> set[int]:
        """Messages of the queue whose object cirrus cannot have: it raises, and says nothing."""
        found = set()
        for number, tokens in enumerate(case.tokens):
            if not tokens or number in failing or not is_of_queue(case.records[number]):
                continue
            if not _may_spoil(case.clean_records[number]):
                continue
            alone = {**case.clean, "Records": [case.clean_records[number]]}
            ran = self._run(self._bare, case, alone)
            if ran.raised is not None and not ran.aws.topic.published:
                found.add(number)
        # Without a neighbour to be spared there is nothing to leave it out of.
        return found if len(found) + len(failing) < len(case.records) else set()

    def _run(self, system: System, case: Case, event: Any, *, is_logged: bool = False) -> Run:
        aws = _prepared(case)
        aws.receive(case.records)
        self._log.lines.clear()
        logging.disable(logging.NOTSET if is_logged else logging.CRITICAL)
        actor: Any = _Silent()
        raised = None
        try:
            outcome: tuple[str, ...] = (
                "returned",
                str(system.process(copy.deepcopy(event), actor)),
            )
        except Exception as error:  # noqa: BLE001 - compared, whatever it is
            raised = error
            outcome = ("raised", type(error).__name__, plain(str(error)))
        finally:
            logging.disable(logging.CRITICAL)
        return Run(aws, outcome, raised, "\n".join(self._log.lines))


def _prepared(case: Case) -> Aws:
    aws = Aws(case.slow_keys, case.refused_puts)
    aws.sfn.machines.update(PREFIX + name for name in MACHINES)
    aws.objects.update((key, text.encode()) for key, text in case.objects.items())
    for payload_id, state in case.before.items():
        key = StateKey.of(payload_id)
        assert key is not None
        arn = PREFIX.replace(":stateMachine:", ":execution:") + "child:old"
        item: dict[str, Any] = {
            **key.to_item(),
            "created": {"S": "2024-06-01T00:00:00+00:00"},
            "updated": {"S": "2024-06-01T00:00:00+00:00"},
            "state_updated": {"S": f"{state}_2024-06-01T00:00:00+00:00"},
            "executions": {"L": [{"S": arn}]},
        }
        aws.states.items[aws.states.key(key.to_item())] = item
    return aws


def _may_spoil(record: Any) -> bool:
    """True where the payload is elsewhere, or is not a JSON object."""
    from cirrus.lib.utils import extract_record

    try:
        payload = extract_record(copy.deepcopy(record))
    except Exception:  # noqa: BLE001 - cirrus catches it, whatever it is
        return False
    return not isinstance(payload, dict) or "url" in payload


def _url(record: Any) -> Any:
    """The reference to an object that cirrus finds in a message; None where there is none."""
    from cirrus.lib.utils import extract_record

    try:
        return extract_record(copy.deepcopy(record))["url"]
    except Exception:  # noqa: BLE001 - whatever it is: no reference to an object
        return None


def _failing(case: Case) -> set[int]:
    """The messages whose tokens cannot be registered now."""
    found = set()
    for number, (record, tokens) in enumerate(zip(case.clean_records, case.tokens, strict=True)):
        if not tokens:
            continue
        is_slow = _url(record) in [f"s3://{BUCKET}/{key}" for key in case.slow_keys]
        if is_slow or set(tokens) & set(case.refused_puts):
            found.add(number)
    return found


def _outcomes(wrapped: Run, bare: Run, failing: set[int]) -> list[str]:
    if failing and bare.raised is None:
        error = wrapped.raised
        if isinstance(error, RegistrationFailed) and len(error.message_ids) == len(failing):
            return []
        return [f"outcome: {wrapped.outcome}, not RegistrationFailed of {len(failing)}"]
    if wrapped.outcome != bare.outcome:
        return [f"outcome: {wrapped.outcome}, bare {bare.outcome}"]
    return []


def _effects(wrapped: Run, bare: Run) -> list[str]:
    ours, theirs = wrapped.aws.effects(), bare.aws.effects()
    return [
        f"{name}: {str(ours[name])[:2000]}, bare {str(theirs[name])[:2000]}"
        for name in theirs
        if ours[name] != theirs[name]
    ]


def _queue(
    case: Case,
    wrapped: Run,
    bare: Run,
    failing: set[int],
    spoiling: set[int],
) -> list[str]:
    """Messages left once the event source mapping has done its part."""
    expected = {
        record["messageId"]
        for number, record in enumerate(case.records)
        if number in failing and is_of_queue(record)
    }
    left = set() if wrapped.raised is None else set(wrapped.aws.messages.values())
    if bare.raised is not None:
        told = {
            case.records[number]["messageId"]
            for number in spoiling
            if is_of_queue(case.records[number])
        }
        expected = set(bare.aws.messages.values()) - told
    return [] if left == expected else [f"in the queue: {left}, expected {expected}"]


def _tokens(case: Case, wrapped: Run, failing: set[int]) -> list[str]:
    """Every readable token has its row, unless its message came back; nothing else has."""
    rows = wrapped.aws.waits.items.values()
    registered = {(row.get("full_task_token") or row["task_token"])["S"] for row in rows}
    due = {each for n, tokens in enumerate(case.tokens) if n not in failing for each in tokens}
    known = {each for tokens in case.tokens for each in tokens}
    problems = [f"lost: {token[:60]!r}" for token in due - registered]
    return problems + [f"from nowhere: {token[:60]!r}" for token in registered - known]


def _answers(case: Case, wrapped: Run, bare: Run, failing: set[int]) -> list[str]:
    """A single message's rows are about the payload that cirrus says it is."""
    if len(case.records) != 1 or failing or not bare.aws.topic.published:
        return []
    event = bare.aws.topic.published[0]
    problems = []
    for row in wrapped.aws.waits.items.values():
        refused = "answer_error" in row and row["answer_error"]["S"].endswith("InvalidPayload")
        payload_id = (row.get("full_payload_id") or row["payload_id"])["S"]
        if event["event_type"] in REFUSALS:
            if not refused:
                problems.append(f"cirrus refused the payload, the row waits: {row}")
        elif payload_id != event["payload_id"]:
            problems.append(f"a row of {payload_id}, cirrus says {event['payload_id']}")
        elif refused and bare.raised is None:
            problems.append(f"cirrus took the payload, the row is refused: {row['error']}")
    return problems


def _leaks(case: Case, wrapped: Run) -> list[str]:
    written = [
        ("the log", wrapped.logged),
        ("the outcome", " ".join(wrapped.outcome)),
        ("the state table", json.dumps(list(wrapped.aws.states.items.values()))),
        ("a topic", json.dumps(wrapped.aws.topic.published)),
        ("an execution", json.dumps([e.input for e in wrapped.aws.sfn.executions.values()])),
        *(
            ("an object", body.decode())
            for key, body in wrapped.aws.objects.items()
            if key not in case.objects
        ),
    ]
    found = []
    for secret in case.secrets:
        forms = {secret, json.dumps(secret)[1:-1], json.dumps(json.dumps(secret)[1:-1])[1:-1]}
        found += [
            f"{place} holds {secret[:60]!r}"
            for place, text in written
            if any(form in text for form in forms)
        ]
    return found
