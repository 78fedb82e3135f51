"""A moto server of its own process: Terraform's resources outlive the tests of one module.

Run as a script it prints its endpoint and serves until its input ends.
"""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def moto_process() -> Iterator[str]:
    """Serve until the end of the block; yields the endpoint."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "CIRRUS_", "MOTO_", "COVERAGE_"))  # nothing of it is ours
    }
    environment.update(
        AWS_DEFAULT_REGION="us-west-2",
        # FilmDrop attaches one of AWS's own policies to its functions' roles.
        MOTO_IAM_LOAD_MANAGED_POLICIES="true",
    )
    server = subprocess.Popen(
        [sys.executable, str(Path(__file__).resolve())],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        endpoint = server.stdout.readline().strip()
        assert endpoint.startswith("http://"), "the moto server did not start"
        yield endpoint
    finally:
        server.stdin.close()
        server.stdout.close()
        server.wait(timeout=30)


def _serve() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    os.environ["MOTO_PORT"] = str(port)
    from moto.core.config import default_user_config
    from moto.server import ThreadedMotoServer

    from cirrus_callbacks_plugin.local.moto_corrections.corrected import corrected

    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # a line a request costs a twentieth
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    with corrected():
        sys.stdout.write(f"http://127.0.0.1:{port}\n")
        sys.stdout.flush()
        sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    _serve()
