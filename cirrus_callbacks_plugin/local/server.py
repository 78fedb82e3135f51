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

from cirrus_callbacks_plugin.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = "127.0.0.1"


@contextmanager
def moto_server(port: int = 0) -> Iterator[str]:
    """Serve until the end of the block, beginning with nothing.

    Args:
        port: where to listen; 0: any free port.

    Yields:
        The endpoint's URL. ``MOTO_PORT`` is set from here on: the interpreter calls back
        to ``localhost`` at that port.
    """
    with closing(_listen(port)) as listening:
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


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        raise ConfigurationError(
            f"port {port} of {HOST} cannot be had ({error.strerror}): give another --port",
        ) from error


def _moto(endpoint: str, command: str, body: dict[str, Any]) -> None:
    """Call moto's own API: https://docs.getmoto.org/en/latest/docs/configuration/index.html."""
    request = urllib.request.Request(  # noqa: S310 - this machine's own server
        f"{endpoint}/moto-api/{command}",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30):  # noqa: S310
        pass
