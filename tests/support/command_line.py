"""The command line as people run it, and small folders for it to run."""

from __future__ import annotations

import copy
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pytest

COMMAND = str(Path(sys.executable).with_name("cirrus-callbacks"))

CHILD = {
    "StartAt": "Work",
    "States": {
        "Work": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": "${prefix}-work", "Payload.$": "$"},
            "OutputPath": "$.Payload",
            "End": True,
        },
    },
}
PARENT: dict[str, Any] = {
    "StartAt": "Wait",
    "States": {
        "Wait": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {
                "QueueUrl": "${process_queue_url}",
                "MessageBody": {
                    "type": "FeatureCollection",
                    "features.$": "$.features",
                    "process": [{"workflow": "child", "upload_options": {}, "tasks": {}}],
                },
                "MessageAttributes": {
                    "cirrus-task-token": {
                        "DataType": "String",
                        "StringValue.$": "$$.Task.Token",
                    },
                    "cirrus-waiter-payload-id": {"DataType": "String", "StringValue.$": "$.id"},
                },
            },
            "TimeoutSeconds": 600,
            "ResultPath": "$.answer",
            "End": True,
        },
    },
}


def parent(**fields: Any) -> dict[str, Any]:
    """The parent, its waiting state with some fields of its own."""
    machine = copy.deepcopy(PARENT)
    machine["States"]["Wait"].update(fields)
    return machine


SLOW = {"StartAt": "Sleep", "States": {"Sleep": {"Type": "Wait", "Seconds": 3600, "End": True}}}


def payload(workflow: str = "parent", item: str = "S2A_39QTA_20230628_0_L2A") -> dict[str, Any]:
    """A payload of one bare item."""
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "stac_version": "1.0.0",
                "id": item,
                "collection": "sentinel-2-l2a",
                "geometry": None,
                "properties": {"datetime": "2023-06-28T07:24:41Z"},
                "links": [],
                "assets": {},
            },
        ],
        "process": [{"workflow": workflow, "upload_options": {}, "tasks": {}}],
    }


@dataclass(frozen=True)
class Folder:
    """A folder to try."""

    root: Path

    def write(self, name: str, content: Any) -> Folder:
        """Write a file; what is not a text is written as JSON."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return self


@dataclass(frozen=True)
class Ran:
    """What came of a command line."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """Standard output as the one JSON object that it must be."""
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value


class Run(Protocol):
    """Runs a command on a deployment of a test's own."""

    def __call__(self, command: str, *arguments: str) -> Ran:
        """Run it."""


class CommandLine:
    """Runs ``cirrus-callbacks`` in this process, imports and all shared between tests."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str | Path) -> Ran:
        """Run it."""
        from cirrus_callbacks_plugin.cli.main import status_of

        self._capsys.readouterr()
        status = status_of([str(argument) for argument in arguments])
        captured = self._capsys.readouterr()
        return Ran(status, captured.out, captured.err)


def start(*arguments: str | Path, **environment: str) -> subprocess.Popen[str]:
    """Start the installed command as a process of its own, with Ctrl-C as in a terminal.

    (What a shell starts in the background ignores SIGINT, and so do its children.) Its lines do
    not count as covered: nearly all that it runs is moto, which tracing makes twice as slow.
    """
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")
    }
    return subprocess.Popen(
        [COMMAND, *(str(argument) for argument in arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**inherited, **environment},
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
