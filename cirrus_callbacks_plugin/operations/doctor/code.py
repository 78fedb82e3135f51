"""A function's code, as Lambda has it."""

from __future__ import annotations

import tempfile
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.package import archive

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.operations.deployment import Deployment


def fetch(deployment: Deployment, name: str) -> archive.Files:
    """The files of a function's zip.

    Raises:
        ClientError: Lambda refused to say where it is.
        OSError, PackageError: it could not be fetched or read.
    """
    url = deployment.client("lambda").get_function(FunctionName=name)["Code"]["Location"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "code.zip"
        download(url, path)
        return archive.read(path)


def download(url: str, path: Path) -> None:
    """Fetch a function's code from the URL that Lambda signs for a few minutes.

    Raises:
        OSError: it could not be fetched.
    """
    request = urllib.request.Request(url)  # noqa: S310 - Lambda's own https URL
    with (
        urllib.request.urlopen(request, timeout=60) as response,  # noqa: S310
        path.open("wb") as file,
    ):
        while part := response.read(1 << 20):
            file.write(part)
