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
from cirrus_callbacks_plugin.package.contents import inspect
from cirrus_callbacks_plugin.package.dist import with_callbacks

if TYPE_CHECKING:
    from collections.abc import Callable

    from cirrus_callbacks_plugin.package.archive import File

NOT_HOOKED = 1
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
    type=click.Choice(PYTHONS),
    help="With --cirrus-version: the functions' Python.",
)
@click.option(
    "--arch",
    type=click.Choice(list(ARCHITECTURES)),
    help="With --cirrus-version: the functions' architecture.",
)
@click.option("--sender", is_flag=True, help="Make the zip for sender and reconciler.")
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
    check: Path | None,
    build_dir: Path | None,
    output: Path | None,
    force: bool,
    is_json: bool,
) -> None:
    """Make the zip that cirrus's functions run from, hooks included; or the sender's; or check one.

    The root handlers process and update_state become the wrapped ones; api, pre_batch and
    post_batch stay as they are. Deploy it where the dist zip of cirrus was. The same input
    makes the same bytes. Cirrus 0.x has no such zip: there --build-dir patches what was built,
    sender, reconciler and tracking table included. --check ends with 1 where the plugin is not
    in the zip, or cirrus's own handlers are at its root.
    """
    given = [value for value in (cirrus_dist, cirrus_version, check, build_dir) if value]
    if len(given) + sender != 1:
        raise click.UsageError(
            "Give one of --cirrus-dist, --cirrus-version, --sender, --check and --build-dir.",
        )
    if build_dir is not None:
        if python or arch or output or force:
            raise click.UsageError("--build-dir changes that folder: leave out other options.")
        _patch(build_dir, is_json=is_json)
        return
    if sender:
        if python or arch:
            raise click.UsageError(
                "The sender's zip is pure Python: leave out --python and --arch."
            )
        _write_sender(output, force, is_json)
        return
    if check is not None:
        ctx.exit(_check(check, output, is_json=is_json))
    if cirrus_dist is not None:
        if python or arch:
            raise click.UsageError("--python and --arch are what the given zip is built for.")
        path = cirrus_dist
        _write(lambda: with_callbacks(archive.read(path), str(path)), output, force, is_json)
        return
    if cirrus_version is None or python is None or arch is None:
        raise click.UsageError("--cirrus-version needs --python and --arch.")
    target = BuildTarget(cirrus_version, python, arch)
    _write(lambda: build(target), output, force, is_json)


def _write(
    make: Callable[[], dict[str, File]],
    output: Path | None,
    force: bool,
    is_json: bool,
) -> None:
    if output is None:
        raise click.UsageError("Name the zip to write with -o.")
    archive.refuse_existing(output, force=force)
    files = make()
    contents = inspect(files, str(output))
    written = archive.write(output, files, force=force)
    if is_json:
        sizes = {"zipped_bytes": written.zipped, "unzipped_bytes": written.unzipped}
        _print_json({"path": str(output), **contents.to_json(), **sizes})
        return
    for line in contents.lines():
        click.echo(line)
    click.echo(written.size_line)


def _write_sender(output: Path | None, force: bool, is_json: bool) -> None:
    if output is None:
        raise click.UsageError("Name the zip to write with -o.")
    require("cli", "packaging")
    from cirrus_callbacks_plugin.package.sender import sender_files

    archive.refuse_existing(output, force=force)
    written = archive.write(output, sender_files(), force=force)
    if is_json:
        sizes = {"zipped_bytes": written.zipped, "unzipped_bytes": written.unzipped}
        _print_json({"path": str(output), **sizes})
        return
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
    return 0 if contents.is_hooked else NOT_HOOKED


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
