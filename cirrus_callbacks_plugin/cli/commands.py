"""The commands by name; a command's module is imported when it is called."""

from __future__ import annotations

import importlib

import click

COMMANDS = {
    "demo": "cirrus_callbacks_plugin.cli.demo",
    "graph": "cirrus_callbacks_plugin.cli.graph",
    "lint": "cirrus_callbacks_plugin.cli.lint",
    "doctor": "cirrus_callbacks_plugin.cli.doctor",
    "local": "cirrus_callbacks_plugin.cli.local",
    "package": "cirrus_callbacks_plugin.cli.package",
    "cancel": "cirrus_callbacks_plugin.cli.cancel",
    "reconcile": "cirrus_callbacks_plugin.cli.reconcile",
    "redrive": "cirrus_callbacks_plugin.cli.redrive",
    "resend": "cirrus_callbacks_plugin.cli.resend",
    "settle": "cirrus_callbacks_plugin.cli.settle",
    "show": "cirrus_callbacks_plugin.cli.show",
    "stats": "cirrus_callbacks_plugin.cli.stats",
    "waits": "cirrus_callbacks_plugin.cli.waits",
}
"""Each module has its command as ``command``."""


class Commands(click.Group):
    """Loads a command when it is asked for, so that none pays for another's imports."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, as help lists them."""
        del ctx
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name, None where there is none."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name])
        command: click.Command = module.command
        return command


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cirrus-callbacks-plugin")
def commands() -> None:
    """Let a Cirrus workflow wait for other workflows, and resume it with their outcome."""
