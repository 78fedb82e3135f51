"""The command ``cirrus-callbacks``: one module a command."""
