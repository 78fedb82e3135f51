"""The hook around ``process``, step by step: what it does, says, and never touches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.cirrus import installed
from cirrus_callbacks_plugin.contract import PROCESSING
from cirrus_callbacks_plugin.errors import ConfigurationError, RegistrationFailed
from cirrus_callbacks_plugin.hooks import process as module
from cirrus_callbacks_plugin.hooks.own_time import OwnTime
from cirrus_callbacks_plugin.protocol import error_names
from cirrus_callbacks_plugin.waits.outcome import Outcome
from cirrus_callbacks_plugin.waits.row import Wait, shard, token_name
from support.aws_calls import aws_error
from support.hooked import NOW, Cirrus, Parts, StateDB, message, payload_id
from support.judged import record
from support.logged_steps import lines, listen

if TYPE_CHECKING:
    from collections.abc import Callable

# Cirrus brings what reads the objects behind URLs.
pytest.importorskip("boto3utils")

CONTEXT = object()
RETURNED = {"from": "cirrus"}


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Parts:
    cirrus = Cirrus()
    monkeypatch.setattr(installed, "adapter", lambda: cirrus)
    listen(caplog)
    found = Parts()
    found.clients.s3.bodies["none.json"] = aws_error("NoSuchKey")
    return found


class Handler:
    """In the place of cirrus's handler."""

    def __init__(self, work: Callable[[], Any] = lambda: None) -> None:
        self.events: list[Any] = []
        self._work = work

    def __call__(self, event: Any, context: Any) -> Any:
        """Note the event, and do what a test wants done."""
        assert context is CONTEXT
        self.events.append(event)
        self._work()
        return RETURNED


def run(parts: Parts, handler: Handler, *records: Any, time: OwnTime | None = None) -> Any:
    wrapped = module.process(
        handler,
        services=lambda: parts,  # type: ignore[arg-type, return-value]
        own_time=lambda: time or OwnTime(lambda: 0.0),
    )
    return wrapped({"Records": list(records)}, CONTEXT)


def about(token: str, item: str = "i") -> dict[str, Any]:
    return {
        "payload_id": payload_id(item),
        "wait": token_name(token),
        "waiter": f"who-{token}",
    }


def row(token: str, item: str = "i", **more: Any) -> Wait:
    """The row that a message's token makes."""
    return Wait(
        payload_id(item),
        token,
        workflow="w",
        registered_at=NOW,
        waiting=shard(token),
        cirrus_version="2.0.0",
        waiter_payload_id=f"who-{token}",
        waiter_execution_arn=f"arn-{token}",
        **more,
    )


# --- no token ---------------------------------------------------------------------------


def test_an_event_without_a_token_goes_straight_through() -> None:
    """The very same event and context; no service is made, not even a stopwatch."""

    def never() -> Any:
        raise AssertionError("not needed")

    handler = Handler()
    event = {"Records": [message()]}
    assert module.process(handler, services=never, own_time=never)(event, CONTEXT) is RETURNED
    assert handler.events == [event]
    assert handler.events[0] is event


# --- registration -----------------------------------------------------------------------


def test_a_token_is_registered_before_cirrus_sees_its_payload(
    parts: Parts,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One row with all that is known, one line; cirrus gets the message without the token."""
    parts.states.there[payload_id()] = record("FAILED", "a", "b")
    handler = Handler(lambda: put.extend(parts.waits.put))
    put: list[Wait] = []
    assert run(parts, handler, message("i", "t"), message("j")) is RETURNED
    assert put == [row("t", seen_state="FAILED", seen_execution="b")]
    (event,) = handler.events
    assert [each["messageId"] for each in event["Records"]] == ["m-i", "m-j"]
    assert "cirrus-task-token" not in repr(event)
    assert lines(caplog)[0] == (
        "INFO",
        {
            "callback": "registered",
            **about("t"),
            "workflow_state": "PROCESSING",
            "seen_state": "FAILED",
            "seen_execution": "b",
            "settled": False,
        },
    )


def test_a_row_that_was_there_is_told_and_judged_by_what_it_saw(
    parts: Parts,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A redelivered message: its row says what was seen the first time."""
    first = row("t", seen_state="PROCESSING", seen_execution="a")
    parts.waits.there[first.key] = first
    parts.states.there[payload_id()] = record("SUCCEEDED", "a")
    run(parts, Handler(), message("i", "t"))
    told = [line["callback"] for _, line in lines(caplog)]
    assert told == ["registered before", "settled"]
    url = f"s3://out/{payload_id()}/a"
    assert parts.waits.settled == [("t", Outcome("SUCCEEDED", "a", None, url))]


@pytest.mark.parametrize("more", [{"settled_at": NOW}, {"answered_at": NOW}])
def test_a_row_that_was_settled_or_answered_is_left_alone(parts: Parts, more: Any) -> None:
    """Nothing is read for it again, nothing written."""
    first = row("t", seen_state="PROCESSING", seen_execution="a", **more)
    parts.waits.there[first.key] = first
    parts.states.there[payload_id()] = record("FAILED", "a")
    run(parts, Handler(), message("i", "t"))
    assert parts.waits.settled == []
    assert len(parts.states.reads) == 1


def test_a_completed_payload_is_settled_with_its_first_write(
    parts: Parts,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The row holds the outcome, output and all; no second read."""
    parts.states.there[payload_id()] = record("SUCCEEDED", "b")
    run(parts, Handler(), message("i", "t"))
    assert parts.waits.put == [
        row(
            "t",
            seen_state="SUCCEEDED",
            seen_execution="b",
            workflow_state="SUCCEEDED",
            settled_at=NOW,
            execution_arn="b",
            output_payload_url=f"s3://out/{payload_id()}/b",
        )
    ]
    assert len(parts.states.reads) == 1
    ((_, line),) = lines(caplog)
    assert (line["workflow_state"], line["settled"]) == ("SUCCEEDED", True)


@pytest.mark.parametrize("by", ["payload", "execution"])
def test_a_parent_that_waits_for_itself_is_refused_at_once(parts: Parts, by: str) -> None:
    """With the first write and no call more; cirrus gets its message all the same."""
    sent = message(token="t")
    attributes = sent["messageAttributes"]
    if by == "payload":
        attributes["cirrus-waiter-payload-id"]["stringValue"] = payload_id()
    else:
        del attributes["cirrus-waiter-payload-id"]
    parts.states.there[payload_id()] = record("PROCESSING", "arn-t")
    handler = Handler()
    run(parts, handler, sent)
    (row,) = parts.waits.put
    assert (row.answer_error, row.settled_at) == (error_names.DEPENDENCY_CYCLE, NOW)
    assert row.workflow_state == PROCESSING
    assert len(parts.states.reads) == 1, "the record was read for the registration alone"
    assert not parts.waits.settled
    assert len(handler.events) == 1


def test_replace_is_noted_and_settles_nothing_at_first(parts: Parts) -> None:
    """The run that replaces is waited for."""
    parts.states.there[payload_id()] = record("SUCCEEDED", "a")
    handler = Handler(
        lambda: parts.states.there.update({payload_id(): record("PROCESSING", "a", "b")})
    )
    run(parts, handler, message("i", "t", replace=True))
    assert parts.waits.put == [
        row("t", seen_state="SUCCEEDED", seen_execution="a", replace=True),
    ]
    assert parts.waits.settled == []


def test_a_refused_payload_is_settled_with_the_reason(
    parts: Parts,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It has no record to be read; cirrus sees it all the same and does what it does."""
    handler = Handler()
    run(parts, handler, message("i", "t", refuse="no features"))
    assert parts.waits.put == [
        row(
            "t",
            workflow_state="INVALID",
            settled_at=NOW,
            error="no features",
            answer_error="CirrusCallback.InvalidPayload",
        )
    ]
    assert parts.states.reads == []
    assert len(handler.events) == 1
    ((_, line),) = lines(caplog)
    assert line["answer_error"] == "CirrusCallback.InvalidPayload"


def test_cirrus_is_shown_the_form_that_it_takes(parts: Parts) -> None:
    """A record in a form that this cirrus does not take is replaced, and no other."""
    handler = Handler()
    run(parts, handler, message("i", "t", **{"as": "other"}), message("j", "u"))
    (event,) = handler.events
    first, second = event["Records"]
    assert first["body"] == "other"
    assert second["body"] == message("j")["body"]


def test_an_object_behind_a_url_is_what_is_waited_for(parts: Parts) -> None:
    """Read from S3, while there is time."""
    parts.clients.s3.bodies["k"] = b'{"id": "c/workflow-w/behind"}'
    run(parts, Handler(), {**message("a", "t"), "body": '{"url": "s3://b/k"}'})
    assert parts.waits.put == [row("t", "behind")]


def test_one_token_on_two_messages_of_a_payload_is_one_row(parts: Parts) -> None:
    """One put, and one settle."""
    handler = Handler(lambda: StateDB().set_failed(payload_id(), "no"))
    parts.states.there[payload_id()] = record("CLAIMED", "a")
    run(parts, handler, message("i", "t"), message("i", "t"))
    assert len(parts.waits.put) == 1
    assert parts.waits.settled == [("t", Outcome("FAILED", error="no"))]


# --- registrations that fail ------------------------------------------------------------


def test_what_could_not_be_registered_comes_back_and_nothing_else(
    parts: Parts,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Cirrus gets the rest, which leaves the queue; names in the event's order."""
    parts.clients.s3.bodies["k"] = aws_error("SlowDown")
    parts.waits.meets["bad"] = aws_error("AccessDeniedException")
    by_url = {**message("c", "late"), "body": '{"url": "s3://b/k"}'}
    handler = Handler()
    with pytest.raises(RegistrationFailed) as raised:
        run(parts, handler, message("a", "bad"), message("b", "good"), by_url, message("d"))
    assert raised.value.message_ids == ("m-a", "m-c")
    assert raised.value.reason == "fetch of the payload: SlowDown"
    (event,) = handler.events
    assert [each["messageId"] for each in event["Records"]] == ["m-b", "m-d"]
    assert sorted(parts.clients.sqs.deleted) == ["r-b", "r-d"]
    told = lines(caplog)
    assert [line["wait"] for _, line in told if line["callback"] == "registered"] == [
        token_name("good"),
    ]
    assert [line for line in told if line[1]["callback"] == "not registered"] == [
        (
            "WARNING",
            {
                "callback": "not registered",
                "payload_id": payload_id("a"),
                "wait": token_name("bad"),
                "message": "m-a",
                "why": "put: AccessDeniedException",
            },
        ),
        (
            "WARNING",
            {
                "callback": "not registered",
                "wait": token_name("late"),
                "message": "m-c",
                "why": "fetch of the payload: SlowDown",
            },
        ),
    ]


def test_a_reason_of_our_own_is_told_in_words(parts: Parts) -> None:
    """An error of this package says what happened; one of AWS has a code."""
    ticks = iter([0.0, *[5.0] * 100])
    with pytest.raises(RegistrationFailed, match="2 s of the hook's own time are spent"):
        run(parts, Handler(), message("i", "t"), time=OwnTime(lambda: next(ticks)))


def test_a_state_table_that_cannot_be_read_fails_those_that_need_it(parts: Parts) -> None:
    """A refused payload has no record: its row is put all the same."""
    parts.states.error = aws_error("ThrottlingException")
    handler = Handler()
    with pytest.raises(RegistrationFailed) as raised:
        run(parts, handler, message("a", "t"), message("b", "u", refuse="no"))
    assert raised.value.message_ids == ("m-a",)
    assert raised.value.reason == "read of the state table: ThrottlingException"
    assert [each.task_token for each in parts.waits.put] == ["u"]


def test_one_token_of_two_that_fails_sends_its_message_back(parts: Parts) -> None:
    """What the other one waits for is not settled: cirrus has not seen the message."""
    parts.states.there[payload_id()] = record("FAILED", "a")
    parts.waits.meets["bad"] = aws_error("AccessDeniedException")
    both = message("i", "bad", process=[{"callback": {"task_token": "good"}}])
    with pytest.raises(RegistrationFailed) as raised:
        run(parts, Handler(), message("j"), both)
    assert raised.value.reason == "put: AccessDeniedException"
    assert [each.task_token for each in parts.waits.put] == ["good"]
    assert parts.waits.settled == []
    assert len(parts.states.reads) == 1


def test_messages_that_came_from_no_queue_are_deleted_from_none(parts: Parts) -> None:
    """A topic's record, or a payload by hand: there is nothing to delete."""
    parts.waits.meets["bad"] = aws_error("AccessDeniedException")
    direct = {key: value for key, value in message("j").items() if key != "receiptHandle"}
    parts.clients = None  # type: ignore[assignment]
    with pytest.raises(RegistrationFailed):
        run(parts, Handler(), direct, message("i", "bad"))


def test_a_message_of_no_queue_keeps_no_neighbour_in_one(parts: Parts) -> None:
    """What can be deleted is."""
    parts.waits.meets["bad"] = aws_error("AccessDeniedException")
    direct = {key: value for key, value in message("j").items() if key != "receiptHandle"}
    with pytest.raises(RegistrationFailed):
        run(parts, Handler(), direct, message("i", "bad"), message("k"))
    assert parts.clients.sqs.deleted == ["r-k"]


def test_a_misconfigured_hook_processes_the_neighbours(
    parts: Parts,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The error's own words are logged and raised; the neighbours leave the queue."""
    monkeypatch.setattr(module, "clients", lambda: parts.clients)

    def services() -> Any:
        raise ConfigurationError("CIRRUS_STATE_DB is missing")

    handler = Handler()
    wrapped = module.process(handler, services=services)
    with pytest.raises(RegistrationFailed) as raised:
        wrapped({"Records": [message("a", "t"), message("b")]}, CONTEXT)
    assert raised.value.reason == "CIRRUS_STATE_DB is missing"
    assert raised.value.message_ids == ("m-a",)
    assert [each["messageId"] for each in handler.events[0]["Records"]] == ["m-b"]
    assert parts.clients.sqs.deleted == ["r-b"]
    assert "Callbacks are misconfigured: CIRRUS_STATE_DB is missing" in caplog.text


def test_an_error_of_somebody_else_is_told_by_its_name(
    parts: Parts,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its text could quote anything."""
    del parts

    def services() -> Any:
        raise ValueError("SECRET")

    with pytest.raises(RegistrationFailed) as raised:
        module.process(Handler(), services=services)({"Records": [message("a", "t")]}, CONTEXT)
    assert raised.value.reason == "ValueError"
    assert "Callbacks are misconfigured: ValueError" in caplog.text
    assert "SECRET" not in caplog.text


def test_an_unexpected_error_fails_the_messages_with_tokens_alone(
    parts: Parts,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The log names its type and place, and not its text."""

    def broken(*_: Any) -> Any:
        raise KeyError("SECRET")

    monkeypatch.setattr("cirrus_callbacks_plugin.hooks.registration.Registrar.register", broken)
    handler = Handler()
    with pytest.raises(RegistrationFailed) as raised:
        run(parts, handler, message("a", "t"), message("b"))
    assert raised.value.reason == "unexpected KeyError"
    assert [each["messageId"] for each in handler.events[0]["Records"]] == ["m-b"]
    (line,) = [each for each in caplog.messages if each.startswith("Registration failed")]
    assert line.startswith("Registration failed: unexpected KeyError at test_process.py:")
    assert "SECRET" not in caplog.text


# --- step 3 -----------------------------------------------------------------------------


def test_what_this_invocation_made_final_is_settled(
    parts: Parts,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its run could not be started: no event will come of it. A neighbour stays open."""
    parts.states.there[payload_id("b")] = record("PROCESSING", "x")

    def work() -> None:
        StateDB().set_failed(payload_id("a"), "no such workflow")
        parts.states.there[payload_id("a")] = record("FAILED", "n")

    run(parts, Handler(work), message("a", "t"), message("b", "u"))
    assert parts.waits.settled == [("t", Outcome("FAILED", error="no such workflow"))]
    assert lines(caplog)[2:] == [
        (
            "INFO",
            {
                "callback": "left open",
                **about("u", "b"),
                "record_state": "PROCESSING",
                "why": "the payload is PROCESSING: its run's end will settle the row",
                "execution_arn": "x",
            },
        ),
        ("INFO", {"callback": "settled", **about("t", "a"), "workflow_state": "FAILED"}),
    ]


def test_a_payload_without_a_record_is_left_open(
    parts: Parts,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The line says no more than is known."""
    run(parts, Handler(), message("i", "t"))
    assert lines(caplog)[-1] == (
        "INFO",
        {"callback": "left open", **about("t"), "why": "the payload has no record"},
    )


def test_a_dropped_duplicate_never_started(
    parts: Parts,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The line names the error that is sent."""
    parts.states.there[payload_id()] = record("SUCCEEDED", "a")
    run(parts, Handler(), message("i", "t", replace=True))
    ((_, outcome),) = parts.waits.settled
    assert outcome.answer_error == "CirrusCallback.NeverStarted"
    assert lines(caplog)[-1][1]["answer_error"] == "CirrusCallback.NeverStarted"


def test_a_settle_that_fails_is_told_and_stops_no_other(
    parts: Parts,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One refused, one where somebody was first, one settled."""
    for item in "abc":
        parts.states.there[payload_id(item)] = record(PROCESSING, "r")
    parts.waits.meets["u"] = False

    def work() -> None:
        parts.waits.meets["t"] = aws_error("AccessDeniedException")
        for item in "abc":
            parts.states.there[payload_id(item)] = record("FAILED", "r", error="Boom")

    run(parts, Handler(work), message("a", "t"), message("b", "u"), message("c", "v"))
    outcome = {"workflow_state": "FAILED", "execution_arn": "r"}
    assert lines(caplog)[3:] == [
        (
            "WARNING",
            {
                "callback": "not settled",
                **about("t", "a"),
                **outcome,
                "why": "AccessDeniedException",
            },
        ),
        ("INFO", {"callback": "settled before", **about("u", "b"), **outcome}),
        ("INFO", {"callback": "settled", **about("v", "c"), **outcome}),
    ]


def test_a_record_that_cannot_be_read_again_leaves_its_waits_open(
    parts: Parts,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The reconciler mends it, and no one notices."""

    def work() -> None:
        parts.states.error = aws_error("AccessDeniedException")

    assert run(parts, Handler(work), message("i", "t")) is RETURNED
    assert lines(caplog)[-1] == (
        "WARNING",
        {
            "callback": "not settled",
            **about("t"),
            "why": "AccessDeniedException; the wait stays open until its run ends",
        },
    )


@pytest.mark.parametrize(
    ("state", "settles"),
    [("FAILED", False), ("SUCCEEDED", True)],
)
def test_where_cirrus_raised_only_what_no_cirrus_runs_again_is_settled(
    parts: Parts,
    state: str,
    settles: bool,
) -> None:
    """The queue delivers the message again; the exception is cirrus's own."""
    parts.states.there[payload_id()] = record("PROCESSING", "a")

    def work() -> None:
        parts.states.there[payload_id()] = record(state, "a")
        if state == "FAILED":
            StateDB().set_failed(payload_id(), "no")
        raise KeyError("cirrus's own")

    with pytest.raises(KeyError, match="cirrus's own"):
        run(parts, Handler(work), message("i", "t"))
    assert bool(parts.waits.settled) is settles


def test_cirruss_exception_wins_over_a_failed_registration(parts: Parts) -> None:
    """Redelivery is cirrus's then: nothing is deleted."""
    parts.waits.meets["bad"] = aws_error("AccessDeniedException")

    def work() -> None:
        raise KeyError("cirrus's own")

    with pytest.raises(KeyError):
        run(parts, Handler(work), message("a", "bad"), message("b"))
    assert parts.clients.sqs.deleted == []


def test_cirruss_time_is_not_the_hooks(parts: Parts) -> None:
    """The stopwatch runs while the hook works: before cirrus and after it."""
    now = 0.0
    time = OwnTime(lambda: now)

    def work() -> None:
        nonlocal now
        now += 100.0

    parts.states.there[payload_id()] = record("PROCESSING", "a")
    run(parts, Handler(work), message("i", "t"), time=time)
    assert time.spent == 0.0
    assert len(parts.states.reads) == 2


# --- what is noted, and what is left out ------------------------------------------------------


def test_the_run_that_goes_on_is_noted(parts: Parts, caplog: pytest.LogCaptureFixture) -> None:
    """One update a row; a failure is logged, and reaches nothing but the log."""
    handler = Handler(lambda: parts.states.there.update({payload_id(): record("PROCESSING", "a")}))
    parts.waits.meets["run of u"] = aws_error("AccessDeniedException")
    assert run(parts, handler, message("i", "t"), message("i", "u")) == RETURNED
    assert sorted(parts.waits.noted) == [("t", "a"), ("u", "a")]
    (line,) = [line for _, line in lines(caplog) if line["callback"] == "run not noted"]
    assert (line["wait"], line["execution_arn"]) == (token_name("u"), "a")
    assert "AccessDeniedException" in line["why"]


def missing(item: str, token: str | None = None) -> dict[str, Any]:
    """A message whose object is missing."""
    return {**message(item, token), "body": '{"url": "s3://bucket/none.json"}'}


def test_a_message_that_spoils_its_batch_is_left_out(
    parts: Parts,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its waiter is told; its neighbours are processed, and the queue forgets it with them."""
    handler = Handler()
    assert run(parts, handler, missing("bad", "t"), message("good")) == RETURNED
    assert handler.events == [{"Records": [message("good")]}]
    (put,) = parts.waits.put
    assert put.answer_error == "CirrusCallback.InvalidPayload"
    assert parts.clients.sqs.deleted == []
    (line,) = [line for _, line in lines(caplog) if line["callback"] == "left out"]
    assert (line["message"], line["payload_id"]) == ("m-bad", put.payload_id)
    assert "none.json" in line["why"]


@pytest.mark.parametrize(
    "records",
    [
        (missing("bad", "t"),),
        (missing("bad", "t"), missing("worse", "u")),
        (missing("bad"), message("good")),  # no token: not ours to judge
        ({**missing("bad", "t"), "receiptHandle": None, "eventSourceARN": None}, message("good")),
    ],
)
def test_cirrus_gets_what_spoils_nothing(parts: Parts, records: tuple[Any, ...]) -> None:
    """Without good neighbours, without a token, or from no queue: as without the hook."""
    handler = Handler()
    run(parts, handler, *records)
    assert len(handler.events[0]["Records"]) == len(records)


def test_a_spoiler_that_waits_for_something_else_is_not_left_out(parts: Parts) -> None:
    """Its row was registered when the object was there: nobody was told anything."""
    bad = missing("bad", "t")
    key = Wait("invalid:m-bad", "t").key
    parts.waits.there[key] = Wait("invalid:m-bad", "t")
    handler = Handler()
    run(parts, handler, bad, message("good"))
    assert len(handler.events[0]["Records"]) == 2


def test_what_was_left_out_is_deleted_where_cirrus_raises(parts: Parts) -> None:
    """Cirrus deletes what it has processed; of this nothing is left to do either."""

    def broken() -> None:
        raise RuntimeError("one of them failed")

    with pytest.raises(RuntimeError):
        run(parts, Handler(broken), missing("bad", "t"), message("good"))
    assert parts.clients.sqs.deleted == ["r-bad"]


def test_a_record_that_is_not_read_back_is_not_seen(parts: Parts) -> None:
    """Cirrus will run the payload: what stands there is not what it waits for."""
    about = payload_id("a_b")
    parts.states.there[about] = record("SUCCEEDED", "other")
    run(parts, Handler(), message("a_b", "t"))
    (put,) = parts.waits.put
    assert (put.seen_state, put.seen_execution, put.settled_at) == (None, None, None)


def test_a_throttled_read_settles_nothing_at_first(parts: Parts) -> None:
    """Cirrus may not see the record: step 3 settles what it left alone, once it is through."""
    parts.states.there[payload_id()] = record("SUCCEEDED", "a")
    parts.states.rounds = 2
    run(parts, Handler(), message("i", "t"))
    (put,) = parts.waits.put
    assert (put.seen_state, put.settled_at) == ("SUCCEEDED", None)
    ((token, outcome),) = parts.waits.settled
    assert (token, outcome.workflow_state, outcome.execution_arn) == ("t", "SUCCEEDED", "a")
