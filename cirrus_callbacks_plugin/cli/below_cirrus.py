"""``cirrus callbacks``: the plugin's commands below cirrus's own."""

from __future__ import annotations

from typing import Any

import click

from cirrus_callbacks_plugin.cli.commands import Commands
from cirrus_callbacks_plugin.cli.main import BAD_INPUT
from cirrus_callbacks_plugin.errors import CallbackError


class BadInput(click.ClickException):
    """As :mod:`cli.main` ends."""

    exit_code = BAD_INPUT


class BelowCirrus(Commands):
    """The same commands; cirrus's command line knows none of the plugin's errors."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; an error of the plugin's is one message and exit status 2."""
        try:
            return super().invoke(ctx)
        except CallbackError as error:
            raise BadInput(str(error)) from error


@click.command(
    "callbacks",
    cls=BelowCirrus,
    context_settings={"help_option_names": ["-h", "--help"]},
)
def callbacks() -> None:
    """Let a workflow wait for other workflows (as `cirrus-callbacks`)."""
