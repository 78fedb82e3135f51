"""One line of JSON for each decision on a wait, to be searched by payload id."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.cirrus.installed import adapter
from cirrus_callbacks_plugin.errors import RegistrationFailed
from cirrus_callbacks_plugin.joins.rows import join_id_of
from cirrus_callbacks_plugin.lambda_functions import wrapped
from cirrus_callbacks_plugin.protocol import wait_log
from cirrus_callbacks_plugin.waits import step_log
from cirrus_callbacks_plugin.waits.row import token_name
from support.cirrus_world import payload, payload_id

if TYPE_CHECKING:
    from support.aws_calls import AwsCalls
    from support.cirrus_world import World


@pytest.fixture(autouse=True)
def speaking(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in Lambda, and afterwards not."""
    monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")
    package = logging.getLogger(wait_log.PACKAGE)
    monkeypatch.setattr(package, "level", logging.NOTSET)
    wait_log.enable_in_lambda()


class Lines:
    """The lines of one payload."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self._caplog = caplog

    def of(self, about: str | None) -> list[dict[str, Any]]:
        """What a search for the payload id finds, as JSON; by then no longer new."""
        found = [
            json.loads(record.getMessage())
            for record in self._caplog.records
            if record.name == step_log.__name__
        ]
        self._caplog.clear()
        return [line for line in found if line.get("payload_id") == about]


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Lines:
    return Lines(caplog)


def test_a_wait_from_registration_to_settling(world: World, lines: Lines) -> None:
    """Registered and left open by process, settled by update-state; the waiter is named."""
    waiter = {"payload-id": "c/workflow-parent/p"}
    world.send(payload("a"), "secret-token", waiter)
    world.process()
    name = token_name("secret-token")
    about = {"payload_id": payload_id("a"), "wait": name, "waiter": "c/workflow-parent/p"}
    run = world.runs(payload_id("a"))[-1]
    assert lines.of(payload_id("a")) == [
        {
            "callback": "registered",
            **about,
            "workflow_state": "PROCESSING",
            "settled": False,
        },
        {
            "callback": "left open",
            **about,
            "record_state": world.state(payload_id("a")),
            "execution_arn": run,
            "why": "the payload is PROCESSING: its run's end will settle the row",
        },
    ]
    world.end(run)
    world.update_state(run)
    completed = adapter().generation.completed
    assert lines.of(payload_id("a")) == [
        {"callback": "settled", **about, "workflow_state": completed, "execution_arn": run},
    ]


def test_a_redelivered_message_is_seen_as_one(world: World, lines: Lines) -> None:
    """The row that is there already is told from a new one."""
    world.deliver((payload("a"), "token"))
    lines.of(None)
    world.deliver((payload("a"), "token"))
    assert next(line["callback"] for line in lines.of(payload_id("a"))) == "registered before"


def test_an_older_runs_end_is_told_to_decide_nothing(world: World, lines: Lines) -> None:
    """The line says which run ended and which one is waited for."""
    old, new = world.write_state("PROCESSING", runs=("old", "new"))
    world.deliver((payload(), "token"))
    lines.of(None)
    world.update_state(world.event_about(old, "FAILED"))
    (line,) = lines.of(payload_id())
    assert (line["callback"], line["ended"], line["execution_arn"]) == ("left open", old, new)


def test_a_registration_that_failed(world: World, lines: Lines, aws: AwsCalls) -> None:
    """The line says which message comes again, and why; no text of the request is in it."""
    aws.fail("PutItem", when=lambda call: "callbacks" in call.table)
    world.send(payload("a"), "secret-token")
    with pytest.raises(RegistrationFailed):
        world.process()
    (line,) = lines.of(payload_id("a"))
    assert line["callback"] == "not registered"
    assert (line["wait"], line["why"]) == (
        token_name("secret-token"),
        "put: ThrottlingException",
    )
    assert line["message"]


def test_a_join_that_could_not_be_registered(world: World, lines: Lines, aws: AwsCalls) -> None:
    """The line is found by the join's id, under which its rows will be."""
    aws.fail("PutItem", when=lambda call: "callbacks" in call.table)
    world.send({"join": {"members": [payload_id("a")]}}, "secret-token")
    with pytest.raises(RegistrationFailed):
        world.process()
    (line,) = lines.of(join_id_of("secret-token"))
    assert (line["callback"], line["wait"]) == ("not registered", token_name("secret-token"))
    assert line["why"] == "put of the join: ThrottlingException"


def test_a_settling_that_failed(world: World, lines: Lines, aws: AwsCalls) -> None:
    """The one who searches sees that the row waits for the reconciler."""
    world.deliver((payload("a"), "token"))
    run = world.runs(payload_id("a"))[-1]
    world.end(run)
    lines.of(None)
    aws.fail("UpdateItem", "AccessDeniedException", when=lambda call: "callbacks" in call.table)
    world.update_state(run)
    (line,) = lines.of(payload_id("a"))
    assert (line["callback"], line["why"]) == ("not settled", "AccessDeniedException")


def test_no_line_holds_a_token(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """A wait is named by its digest."""
    caplog.set_level(logging.DEBUG, logger=wait_log.PACKAGE)
    world.deliver((payload("a"), "secret-token"))
    assert token_name("secret-token") in caplog.text
    assert "secret-token" not in caplog.text


def test_an_id_is_found_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    """Letters stay letters; half a surrogate pair, which JSON allows, stays an escape."""
    step_log.log_step("settled", "c/workflow-w/Süd \ud800", level=logging.WARNING)
    assert '"c/workflow-w/Süd \\ud800"' in caplog.messages[-1]
    assert json.loads(caplog.messages[-1])["payload_id"] == "c/workflow-w/Süd \ud800"


def test_what_a_terminal_would_obey_stays_an_escape(caplog: pytest.LogCaptureFixture) -> None:
    """Commands write their lines there; the line is JSON of the same id all the same."""
    odd = "c/workflow-w/\x1b[2J \x9b \u202e \x7f \U000e0001"
    step_log.log_step("settled", odd, level=logging.WARNING)
    assert caplog.messages[-1].isprintable()
    assert json.loads(caplog.messages[-1])["payload_id"] == odd


def test_lines_pass_lambdas_own_level(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wrapped handlers let them through, unless the function's configuration says otherwise."""
    package = logging.getLogger(wait_log.PACKAGE)
    package.setLevel(logging.NOTSET)
    monkeypatch.setattr(wrapped, "cirrus_handler", lambda *_: lambda *_: None)
    monkeypatch.setattr(wrapped, "apply_hooks", lambda _, handler: handler)
    monkeypatch.setenv("AWS_LAMBDA_LOG_LEVEL", "ERROR")
    wrapped.wrapped("process")({}, None)
    assert package.level == logging.NOTSET
    monkeypatch.delenv("AWS_LAMBDA_LOG_LEVEL")
    wrapped.wrapped("process")({}, None)
    assert package.level == logging.INFO


def test_elsewhere_the_level_is_the_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A local stack or a test sets its own."""
    monkeypatch.delenv("AWS_LAMBDA_RUNTIME_API")
    package = logging.getLogger(wait_log.PACKAGE)
    package.setLevel(logging.NOTSET)
    wait_log.enable_in_lambda()
    assert package.level == logging.NOTSET
