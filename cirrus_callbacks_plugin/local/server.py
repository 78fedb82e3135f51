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
from cirrus_callbacks_plugin.local.changes import Application, Changes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HOST = "127.0.0.1"


class MotoServer:
    """A server that listens, and serves one deployment after the other.

    Args:
        port: where to listen; 0: any free port.
        around: wraps moto's WSGI application.

    Attributes:
        port: where it listens.
        endpoint: its URL.
        changes: what its requests have changed.

    Raises:
        ConfigurationError: the port cannot be had.
    """

    def __init__(
        self,
        port: int = 0,
        around: Callable[[Application], Application] | None = None,
    ) -> None:
        with closing(_listen(port)) as listening:
            self.port: int = listening.getsockname()[1]
            self.endpoint = f"http://{HOST}:{self.port}"
            self.changes = Changes()
            with self._told():
                self._was_used = "moto.backends" in sys.modules
                # Imported once the port is known.
                from moto.server import (
                    DomainDispatcherApplication,
                    MotoRequestHandler,
                    create_backend_app,
                )
                from werkzeug.serving import make_server

                moto = self.changes.around(DomainDispatcherApplication(create_backend_app))
                self._server = make_server(
                    HOST,
                    self.port,
                    moto if around is None else around(moto),
                    threaded=True,
                    request_handler=MotoRequestHandler,
                    fd=listening.fileno(),
                )
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="moto-server", daemon=True
        )
        self._thread.start()

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Serve a deployment until the end of the block, beginning with nothing.

        Yields:
            The endpoint's URL. ``MOTO_PORT`` is set meanwhile: the interpreter calls back to
            ``localhost`` at that port.
        """
        from moto.core.config import default_user_config

        with self._told():
            before = dict(default_user_config["stepfunctions"])
            if self._was_used:  # half a second that a fresh process need not spend
                self._call("reset", {})
            self._was_used = True
            self._call("config", {"stepfunctions": {"execute_state_machine": True}})
            try:
                yield self.endpoint
            finally:
                self._call("config", {"stepfunctions": before})

    def close(self) -> None:
        """Stop; neither the port nor the thread is left behind."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Moto reads from the environment where its server is."""
        before = os.environ.get("MOTO_PORT")
        os.environ["MOTO_PORT"] = str(self.port)
        try:
            yield
        finally:
            os.environ.pop("MOTO_PORT", None)
            if before is not None:
                os.environ["MOTO_PORT"] = before

    def _call(self, command: str, body: dict[str, Any]) -> None:
        """Call moto's own API.

        https://docs.getmoto.org/en/latest/docs/configuration/index.html
        """
        request = urllib.request.Request(  # noqa: S310 - this machine's own server
            f"{self.endpoint}/moto-api/{command}",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30):  # noqa: S310
            pass


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        raise ConfigurationError(
            f"port {port} of {HOST} cannot be had ({error.strerror}): give another --port",
        ) from error
