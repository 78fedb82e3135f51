"""The whole loop with every logger at DEBUG: no token stands anywhere but where it belongs."""

from __future__ import annotations

import base64
import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.hooks.process import _Invocation
from cirrus_callbacks_plugin.hooks.registration import Registrar
from cirrus_callbacks_plugin.protocol.answer import Answerer
from cirrus_callbacks_plugin.waits.row import digest
from support.cirrus_world import payload, payload_id
from support.generation import bare_handler
from support.secrets import Written, calls, every_logger, forms, stores

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.aws_calls import AwsCalls, Call
    from support.cirrus_world import World

AWKWARD = [f'AQB{number}/+é"\\=={"x" * 40}' for number in range(9)]
DEEP = "[" * 20_000 + "]" * 20_000


@pytest.fixture(autouse=True)
def imported(world: World) -> None:
    """Cirrus 0.7's logging setup, done at import, switches off every logger that it finds."""
    for name in ("process", "update_state"):
        bare_handler(name)


def messages(world: World, tokens: list[str]) -> list[tuple[Any, str | None]]:
    """A message for every carrier, good and bad."""
    bucket = world.names.payload_bucket
    world.s3.put_object(Bucket=bucket, Key="in.json", Body=json.dumps(payload("url")))
    chained = payload("chained")
    chained["process"].append({"workflow": "x", "callback": {"task_token": AWKWARD[0]}})
    twice = json.dumps(payload("twice", callback={"task_token": AWKWARD[1]}))[:-1]
    twice += f', "process": {json.dumps(payload()["process"])}}}'
    return [
        (payload("attribute"), tokens[0]),
        (
            payload("inside", callback={"task_token": tokens[1], "waiter": {"payload_id": "w"}}),
            None,
        ),
        ({"Payload": payload("envelope"), "TaskToken": tokens[2]}, None),
        ({"url": f"s3://{bucket}/in.json", "callback": {"task_token": tokens[3]}}, None),
        (chained, AWKWARD[2]),
        (twice, None),
        ("not JSON", AWKWARD[3]),
        (
            json.dumps(payload("deep", callback={"task_token": AWKWARD[4]}))[:-1]
            + f', "x": {DEEP}}}',
            None,
        ),
        ({"url": f"s3://{bucket}/missing.json"}, AWKWARD[5]),
        (payload("malformed", callback={"task_token": f"#{AWKWARD[6]}"}), None),
        (payload("endless", callback={"task_token": AWKWARD[7] * 60}), None),
    ]


def the_whole_loop(
    world: World,
    aws: AwsCalls,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[Written, list[str]]:
    """Everything that the functions and commands do; what they wrote, and the tokens."""
    from cirrus_callbacks_plugin.lambda_functions import reconciler, sender
    from cirrus_callbacks_plugin.operations import repairs

    monkeypatch.setattr(repairs, "SENDER_SECONDS", 0.0)  # nobody waits for it here
    written = Written()
    tokens = [world.start_parent() for _ in range(5)]
    sent = messages(world, tokens)
    with every_logger(written), aws.recording() as recording:
        for body, token in sent:
            world.send(body, token)
            attempt(written, world.process)
        # A batch of which one cannot be registered, then an answer that is refused.
        aws.fail("PutItem", when=of_token(tokens[4]))
        world.send(payload("late"), tokens[4])
        world.send(payload("neighbour"), AWKWARD[8])
        attempt(written, world.process)
        aws.heal()
        attempt(written, world.process)
        for item, how in (("attribute", None), ("inside", "Boom"), ("url", None)):
            for run in world.runs(payload_id(item)):
                world.end(run, error=how)
                attempt(written, lambda run=run: world.update_state(run))
        monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", "nowhere")  # metrics are printed there
        for operation in ("SendTaskSuccess", "SendTaskFailure"):
            aws.fail(operation, "AccessDeniedException", times=1)
        attempt(written, lambda: world.send_answers(world.new_stream_records()))
        aws.fail("SendTaskFailure", "ThrottlingException", times=1)
        monkeypatch.setenv("CIRRUS_CALLBACKS_GRACE_SECONDS", "0")
        monkeypatch.setenv("CIRRUS_CALLBACKS_HEARTBEAT", "true")
        attempt(written, lambda: reconciler.lambda_handler({}, None))
        aws.heal()
        attempt(written, lambda: sender.lambda_handler({"Records": world.new_stream_records()}))
        commands(written, world)
    own = [c for c in recording.calls if c.operation not in ("SendMessage", "ReceiveMessage")]
    recording.calls[:] = own  # the messages that the test itself, as a parent, sends
    calls(written, recording)
    stores(written, world)
    captured = capsys.readouterr()
    written.add("standard output", captured.out)
    written.add("standard error", captured.err)
    assert '"CirrusCallbacks"' in captured.out
    return written, [*tokens, *AWKWARD]


def attempt(written: Written, act: Callable[[], object]) -> None:
    """Do it; what it returns or raises is noted."""
    try:
        written.add("a result", act())
    except Exception as error:  # noqa: BLE001 - whatever it is, its text is searched
        written.raised(error)


def commands(written: Written, world: World) -> None:
    """What people run: each command, as text and as JSON."""
    from cirrus_callbacks_plugin.cli.main import status_of

    about = payload_id("envelope")
    prefix = ["--prefix", world.names.state_table.removesuffix("-state")]
    statuses = []
    for command in (
        ["waits", "--all"],
        ["show", about],
        ["show", payload_id("attribute")],
        ["reconcile", "--dry-run"],
        ["resend", payload_id("attribute"), "--yes"],
        ["cancel", about, "--yes", "--reason", "a test"],
        ["settle", about, "--yes"],
    ):
        for more in ([], ["--json"]):
            attempt(
                written, lambda c=command, m=more: statuses.append(status_of([*c, *prefix, *m]))
            )
    assert statuses[:4] == [0, 0, 0, 0]


def of_token(token: str) -> Callable[[Call], bool]:
    """Calls that put the row of a token."""
    return lambda call: call.parameters.get("Item", {}).get("task_token", {}).get("S") == token


def test_no_token_is_written_anywhere(
    world: World,
    aws: AwsCalls,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Plain, escaped, quoted, as hexadecimal, or in base64 at any alignment."""
    written, tokens = the_whole_loop(world, aws, capsys, monkeypatch)
    places = {place.partition(" ")[0] for place, _ in written.texts}
    assert places >= {"logger", "an", "call", "a", "the", "standard"}
    assert any("Records" in text and "messageAttributes" in text for _, text in written.texts)
    answered = {row["task_token"] for row in world.rows() if "answered_at" in row}
    assert len(answered) > 5
    assert written.holding(tokens) == []
    # The digest stands for the token where people need a name.
    names = [digest(token)[:8] for token in tokens[:5]]
    assert all(any(name in text for _, text in written.texts) for name in names)


def log_at_debug(patch: pytest.MonkeyPatch) -> None:
    """A line of a library's own, somewhere below."""
    put = Registrar._put

    def logged(self: Any, row: Any) -> Any:
        coded = base64.b64encode(f"x{row.task_token}".encode()).decode()
        logging.getLogger("somewhere.deep").debug("row %s", coded)
        return put(self, row)

    patch.setattr(Registrar, "_put", logged)


def raise_with_it(patch: pytest.MonkeyPatch) -> None:
    """An exception whose cause quotes what it met."""
    run = _Invocation._run_cirrus

    def raising(self: Any, registered: Any) -> Any:
        for message in self.delivery.carriers:
            cause = ValueError(repr(message.callbacks[0].task_token))
            raise RuntimeError("it broke") from cause
        return run(self, registered)

    patch.setattr(_Invocation, "_run_cirrus", raising)


def hand_it_to_cirrus(patch: pytest.MonkeyPatch) -> None:
    """The child's input, and so the bucket, the log and the execution hold it."""
    from cirrus_callbacks_plugin.hooks.delivery import Delivery

    patch.setattr(Delivery, "event_without", lambda self, *_: self.original)


def print_it(patch: pytest.MonkeyPatch) -> None:
    """A line on standard output, where metrics go."""
    send = Answerer._send

    def printed(self: Any, token: str, answer: Any) -> None:
        print(json.dumps({"dimension": token}))  # noqa: T201 - the leak
        send(self, token, answer)

    patch.setattr(Answerer, "_send", printed)


@pytest.mark.parametrize("plant", [log_at_debug, raise_with_it, hand_it_to_cirrus, print_it])
def test_a_planted_leak_is_found(
    world: World,
    aws: AwsCalls,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    plant: Callable[[pytest.MonkeyPatch], None],
) -> None:
    """The search above finds what it is there to find."""
    plant(monkeypatch)
    world.send(payload(), AWKWARD[0])
    written = Written()
    with every_logger(written):
        attempt(written, world.process)
        attempt(
            written, lambda: world.update_state(world.event_about(world.runs(payload_id())[-1]))
        )
        attempt(written, world.send_answers)
    stores(written, world)
    written.add("standard output", capsys.readouterr().out)
    assert written.holding([AWKWARD[0]])


@pytest.mark.parametrize("before", ["", "x", "xy"])
@pytest.mark.parametrize("secret", AWKWARD[:1])
def test_base64_hides_nothing_at_any_alignment(before: str, secret: str) -> None:
    """Whatever stands before and after it."""
    for after in ("", "z", "zz", "zzz"):
        text = base64.b64encode(f"{before}{secret}{after}".encode()).decode()
        assert any(form in text for form in forms(secret)), text
