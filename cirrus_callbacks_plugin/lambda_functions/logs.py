"""Structured logs of the functions whose environment is ours."""

from __future__ import annotations

import os

from aws_lambda_powertools import Logger


def configure(service: str) -> None:
    """In Lambda, write the package's log lines as Powertools' JSON, one object a line.

    Elsewhere (a local stack, a test) logging is the host's business.
    """
    if "AWS_LAMBDA_RUNTIME_API" in os.environ:
        Logger(service=service, name="cirrus_callbacks_plugin")
