"""Waits in flight while parts of the first form and of this version stand side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.cirrus.installed import cirrus_handler
from support.cirrus_world import Context, payload, payload_id
from support.later import REDELIVERY, Later
from support.older_answering import OlderAnswering, OlderHooks

if TYPE_CHECKING:
    from support.cirrus_world import World

ARCHIVE = Path(__file__).with_name("first_form") / "functions.zip"
TAKEN: dict[str, Any] = {"batchItemFailures": []}


@pytest.fixture
def older_hooks(world: World) -> OlderHooks:
    """The hooks of the first form."""
    hooks = OlderHooks.of(ARCHIVE)
    assert hooks.process.__module__ == "cirrus_callbacks_plugin.hooks.process"
    assert "joins" not in hooks.process.__code__.co_names, "not the first form"
    return hooks


@pytest.fixture
def older(world: World) -> OlderAnswering:
    """Its sender and reconciler."""
    older = OlderAnswering.of(ARCHIVE)
    assert not hasattr(older.sender, "Joins"), "not the first form"
    return older


def _registered_by(hooks: OlderHooks, world: World, *items: str) -> list[str]:
    tokens = [world.start_parent() for _ in items]
    for item, token in zip(items, tokens, strict=True):
        world.send(payload(item), token)
    event = world.receive()
    assert event is not None
    hooks.process(cirrus_handler("process"))(event, Context())
    world.delete(event)
    return tokens


def _end(world: World, item: str, error: str | None = None) -> str:
    run = world.runs(payload_id(item))[-1]
    world.end(run, error=error)
    return run


@pytest.mark.parametrize("settled_by", ["older hooks", "newer hooks"])
def test_a_wait_of_the_first_form_is_answered_by_the_newer_sender(
    world: World,
    older_hooks: OlderHooks,
    settled_by: str,
) -> None:
    """By hook or reconciler: success and failure are those of its payload."""
    good, bad = _registered_by(older_hooks, world, "good", "bad")
    for item, error in (("good", None), ("bad", "Broken")):
        run = _end(world, item, error)
        if settled_by == "newer hooks":
            world.update_state(run)
        else:
            event = world.event_of(run)
            older_hooks.update_state(cirrus_handler("update_state"))(event, Context())
    assert world.send_answers() == TAKEN
    assert (world.row(good)["answer"], world.row(bad)["answer"]) == ("success", "failure")
    assert world.row(bad)["answer_error"] == "CirrusCallback.Failed"


def test_a_wait_of_the_first_form_is_repaired_by_the_newer_reconciler(
    world: World,
    older_hooks: OlderHooks,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its event never came: settled from its run in one pass, answered by the sender."""
    (token,) = _registered_by(older_hooks, world, "lost")
    _end(world, "lost")
    world.new_stream_records()
    assert Later(monkeypatch)(REDELIVERY + 60)["settled"] == 1  # so late on 0.x
    world.send_answers()
    assert world.row(token)["answer"] == "success"


def test_a_wait_of_the_newer_hooks_is_answered_by_the_sender_of_the_first_form(
    world: World,
    older: OlderAnswering,
) -> None:
    """An ordinary row has for it no attribute that it misjudges."""
    good, bad = world.start_parent(), world.start_parent()
    world.deliver((payload("good"), good), (payload("bad"), bad))
    for item, error in (("good", None), ("bad", "Broken")):
        world.update_state(_end(world, item, error))
    assert older.send(world.new_stream_records()) == TAKEN
    assert (world.row(good)["answer"], world.row(bad)["answer"]) == ("success", "failure")


def test_a_wait_of_the_newer_hooks_is_repaired_by_the_reconciler_of_the_first_form(
    world: World,
    older: OlderAnswering,
) -> None:
    """Its event never came, and its first record neither."""
    token = world.start_parent()
    world.deliver((payload("lost"), token))
    _end(world, "lost")
    world.new_stream_records()
    assert older.one_pass(REDELIVERY + 60)["settled"] == 1
    assert older.send(world.new_stream_records()) == TAKEN
    assert world.row(token)["answer"] == "success"
