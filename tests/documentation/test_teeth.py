"""What the documentation's tests are for: defects of the past, each noticed."""

from __future__ import annotations

import pytest
from kinds import UnknownKindError, kind_of
from sound import complaints, machine_around

from support.fenced_blocks import Block, blocks_of
from support.linted import attribute, send

WAIT = send(None, attribute(), ResultPath="$.answer")["States"]["Wait"]


def test_a_wait_that_replaces_the_payload() -> None:
    """README's first state of the past: no ResultPath, and ``$.payload``, which is never there."""
    state = {name: value for name, value in WAIT.items() if name != "ResultPath"}
    state["Parameters"] = {
        "QueueUrl": "${process_queue_url}",
        "MessageBody.$": "$.payload",
        "MessageAttributes": attribute(),
    }
    found = complaints(machine_around(state))
    assert any("takes the place of the payload" in each for each in found)
    assert any("sends $.payload" in each for each in found)


def test_a_map_that_hands_payloads_back_and_catches_nothing() -> None:
    """The FilmDrop example of the past."""
    parameters = {
        "QueueUrl": "q",
        "MessageBody.$": "$.payload",
        "MessageAttributes": attribute(),
    }
    inner = {**WAIT, "Parameters": parameters, "ResultPath": "$.callback"}
    state = {
        "Type": "Map",
        "ItemsPath": "$.payloads",
        "ItemSelector": {"payload.$": "$$.Map.Item.Value"},
        "MaxConcurrency": 40,
        "ItemProcessor": {"StartAt": "Wait", "States": {"Wait": inner}},
        "ResultPath": "$.callbacks",
        "End": True,
    }
    rules = {each.partition(":")[0] for each in complaints(machine_around(state))}
    assert {"result-size", "uncaught"} <= rules


@pytest.mark.parametrize("kind", ["Map", "Parallel"])
def test_a_list_as_output(kind: str) -> None:
    """A Map's or a Parallel's own output is not a payload."""
    assert complaints(machine_around({"Type": kind, "End": True})) != []


def test_a_sound_state_gets_no_complaint() -> None:
    """So the others' complaints are about what is wrong with them."""
    assert complaints(machine_around(WAIT)) == []


@pytest.mark.parametrize(("language", "text"), [("", "x\n"), ("ini", "a = 1\n"), ("json", "{}")])
def test_a_block_that_no_test_would_run(language: str, text: str) -> None:
    """It is refused by name, not passed over."""
    with pytest.raises(UnknownKindError, match=r"README\.md:3: no test runs"):
        kind_of(Block("README.md", 3, language, None, text))


def test_blocks_are_found_where_they_stand() -> None:
    """With title, line and, below a list, without its indentation."""
    text = (
        'a\n\n```json title="x/y.json"\n{}\n```\n\n'
        "1. b\n\n   ```sh\n   make x  # y\n   # z\n   ```\n"
    )
    first, second = blocks_of(text, "p.md")
    assert (first.line, first.title, first.text) == (3, "x/y.json", "{}\n")
    assert (second.line, second.commands) == (9, ("make x",))
