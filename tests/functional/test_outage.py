"""The tracking table missing, refusing or hanging; a configuration that is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import NoRegionError

from cirrus_callbacks_plugin.errors import ConfigurationError, RegistrationFailed
from cirrus_callbacks_plugin.hooks import own_time, services
from cirrus_callbacks_plugin.hooks.own_time import OwnTime
from cirrus_callbacks_plugin.hooks.process import process
from cirrus_callbacks_plugin.hooks.update_state import update_state
from support.cirrus_world import Context, payload, payload_id
from support.generation import bare_handler
from support.silent_endpoint import services_with, silent_endpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.aws_calls import AwsCalls
    from support.cirrus_world import World


@pytest.fixture
def silent() -> Iterator[str]:
    """An endpoint that never answers."""
    with silent_endpoint() as url:
        yield url


def cirrus(name: str) -> Callable[[Any, Any], Any]:
    """Cirrus's own handler, unwrapped."""
    handler: Callable[[Any, Any], Any] = bare_handler(name)
    return handler


def mixed_batch(world: World) -> dict[str, Any]:
    """Two messages with tokens and two without."""
    for item, token in (("a", "one"), ("b", None), ("c", "two"), ("d", None)):
        world.send(payload(item), token)
    event = world.receive()
    assert event is not None
    return event


def assert_only_tokens_come_back(world: World) -> None:
    """Neighbours processed once and deleted; messages with tokens untouched."""
    assert world.messages_left() == 2
    assert [len(world.runs(payload_id(item))) for item in "abcd"] == [0, 1, 0, 1]


@pytest.mark.parametrize("which", ["both", "callbacks"])
def test_a_hanging_table_delays_messages_with_tokens_alone(
    world: World,
    silent: str,
    which: str,
) -> None:
    """Nothing answers: neighbours are processed and deleted, the tokens come back."""
    event = mixed_batch(world)
    wrapped = process(cirrus("process"), services=services_with(silent, silent=which))
    with pytest.raises(RegistrationFailed):
        wrapped(event, Context())
    assert_only_tokens_come_back(world)


def test_the_first_call_that_hangs_ends_all_registrations(
    world: World,
    silent: str,
    aws: AwsCalls,
) -> None:
    """Once a call was not answered no further one is begun, but the neighbours' deletion."""
    for number in range(10):
        world.send(payload(f"item-{number}"), f"token-{number}")
    event = world.receive()
    assert event is not None
    wrapped = process(cirrus("process"), services=services_with(silent, silent="both"))
    with aws.recording() as recording, pytest.raises(RegistrationFailed, match="10 message"):
        wrapped(event, Context())
    assert recording.counts() == {"BatchGetItem": 1}


def test_step_3_is_not_begun_after_a_call_that_hung(
    world: World,
    silent: str,
    aws: AwsCalls,
) -> None:
    """Puts hang after the read: no read of step 3 is spent on them."""
    event = mixed_batch(world)
    wrapped = process(cirrus("process"), services=services_with(silent, silent="callbacks"))
    with aws.recording() as recording, pytest.raises(RegistrationFailed):
        wrapped(event, Context())
    ours = [call for call in recording.of("BatchGetItem") if "ConsistentRead" in str(call)]
    assert len(ours) == 1


def test_no_call_is_begun_once_the_hooks_time_is_spent(world: World, aws: AwsCalls) -> None:
    """Two seconds of its own: a slow table costs no more, and the rest comes back."""
    event = mixed_batch(world)
    now = [0.0]

    def slow() -> None:
        now[0] += own_time.OWN_SECONDS

    aws.just_before("BatchGetItem", slow)
    wrapped = process(cirrus("process"), own_time=lambda: OwnTime(lambda: now[0]))
    with (
        aws.recording() as recording,
        pytest.raises(RegistrationFailed, match="hook's own time are spent"),
    ):
        wrapped(event, Context())
    assert_only_tokens_come_back(world)
    assert recording.of("PutItem") == []
    assert len(recording.of("DeleteMessageBatch")) == 1


def test_cirruss_own_time_is_not_the_hooks(world: World, aws: AwsCalls) -> None:
    """However long cirrus takes, step 3 is still made."""
    now = [0.0]

    def slow_cirrus(event: Any, context: Any) -> Any:
        now[0] += 600
        return cirrus("process")(event, context)

    world.send(payload(workflow="no-such-workflow"), "token")
    event = world.receive()
    process(slow_cirrus, own_time=lambda: OwnTime(lambda: now[0]))(event, Context())
    assert world.row("token")["workflow_state"] == "FAILED"


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException"])
def test_a_refusing_or_missing_table_delays_messages_with_tokens_alone(
    world: World,
    aws: AwsCalls,
    code: str,
) -> None:
    """A table that is not there, or not ours to write, is an outage like any other."""
    event = mixed_batch(world)
    if code == "ResourceNotFoundException":
        world.dynamodb.delete_table(TableName=world.names.callbacks_table)
    else:
        aws.fail("PutItem", code)
    with pytest.raises(RegistrationFailed, match=f"put: {code}"):
        world.process(event)
    assert_only_tokens_come_back(world)


def test_a_table_name_that_cannot_be_derived_is_an_outage(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Payloads without a token are unaffected; the log says which variable to set."""
    from_env = services.Tables.from_env

    def odd_name() -> Any:
        # Cirrus reads the same variable and has a table of that name; here it has not.
        return from_env({"CIRRUS_STATE_DB": "odd-name"})

    monkeypatch.setattr(services.Tables, "from_env", odd_name)
    assert world.deliver((payload("plain"), None)) == 1
    with pytest.raises(RegistrationFailed, match="set CIRRUS_CALLBACKS_TABLE"):
        world.process(mixed_batch(world))
    assert_only_tokens_come_back(world)
    assert "Callbacks are misconfigured" in caplog.text


def test_a_client_that_cannot_be_made_is_an_outage(world: World) -> None:
    """No region, a broken endpoint: an error of any type while making clients."""

    def no_region() -> Any:
        raise NoRegionError

    with pytest.raises(RegistrationFailed, match="NoRegionError"):
        process(cirrus("process"), services=no_region)(mixed_batch(world), Context())
    assert_only_tokens_come_back(world)


def test_neighbours_are_not_deleted_where_sqs_cannot_be_reached(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Not even a client for SQS: the failed registration is still what is raised."""

    def no_region() -> Any:
        raise NoRegionError

    monkeypatch.setattr("cirrus_callbacks_plugin.hooks.process.clients", no_region)
    with pytest.raises(RegistrationFailed):
        process(cirrus("process"), services=no_region)(mixed_batch(world), Context())
    assert "will come again" in caplog.text


def test_update_state_never_fails_for_a_table(
    world: World,
    silent: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Hanging, misconfigured or refusing: cirrus's own work is done and its return kept."""
    (run,) = world.write_state("PROCESSING")
    world.deliver((payload(), "token"))

    def misconfigured() -> Any:
        raise ConfigurationError("set CIRRUS_CALLBACKS_TABLE")

    for broken in (services_with(silent, silent="both"), misconfigured):
        wrapped = update_state(cirrus("update_state"), services=broken)
        assert wrapped(world.event_about(run), Context()) is None
    assert world.state(payload_id()) == "SUCCEEDED"
    assert "settled_at" not in world.row("token")
    assert "set CIRRUS_CALLBACKS_TABLE" in caplog.text
    world.update_state(world.event_about(run))
    assert world.row("token")["workflow_state"] == "SUCCEEDED"


def test_the_continuation_is_not_tried_where_it_could_outlast_the_lambda(
    world: World,
    silent: str,
    aws: AwsCalls,
) -> None:
    """Rows read, then the table hangs at the very end of the time: no further call."""
    (run,) = world.write_state("PROCESSING")
    world.deliver((payload(), "token"))
    now = [0.0]
    hang = services_with(silent, silent="callbacks")()

    def services_then_silent() -> Any:
        found = services.Services.from_env()
        real = found.waits.open_rows

        class Waits(type(found.waits)):  # type: ignore[misc]
            def open_rows(self, payload_id: str) -> Any:
                yield from real(payload_id)

            def settle_all(self, *args: Any, **named: Any) -> Any:
                now[0] = 9.0  # of ten seconds
                return hang.waits.settle_all(*args, **named)

        return services.Services(
            Waits(found.waits.client, found.waits.name), found.states, found.clients
        )

    wrapped = update_state(
        cirrus("update_state"), services=services_then_silent, clock=lambda: now[0]
    )
    with aws.recording() as recording:
        wrapped(world.event_about(run), None)
    assert recording.of("PutItem") == []
    assert "settled_at" not in world.row("token")


def test_the_clients_keep_to_the_attempts_and_timeouts_of_the_worst_case() -> None:
    """The bound is computed from what the clients are really configured with."""
    for service, attempts in (("dynamodb", own_time.CALL_ATTEMPTS), ("s3", 1), ("sqs", 1)):
        config = getattr(services.HookClients(), service).meta.config
        assert config.connect_timeout == config.read_timeout == own_time.CALL_TIMEOUT_SECONDS
        # Only DynamoDB's own repetition pauses but 50 ms; `retry_at_once` repeats the others.
        assert config.retries["total_max_attempts"] == attempts
    one_call = own_time.CALL_ATTEMPTS * own_time.CALL_TIMEOUT_SECONDS
    assert own_time.OWN_SECONDS + 2 * one_call <= 6
