"""A lambda function in a process of its own, as Lambda has it.

What drives it, and the AWS that it calls, weigh more than it does: its memory is measured apart.
Run as a script it answers each line of its input with one: an invocation with what came of
it, nothing with the most megabytes that it had.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import resource
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Function:
    """One function; its environment is that of the moment in which it was started.

    Attributes:
        name: ``process``, ``update_state`` or ``sender``.
        asked: the process's input.
        answers: its output.
    """

    name: str
    asked: IO[str]
    answers: IO[str]

    def invoke(self, event: dict[str, Any], seconds: int) -> dict[str, Any]:
        """Run it once.

        Args:
            event: what it is given.
            seconds: its time limit.

        Returns:
            ``returned``, what it returned; or ``left``, how many messages of its batch come again.
        """
        answer: dict[str, Any] = self._ask([self.name, event, seconds])
        return answer

    def peak_megabytes(self) -> float:
        """The most that the process ever had."""
        return float(self._ask(None))

    def _ask(self, question: Any) -> Any:
        self.asked.write(f"{json.dumps(question)}\n")
        self.asked.flush()
        answer = self.answers.readline()
        assert answer, f"{self.name} has ended: what it said stands above"
        return json.loads(answer)


@contextmanager
def function_apart(name: str) -> Iterator[Function]:
    """Start it, with this process's environment, until the end of the block."""
    with subprocess.Popen(
        [sys.executable, __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Function(name, process.stdin, process.stdout)
        process.stdin.close()


def peak_megabytes() -> float:
    """Of this process; ``ru_maxrss`` would count the one that started it, up to its exec."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = [each for each in status.read_text().splitlines() if each.startswith("VmHWM:")]
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2  # macOS tells it in bytes


def _invoked(name: str, event: dict[str, Any], seconds: int) -> dict[str, Any]:
    from cirrus_callbacks_plugin.errors import RegistrationFailed
    from cirrus_callbacks_plugin.local.functions import Context

    module = importlib.import_module(f"cirrus_callbacks_plugin.lambda_functions.{name}")
    try:
        return {"returned": module.lambda_handler(event, Context(name, seconds))}
    except RegistrationFailed as error:  # the others are deleted; these come again
        return {"left": len(error.message_ids)}


def main() -> None:
    """Serve until the input ends."""
    from cirrus_callbacks_plugin.local.clients import clients_kept

    logging.disable(logging.CRITICAL)
    with os.fdopen(os.dup(1), "w") as answers, clients_kept():
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # metrics and Cirrus's logs
        for line in sys.stdin:
            question = json.loads(line)
            answer = peak_megabytes() if question is None else _invoked(*question)
            answers.write(f"{json.dumps(answer)}\n")
            answers.flush()


if __name__ == "__main__":
    main()
