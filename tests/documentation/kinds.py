"""What a block is, and so which test runs it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from support.fenced_blocks import Block

_STATES = ("Task", "Map", "Parallel", "Pass", "Choice", "Wait", "Succeed", "Fail")


class Kind(Enum):
    """The kinds; one test for each in ``test_blocks.py`` and its neighbours."""

    MACHINE = "a state machine: linted, and run by its page's folder"
    STATE = "a state: linted and run in a machine around it"
    FIELDS = "fields of a state: linted in a wait that is sound without them"
    MESSAGE = "a message that carries a token: the token is found and taken out"
    PAYLOAD = "a payload: cirrus accepts it"
    JOIN = "a join request: its rules are kept"
    JOIN_ANSWER = "a join's answer: has the keys that the product sends"
    ANSWER = "an answer or a cause: has the keys that the product sends"
    LOG_LINE = "a log line: of a step that exists"
    COMMANDS = "commands: each is run"
    CONSOLE = "a command and what it prints: compared"
    HCL = "Terraform: parsed, formatted, its variables known"
    TOML = "a folder's settings: read by what reads them"
    YAML = "YAML: read by what reads it"
    PYTHON = "Python: compiled, and run where it is a function of its page's folder"
    DIAGRAM = "a diagram"
    TEXT = "neither a command nor JSON: paths, filters"


_BY_LANGUAGE = {
    "sh": Kind.COMMANDS,
    "shell": Kind.COMMANDS,
    "bash": Kind.COMMANDS,
    "console": Kind.CONSOLE,
    "hcl": Kind.HCL,
    "toml": Kind.TOML,
    "yaml": Kind.YAML,
    "python": Kind.PYTHON,
    "mermaid": Kind.DIAGRAM,
    "text": Kind.TEXT,
}


@dataclass(frozen=True, slots=True)
class UnknownKindError(Exception):
    """A block that no test would run."""

    block: Block

    def __str__(self) -> str:
        return (
            f"{self.block.name}: no test runs a block in {self.block.language or 'no language'!r} "
            "that looks like this: write it in a language that tests/documentation/kinds.py knows"
        )


def kind_of(block: Block) -> Kind:
    """The kind of a block.

    Raises:
        UnknownKindError: no test would look at it.
    """
    if block.language != "json":
        if block.language not in _BY_LANGUAGE:
            raise UnknownKindError(block)
        return _BY_LANGUAGE[block.language]
    if block.text.lstrip().startswith('"'):
        return Kind.FIELDS
    return _of_object(block, json.loads(block.text))


def _of_object(block: Block, value: Any) -> Kind:
    if "StartAt" in value:
        return Kind.MACHINE
    if value.get("Type") in _STATES:
        return Kind.STATE
    if set(value) == {"join"}:
        return Kind.JOIN
    if "join_id" in value:
        return Kind.JOIN_ANSWER
    if "TaskToken" in value or ("callback" in value and "url" in value):
        return Kind.MESSAGE
    if "process" in value:
        process = value["process"][0] if isinstance(value["process"], list) else value["process"]
        return Kind.MESSAGE if "callback" in process else Kind.PAYLOAD
    if "workflow_state" in value and "callback" not in value:
        return Kind.ANSWER
    if "callback" in value:
        return Kind.LOG_LINE
    raise UnknownKindError(block)
