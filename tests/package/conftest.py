"""A dist zip of the installed cirrus, and AWS on a port for interpreters of their own."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from support.dist_zip import link_boto3, write_dist

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep on one worker what uses one zip: it is built, unpacked and compiled once."""
    for item in items:
        used = getattr(item, "fixturenames", ())
        if "foreign" in used:
            item.add_marker(pytest.mark.xdist_group("package-build"))
        elif "dist" in used or "boto3_alone" in used:
            item.add_marker(pytest.mark.xdist_group("package-dist"))


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dist zip of the installed cirrus-geo."""
    return write_dist(tmp_path_factory.mktemp("dist") / "cirrus-lambda-dist.zip")


@pytest.fixture(scope="session")
def boto3_alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with boto3 and what it needs."""
    return link_boto3(tmp_path_factory.mktemp("runtime") / "boto3")


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """The URL of a moto server of this session's own."""
    from moto.server import ThreadedMotoServer

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    os.environ.setdefault("MOTO_PORT", str(port))
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop()
