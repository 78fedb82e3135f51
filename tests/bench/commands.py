"""The operators' commands beside very many open waits: calls, pauses, and the memory they add.

AWS is held in memory, on a clock that calls and pauses move (``support/slow_aws.py``). Run as a
script it measures one command in a process of its own, which holds that AWS, too: what is told
is what the command added. It prints one JSON object.
"""

from __future__ import annotations

import gc
import importlib
import json
import logging
import os
import subprocess
import sys
import time
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.functions import peak_megabytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cirrus_callbacks_plugin.operations.deployment import Deployment
    from support.slow_aws import SlowAws

COMMANDS = (
    "waits",
    "waits --all --json",
    "graph --limit 0 --json",
    "graph --limit 0 --format mermaid",
    "graph --limit 0 --format html",
)


@dataclass(frozen=True, slots=True)
class Measured:
    """What a command took.

    Attributes:
        command: its name and options.
        waits: how many were open.
        calls: of AWS.
        paused: seconds in which it held itself back.
        cpu: seconds of processor, those of the AWS in memory among them.
        megabytes: the memory that it added at its peak.
        written: letters.
    """

    command: str
    waits: int
    calls: int
    paused: float
    cpu: float
    megabytes: float
    written: int


def measure(waits: int, tell: Callable[[str], object]) -> list[Measured]:
    """Measure each command in a process of its own."""
    found = []
    for command in COMMANDS:
        tell(command)
        ran = subprocess.run(
            [sys.executable, __file__, str(waits), command],
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr[-2000:]
        found.append(Measured(**json.loads(ran.stdout)))
    return found


class Written:
    """In the place of standard output: letters are counted, and gone."""

    encoding = "utf-8"

    def __init__(self) -> None:
        self.letters = 0

    def write(self, text: str) -> int:
        """Count."""
        self.letters += len(text)
        return len(text)

    def flush(self) -> None:
        """Nothing."""

    def isatty(self) -> bool:
        """A pipe."""
        return False


class Clients:
    """AWS in memory, as a deployment asks for its clients."""

    region = "us-west-2"

    def __init__(self, slow: SlowAws) -> None:
        self.settings_read = 0
        self._clients = {"dynamodb": slow.dynamodb, "stepfunctions": slow.stepfunctions}

    def client(self, service: str) -> Any:
        """A client."""
        return self if service == "lambda" else self._clients[service]

    def get_function_configuration(self, **_: str) -> dict[str, Any]:
        """The reconciler's settings: all as they are by themselves."""
        self.settings_read += 1
        return {}


class Pauses:
    """The module ``time`` for a survey: pauses move the clock alone, and are counted."""

    def __init__(self, slow: SlowAws) -> None:
        self.monotonic = slow.clock
        self.seconds = 0.0
        self._slow = slow

    def sleep(self, seconds: float) -> None:
        """Hold back."""
        self.seconds += seconds
        self._slow.clock.sleep(seconds)


def run(waits: int, command: str) -> Measured:
    """Run a command on so many open waits, here."""
    from cirrus_callbacks_plugin import config
    from cirrus_callbacks_plugin.aws import side_by_side
    from cirrus_callbacks_plugin.cli.operating import Where
    from cirrus_callbacks_plugin.operations import survey
    from cirrus_callbacks_plugin.operations.deployment import Deployment
    from support.many_waits import many_waits
    from support.slow_aws import Inline

    slow = many_waits(waits)
    clients: Any = Clients(slow)
    pauses, out = Pauses(slow), Written()
    tables = config.Tables("state", "callbacks")
    deployment = Deployment("bench", clients, tables, "bench", clock=slow.clock.now)

    @contextmanager
    def found(_: Where) -> Iterator[Deployment]:
        yield deployment

    name, *options = command.split()
    cli = importlib.import_module(f"cirrus_callbacks_plugin.cli.{name}")
    slow.dynamodb.query(
        IndexName="waiting", ExpressionAttributeValues={":shard": {"S": "0"}}, Select="COUNT"
    )  # the stand-in's own index is made
    slow.dynamodb.calls.clear()
    gc.collect()
    _forget_peak()
    before, began = peak_megabytes(), time.process_time()
    with (
        mock.patch.object(Where, "found", found),
        mock.patch.object(survey, "time", pauses),
        mock.patch.object(side_by_side, "ThreadPoolExecutor", Inline),
        redirect_stdout(out),  # type: ignore[type-var]
    ):
        cli.command(options, standalone_mode=False)
    calls = [*slow.dynamodb.calls.values(), *slow.stepfunctions.calls.values()]
    return Measured(
        command,
        waits,
        sum(map(len, calls)) + clients.settings_read,
        round(pauses.seconds, 1),
        round(time.process_time() - began, 1),
        round(peak_megabytes() - before, 1),
        out.letters,
    )


def _forget_peak() -> None:
    """Let the process's peak be what it has now, where the system can do that."""
    control = Path("/proc/self/clear_refs")
    if control.exists():
        control.write_text("5", encoding="ascii")


def main() -> None:
    """Measure here."""
    logging.disable(logging.CRITICAL)
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-west-2")
    measured = run(int(sys.argv[1]), sys.argv[2])
    sys.stdout.write(json.dumps(asdict(measured)))


if __name__ == "__main__":
    main()
