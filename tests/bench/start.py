"""What a cold start costs: unpacked zips in fresh interpreters, bare and wrapped by turns.

Real cirrus, real botocore, and a moto server in this process: what a function's own process
spends is all that counts. Nothing is written into the folders, as in Lambda. Cirrus's zip
holds boto3, as its releases do; the sender has the runtime's, which is compiled. Nothing is
asserted.
"""

from __future__ import annotations

import compileall
import json
import os
import statistics
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from cirrus_callbacks_plugin.local.deployment import LocalDeployment

ROUNDS = 7
RATIOS = {"start": 0.8, "call": 1.05}
"""What is aimed at, of cirrus's own zip; of boto3 with two clients the sender's start-up: 1.2."""
SENDER_RATIO = 1.2
ADDED_MB = 4.0

_PROGRAM = """
import json, sys, time
asked = json.load(sys.stdin)
sys.path[:0] = asked["path"]
class Context:
    aws_request_id = "00000000-0000-0000-0000-000000000000"
    function_name = "test"
    def get_remaining_time_in_millis(self):
        return 10_000
begun = time.process_time()
import importlib
handler = getattr(importlib.import_module(asked["module"]), "lambda_handler", None)
for service in asked["services"]:
    import boto3
    boto3.client(service)
started = time.process_time()
if asked["event"] is not None:
    handler(asked["event"], Context())
called = time.process_time()
with open("/proc/self/status") as status:
    (peak,) = (int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
print(json.dumps({
    "start": started - begun,
    "call": called - started,
    "peak": peak / 1024,
}))
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one function's process took, as medians.

    Attributes:
        start: processor seconds of the start-up phase.
        call: processor seconds of the first invocation.
        peak: the process's memory at its highest, in MB.
    """

    start: float
    call: float
    peak: float

    @classmethod
    def median(cls, costs: Iterable[Cost]) -> Cost:
        """The median of each."""
        all_of = list(costs)
        return cls(
            *(statistics.median(getattr(each, name) for each in all_of) for name in cls.names())
        )

    @staticmethod
    def names() -> tuple[str, ...]:
        """The attributes."""
        return ("start", "call", "peak")


@dataclass(frozen=True, slots=True)
class Started:
    """One comparison.

    Attributes:
        what: the function.
        bare: cirrus's own zip, or boto3 alone.
        ours: the zip that is handed out.
        sources: the same without compiled code.
    """

    what: str
    bare: Cost
    ours: Cost
    sources: Cost

    def to_json(self) -> dict[str, Any]:
        """One object with stable keys."""
        return asdict(self)


class Zip:
    """An unpacked zip in a folder where nothing is written."""

    def __init__(self, packed: Path | None, folder: Path, boto3: Path) -> None:
        folder.mkdir()
        if packed is not None:
            with zipfile.ZipFile(packed) as archive:
                archive.extractall(folder)
        self._path = [str(folder), str(boto3)]

    def run(
        self,
        module: str,
        event: Any,
        environment: Mapping[str, str],
        services: tuple[str, ...] = (),
    ) -> Cost:
        """Start a function and invoke it once, as Lambda does; None as event: only start it."""
        asked = {"path": self._path, "module": module, "event": event, "services": services}
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-B", "-c", _PROGRAM],
            input=json.dumps(asked),
            env={
                "PATH": os.environ["PATH"],
                "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001",
                "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
                **environment,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(done.stderr[-4000:])
        return Cost(**json.loads(done.stdout.splitlines()[-1]))


def measure(tell: Callable[[int], None]) -> list[Started]:
    """Run everything.

    Args:
        tell: is called with the number of rounds that are through.
    """
    from cirrus_callbacks_plugin.package import archive
    from cirrus_callbacks_plugin.package.compiled import with_compiled
    from cirrus_callbacks_plugin.package.dist import with_callbacks
    from cirrus_callbacks_plugin.package.sender import sender_files
    from support.dist_zip import link_boto3, needed_by, write_dist

    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    with tempfile.TemporaryDirectory(prefix="cirrus-callbacks-bench-") as name:
        root = Path(name)
        boto3 = link_boto3(root / "boto3")
        compileall.compile_dir(boto3, quiet=2)
        dist = write_dist(root / "dist.zip", needed_by("cirrus-geo"))
        hooked, sender = with_callbacks(archive.read(dist), "dist.zip"), sender_files()
        made = {
            "hooked": with_compiled(hooked, python).files,
            "hooked-sources": hooked,
            "sender": with_compiled(sender, python).files,
            "sender-sources": sender,
        }
        zips = {
            key: Zip(archive.write(root / f"{key}.zip", files).path, root / key, boto3)
            for key, files in made.items()
        }
        zips["bare"] = Zip(dist, root / "bare", boto3)
        zips["boto3"] = Zip(None, root / "nothing", boto3)
        return compare(zips, tell)


def compare(zips: Mapping[str, Zip], tell: Callable[[int], None]) -> list[Started]:
    """All functions of all zips, by turns."""
    from moto.server import ThreadedMotoServer

    from support.zip_loop import deploy

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        os.environ["MOTO_PORT"] = str(port)
        endpoint = f"http://{host}:{port}"
        found: dict[tuple[str, str], list[Cost]] = {}
        for number in range(-1, ROUNDS):  # the first round warms up
            for key in zips if number % 2 else reversed(zips):
                costs = _round(zips[key], key, deploy(endpoint))
                for what, cost in costs.items():
                    if number >= 0:
                        found.setdefault((what, key), []).append(cost)
            tell(number + 1)
    finally:
        server.stop()
    medians = {each: Cost.median(costs) for each, costs in found.items()}
    return [
        Started(what, medians[what, bare], medians[what, ours], medians[what, f"{ours}-sources"])
        for what, bare, ours in (
            ("process", "bare", "hooked"),
            ("update-state", "bare", "hooked"),
            ("sender", "boto3", "sender"),
        )
    ]


def _round(unpacked: Zip, key: str, created: LocalDeployment) -> dict[str, Cost]:
    from support.zip_loop import TOKEN, ended, environment, sent

    variables = environment(created)
    if key == "boto3":
        two = ("dynamodb", "stepfunctions")
        return {"sender": unpacked.run("boto3", None, variables, two)}
    if key.startswith("sender"):
        module = "cirrus_callbacks_plugin.lambda_functions.sender"
        return {"sender": unpacked.run(module, {"Records": []}, variables)}
    event = sent(created, None if key.startswith("bare") else TOKEN)
    process = unpacked.run("process", event, variables)
    return {
        "process": process,
        "update-state": unpacked.run("update_state", ended(created), variables),
    }
