"""``cirrus-callbacks``: the entry point, and what becomes of an error."""

from __future__ import annotations

import sys

from cirrus_callbacks_plugin.cli.extras import require
from cirrus_callbacks_plugin.errors import AwsRefusedError, CallbackError
from cirrus_callbacks_plugin.naming import visible

BAD_INPUT = 2
AWS_REFUSED = 3
INTERRUPTED = 130


def run() -> None:
    """Run the command line and exit with its status.

    0: all is well. 1: the command ran, and found or left something amiss. 2: bad input,
    named in one message on standard error. 3: AWS could not be asked (no credentials, no
    permission, throttled); the message names the call. 130: interrupted.
    """
    sys.exit(status_of(sys.argv[1:]))


def status_of(arguments: list[str]) -> int:
    """Run a command line; say how it ended."""
    try:
        require("cli", "click", "rich")
        import click

        from cirrus_callbacks_plugin.cli.commands import commands

        try:
            return int(commands.main(arguments, "cirrus-callbacks", standalone_mode=False) or 0)
        except click.ClickException as error:
            error.show()
            return error.exit_code
        except click.Abort:
            return INTERRUPTED
    except CallbackError as error:
        sys.stderr.write(f"cirrus-callbacks: {visible(str(error))}\n")
        return AWS_REFUSED if isinstance(error, AwsRefusedError) else BAD_INPUT
    except KeyboardInterrupt:
        return INTERRUPTED
