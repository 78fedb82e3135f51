"""The zips, each made once, and AWS on a port for interpreters of their own."""

from __future__ import annotations

import os
import socket
import sys
from typing import TYPE_CHECKING

import pytest

from support.dist_zip import Made, link_boto3, write_dist
from support.unpacked import Unpacked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep on one worker what uses one zip: it is built, unpacked and compiled once."""
    for item in items:
        used = getattr(item, "fixturenames", ())
        if "foreign" in used:
            item.add_marker(pytest.mark.xdist_group("package-build"))
        elif {"dist", "boto3_alone", "sender_zip"}.intersection(used):
            item.add_marker(pytest.mark.xdist_group("package-dist"))


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dist zip of the installed cirrus-geo."""
    return write_dist(tmp_path_factory.mktemp("dist") / "cirrus-lambda-dist.zip")


@pytest.fixture(scope="session")
def hooked(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The dist with the hooks in it."""
    return Made.by(tmp_path_factory.mktemp("hooked"), "--cirrus-dist", str(dist))


@pytest.fixture(scope="session")
def sender_zip(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The zip for sender and reconciler, for the Python that runs the tests."""
    python = f"3.{sys.version_info.minor}"
    return Made.by(tmp_path_factory.mktemp("sender"), "--sender", "--python", python)


@pytest.fixture(scope="session")
def functions(
    hooked: Made, tmp_path_factory: pytest.TempPathFactory, boto3_alone: Path
) -> Unpacked:
    """Cirrus's functions with the hooks, unpacked; no deployment."""
    folder = tmp_path_factory.mktemp("functions") / "task"
    return Unpacked.of(hooked.path, folder, boto3_alone, sys.executable)


@pytest.fixture(scope="session")
def sender_functions(
    sender_zip: Made, tmp_path_factory: pytest.TempPathFactory, boto3_alone: Path
) -> Unpacked:
    """Sender and reconciler, unpacked; no deployment."""
    folder = tmp_path_factory.mktemp("sender-functions") / "task"
    return Unpacked.of(sender_zip.path, folder, boto3_alone, sys.executable)


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
