"""One row, or one record, that cannot be read: the commands name it and show all the others."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.waits.row import Key, token_name
from support.open_waits import payload_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.command_line import Run
    from support.open_waits import OpenWaits

TOKEN = "a-malformed-secret-token"
WRONG: list[dict[str, Any]] = [
    {"registered_at": {"S": "2024-06-01"}},
    {"settled_at": {"S": "yesterday"}},
    {"workflow_state": {"N": "1"}},
    {"history": {"S": "long"}},
    {"answered_at": {"NULL": True}},
]
COMMANDS = [
    ("waits", "--json"),
    ("waits", "--all", "--json"),
    ("stats", "--json"),
    ("graph", "--format", "dot"),
    ("reconcile", "--dry-run", "--json"),
]


@pytest.fixture(params=WRONG, ids=lambda wrong: next(iter(wrong)))
def malformed(waits: OpenWaits, request: pytest.FixtureRequest) -> Iterator[str]:
    """A row of a payload that others wait for as well."""
    about = payload_id("running")
    row = waits.register(about, TOKEN)
    item = {**row.to_item(), **request.param}
    waits.dynamodb.put_item(TableName=waits.names.callbacks_table, Item=item)
    yield about
    waits.remove((about, TOKEN))


@pytest.fixture
def malformed_record(waits: OpenWaits) -> Iterator[str]:
    """A payload whose record nobody can read."""
    about = payload_id("malformed-record")
    waits.register(about, TOKEN)
    waits.record(about, "PROCESSING")
    key = {"TableName": waits.names.state_table, "Key": _state_key(about)}
    waits.dynamodb.update_item(
        **key,
        UpdateExpression="SET executions = :text",
        ExpressionAttributeValues={":text": {"S": "x"}},
    )
    yield about
    waits.remove((about, TOKEN))
    waits.dynamodb.delete_item(**key)


def _state_key(about: str) -> dict[str, Any]:
    from cirrus_callbacks_plugin.cirrus.state_table import StateKey

    key = StateKey.of(about)
    assert key is not None
    return key.to_item()


def shown(out: str) -> Any:
    """What a command shows of waits; how many rows there are, and were read, is another matter."""
    if not out.startswith("{"):
        return out
    return {
        name: value for name, value in json.loads(out).items() if name not in ("rows_read", "total")
    }


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_malformed_row_hides_no_other_from_a_command(
    *,
    command: tuple[str, ...],
    malformed: str,
    run: Run,
    waits: OpenWaits,
    caplog: pytest.LogCaptureFixture,
    request: pytest.FixtureRequest,
) -> None:
    """What the command shows is what it shows without that row; the row is named by its digest."""
    ran = run(*command)
    assert ran.status in (0, 1), ran.err
    is_read = command[0] != "stats" or "history" not in request.node.name
    assert (token_name(TOKEN) in caplog.text) is is_read
    assert TOKEN not in caplog.text + ran.out + ran.err
    waits.remove((malformed, TOKEN))
    without = run(*command).out
    if is_read:
        assert shown(ran.out) == shown(without)
    else:  # the counts leave a row's history aside: to them it is a wait like any other
        assert _open(ran.out) == _open(without) + 1


def _open(stats: str) -> int:
    return sum(workflow["open"] for workflow in json.loads(stats)["workflows"])


def test_the_payload_of_a_malformed_row_is_shown(
    malformed: str,
    run: Run,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With its other waits."""
    ran = run("show", malformed, "--json")
    assert ran.status == 0, ran.err
    assert json.loads(ran.out)["waits"]
    assert token_name(TOKEN) in caplog.text
    assert Key.of(malformed, TOKEN).name not in ran.out


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_malformed_record_hides_no_wait_of_another_payload(
    command: tuple[str, ...],
    malformed_record: str,
    run: Run,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What cannot be judged is named and left out: to guess would be wrong."""
    ran = run(*command)
    assert ran.status in (0, 1), ran.err
    if command[0] == "stats":  # counts rows, judges none
        return
    assert token_name(TOKEN) in caplog.text
    assert malformed_record in caplog.text
