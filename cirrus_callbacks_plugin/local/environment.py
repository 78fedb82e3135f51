"""The process's environment for a run: lambdas share it, and nothing of AWS's own is in it."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NOT_INHERITED = ("AWS_", "BOTO_", "CIRRUS_", "MOTO_", "POWERTOOLS_")
"""A profile, an endpoint or a table of the caller's must never reach a local run."""

RECONCILER = {
    # Longer than the sender takes here: it is to answer first.
    "CIRRUS_CALLBACKS_GRACE_SECONDS": "10",
    # Five deliveries, one second apart, and what `process` may take for each.
    "CIRRUS_CALLBACKS_REDELIVERY_SECONDS": "60",
    # A queue's fourteen days: a member's message that is gone is told before `local` gives up.
    "CIRRUS_CALLBACKS_QUEUE_SECONDS": "240",
}
"""The reconciler's policy where the caller has none: a deployment's minutes as seconds."""

_CIRRUS_LOGGERS = ("cirrus.lib", "feeder", "function", "lambda_function", "task")
_LIBRARY_LOGGERS = ("boto3", "botocore", "moto", "s3transfer", "urllib3", "werkzeug")


@contextmanager
def isolated(variables: Mapping[str, str]) -> Iterator[None]:
    """Set a run's variables, and only those, until the end of the block.

    Cirrus keeps its AWS clients for the life of the process; they are forgotten here, so
    that a second run talks to its own endpoint.
    """
    before = dict(os.environ)
    for name in before:
        if name.startswith(_NOT_INHERITED):
            del os.environ[name]
    os.environ.update(
        # Neither the files nor the metadata service may add credentials or a region.
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        AWS_EC2_METADATA_DISABLED="true",
    )
    os.environ.update(variables)
    _forget_cirrus_clients()
    try:
        yield
    finally:
        _forget_cirrus_clients()
        os.environ.clear()
        os.environ.update(before)


def _forget_cirrus_clients() -> None:
    module = sys.modules.get("cirrus.lib.utils")
    if module is not None:
        module.get_client.cache_clear()
        module.get_resource.cache_clear()


@contextmanager
def logs(*, verbose: bool) -> Iterator[None]:
    """Keep the libraries' logs to themselves, or show those that help, until the block ends.

    What a user must know (a handler that raised, say) is told by the run itself. Cirrus
    sets its loggers up when it is imported, from ``CIRRUS_LOG_LEVEL``; one imported
    before is set anew here.
    """
    handler: logging.Handler = logging.StreamHandler() if verbose else logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    levels = dict.fromkeys(_CIRRUS_LOGGERS, logging.DEBUG if verbose else logging.CRITICAL)
    levels |= dict.fromkeys(_LIBRARY_LOGGERS, logging.WARNING if verbose else logging.CRITICAL)
    before = {name: logging.getLogger(name).level for name in levels}
    root = logging.getLogger()
    root_level = root.level
    root.addHandler(handler)
    if verbose:
        root.setLevel(logging.INFO)
    os.environ["CIRRUS_LOG_LEVEL"] = "DEBUG" if verbose else "CRITICAL"
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(root_level)
        for name, level in before.items():
            # A task that moto's interpreter still runs may complain once its server is gone.
            if name != "moto":
                logging.getLogger(name).setLevel(level)
