"""moto's server with its Step Functions interpreter, on a free port of this machine."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import urllib.request
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = "127.0.0.1"


@contextmanager
def moto_server() -> Iterator[str]:
    """Serve until the end of the block, beginning with nothing.

    Yields:
        The endpoint's URL. ``MOTO_PORT`` is set from here on: the interpreter calls back
        to ``localhost`` at that port.
    """
    with closing(socket.create_server((HOST, 0))) as listening:
        port = listening.getsockname()[1]
        os.environ["MOTO_PORT"] = str(port)
        was_used = "moto.backends" in sys.modules
        # Imported once the port is known.
        from moto.core.config import default_user_config
        from moto.server import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
        from werkzeug.serving import make_server

        server = make_server(
            HOST,
            port,
            DomainDispatcherApplication(create_backend_app),
            threaded=True,
            request_handler=MotoRequestHandler,
            fd=listening.fileno(),
        )
    thread = threading.Thread(target=server.serve_forever, name="moto-server", daemon=True)
    thread.start()
    endpoint = f"http://{HOST}:{port}"
    before = dict(default_user_config["stepfunctions"])
    try:
        if was_used:  # half a second that a fresh process need not spend
            _moto(endpoint, "reset", {})
        _moto(endpoint, "config", {"stepfunctions": {"execute_state_machine": True}})
        yield endpoint
    finally:
        _moto(endpoint, "config", {"stepfunctions": before})
        server.shutdown()
        server.server_close()
        thread.join()


def _moto(endpoint: str, command: str, body: dict[str, Any]) -> None:
    """Call moto's own API: https://docs.getmoto.org/en/latest/docs/configuration/index.html."""
    request = urllib.request.Request(  # noqa: S310 - this machine's own server
        f"{endpoint}/moto-api/{command}",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30):  # noqa: S310
        pass
