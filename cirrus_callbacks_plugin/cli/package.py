"""``cirrus-callbacks package``: the zip that a deployment's functions run from."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cirrus_callbacks_plugin.cli import options
from cirrus_callbacks_plugin.cli.extras import require
from cirrus_callbacks_plugin.package import archive
from cirrus_callbacks_plugin.package.build import ARCHITECTURES, PYTHONS, BuildTarget, build
from cirrus_callbacks_plugin.package.compiled import PYTHONS as COMPILED_FOR
from cirrus_callbacks_plugin.package.compiled import Compiled, with_compiled
from cirrus_callbacks_plugin.package.contents import inspect
from cirrus_callbacks_plugin.package.dist import with_callbacks

if TYPE_CHECKING:
    from collections.abc import Callable

    from cirrus_callbacks_plugin.package.archive import File

NOT_RIGHT = 1
SENDERS_PYTHON = "3.12"
"""The runtime of sender and reconciler where Terraform is told no other."""
ZIP = click.Path(path_type=Path)


@click.command("package")
@click.option(
    "--cirrus-dist",
    type=ZIP,
    metavar="ZIP",
    help="Put the hooks into this cirrus-lambda-dist zip (cirrus-geo 1.1 or later).",
)
@click.option(
    "--cirrus-version",
    metavar="VERSION",
    help="Build the dist of this cirrus-geo from the package index, hooks included.",
)
@click.option(
    "--python",
    type=click.Choice(COMPILED_FOR),
    help="With --cirrus-version: the functions' Python. With --sender: the one to compile for "
    f"[default: {SENDERS_PYTHON}, the Terraform module's].",
)
@click.option(
    "--arch",
    type=click.Choice(list(ARCHITECTURES)),
    help="With --cirrus-version: the functions' architecture.",
)
@click.option("--sender", is_flag=True, help="Make the zip for sender and reconciler.")
@click.option("--no-compile", is_flag=True, help="Put sources alone into the zip.")
@click.option("--check", type=ZIP, metavar="ZIP", help="Say what a zip contains.")
@click.option(
    "--build-dir",
    type=ZIP,
    metavar="DIR",
    help="Put the hooks into what `cirrus build` of cirrus 0.x made (.cirrus).",
)
@click.option("-o", "--output", type=ZIP, metavar="OUT", help="The zip to write.")
@click.option("--force", is_flag=True, help="Replace OUT where it exists.")
@click.option("--json", "is_json", is_flag=True, help="Print one JSON object, nothing else.")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    cirrus_dist: Path | None,
    cirrus_version: str | None,
    python: str | None,
    arch: str | None,
    sender: bool,
    no_compile: bool,
    check: Path | None,
    build_dir: Path | None,
    output: Path | None,
    force: bool,
    is_json: bool,
) -> None:
    """Make the zip that cirrus's functions run from, hooks included; or the sender's; or check one.

    The root handlers process and update_state become the wrapped ones; api, pre_batch and
    post_batch stay as they are. Deploy it where the dist zip of cirrus was. The same input
    makes the same bytes. Modules are compiled where the functions' Python is on this machine: a
    cold start takes less. Cirrus 0.x has no such zip: there --build-dir patches what was built,
    sender, reconciler and tracking table included. --check ends with 1 where the plugin is not
    in the zip, cirrus's own handlers are at its root, or a compiled module's source was changed.
    """
    given = [value for value in (cirrus_dist, cirrus_version, check, build_dir) if value]
    if len(given) + sender != 1:
        raise click.UsageError(
            "Give one of --cirrus-dist, --cirrus-version, --sender, --check and --build-dir.",
        )
    if build_dir is not None:
        if python or arch or output or force or no_compile:
            raise click.UsageError("--build-dir changes that folder: leave out other options.")
        _patch(build_dir, is_json=is_json)
        return
    if check is not None:
        ctx.exit(_check(check, output, is_json=is_json))
    make = _Make(output, force=force, is_compiling=not no_compile, is_json=is_json)
    if sender:
        if arch:
            raise click.UsageError("The sender's zip is pure Python: leave out --arch.")
        make.sender(python or SENDERS_PYTHON)
        return
    if cirrus_dist is not None:
        if python or arch:
            raise click.UsageError("--python and --arch are what the given zip is built for.")
        path = cirrus_dist
        make.hooked(lambda: with_callbacks(archive.read(path), str(path)))
        return
    target = _target(cirrus_version, python, arch)
    make.hooked(lambda: build(target))


def _target(cirrus: str | None, python: str | None, arch: str | None) -> BuildTarget:
    if cirrus is None or python is None or arch is None:
        raise click.UsageError("--cirrus-version needs --python and --arch.")
    if python not in PYTHONS:
        raise click.UsageError(f"With --cirrus-version, --python is one of {', '.join(PYTHONS)}.")
    return BuildTarget(cirrus, python, arch)


class _Make:
    """Make a zip and say what is in it.

    Raises:
        click.UsageError: it is not said where to.
        PackageError: the place is taken.
    """

    def __init__(
        self, output: Path | None, *, force: bool, is_compiling: bool, is_json: bool
    ) -> None:
        if output is None:
            raise click.UsageError("Name the zip to write with -o.")
        archive.refuse_existing(output, force=force)
        self._output, self._force = output, force
        self._is_compiling, self._is_json = is_compiling, is_json

    def hooked(self, files: Callable[[], dict[str, File]]) -> None:
        """A cirrus dist with the hooks, compiled for the Python that its libraries are for."""
        made = files()
        pythons = inspect(made, str(self._output)).pythons
        self._write(made, pythons[0] if len(pythons) == 1 else None)

    def sender(self, python: str) -> None:
        """The zip for sender and reconciler."""
        require("cli", "packaging")
        from cirrus_callbacks_plugin.package.sender import sender_files

        self._write(sender_files(), python)

    def _write(self, files: dict[str, File], python: str | None) -> None:
        compiled = with_compiled(files, python) if self._is_compiling else Compiled(files)
        contents = inspect(compiled.files, str(self._output))
        written = archive.write(self._output, compiled.files, force=self._force)
        if self._is_json:
            _print_json(
                {
                    "path": str(self._output),
                    **contents.to_json(),
                    "not_compiled_because": compiled.left_out,
                    "zipped_bytes": written.zipped,
                    "unzipped_bytes": written.unzipped,
                },
            )
            return
        for line in contents.lines():
            click.echo(line)
        if compiled.left_out is not None:
            click.echo(
                f"not compiled: {compiled.left_out}; every cold start compiles what it imports"
            )
        click.echo(written.size_line)


def _check(path: Path, output: Path | None, *, is_json: bool) -> int:
    """Say what a zip contains; the exit status."""
    if output is not None:
        raise click.UsageError("--check writes nothing: leave out -o.")
    contents = inspect(archive.read(path), str(path))
    if is_json:
        _print_json({"path": str(path), **contents.to_json()})
    else:
        for line in contents.lines():
            click.echo(line)
    if not contents.is_hooked:
        click.echo(f"{path}: the hooks are not in it", err=True)
    if contents.stale:
        click.echo(
            f"{path}: compiled code, which is what runs, is of another source than "
            f"{', '.join(contents.stale)}: put the zip through this command again",
            err=True,
        )
    return 0 if contents.is_hooked and not contents.stale else NOT_RIGHT


def _patch(build_dir: Path, *, is_json: bool) -> None:
    require("cli", "packaging", "yaml")
    from cirrus_callbacks_plugin.serverless.patch import patch

    patched = patch(build_dir)
    if is_json:
        _print_json(patched.to_json())
        return
    for line in patched.lines():
        click.echo(line)


def _print_json(value: dict[str, object]) -> None:
    options.write_json(sys.stdout, value)
