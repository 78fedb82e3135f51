"""``cirrus-callbacks package`` as a person calls it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from cirrus_callbacks_plugin.package import archive
from cirrus_callbacks_plugin.package.archive import File
from cirrus_callbacks_plugin.package.compiled import without_compiled
from support.command_line import COMMAND
from support.dist_zip import write_dist
from support.generation import VERSION

if TYPE_CHECKING:
    from pathlib import Path

    from support.dist_zip import Made

HERE = f"3.{sys.version_info.minor}"


def call(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    return subprocess.run(
        [COMMAND, "package", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.fixture(scope="module")
def made(hooked: Made) -> Path:
    """A zip that the command made."""
    return hooked.path


def test_it_says_what_it_made(hooked: Made) -> None:
    """Versions, handlers, for which Python it is compiled; sizes at the end."""
    assert f"cirrus-geo: {VERSION}" in hooked.said
    assert "process.lambda_handler: wrapped" in hooked.said
    (compiled,) = (line for line in hooked.said if line.startswith("compiled "))
    count = f"{sum(name.endswith('.py') for name in archive.read(hooked.path)):,}"
    assert compiled == f"compiled for Python {HERE}: {count} of {count} modules"
    assert hooked.said[-1].startswith(f"{hooked.path}: ")
    assert "unzipped" in hooked.said[-1]


def test_the_same_input_makes_the_same_bytes(made: Path, tmp_path: Path) -> None:
    """From its own output the very same zip comes, compiled code included."""
    again = call("--cirrus-dist", made, "-o", tmp_path / "again.zip", "--json")
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "again.zip").read_bytes() == made.read_bytes()
    said = json.loads(again.stdout)
    assert said["zipped_bytes"] == made.stat().st_size
    assert said["handlers"]["update_state"] == "wrapped"
    assert said["compiled"] == {HERE: said["modules"]}
    assert (said["stale"], said["not_compiled_because"]) == ([], None)


def test_sources_alone_on_demand(made: Path, tmp_path: Path) -> None:
    """The same bytes wherever it is made, whichever Python is there."""
    out = tmp_path / "sources.zip"
    done = call("--cirrus-dist", made, "--no-compile", "-o", out)
    assert "compiled: no" in done.stdout.splitlines()
    assert archive.read(out) == without_compiled(archive.read(made))


def test_why_nothing_was_compiled_is_told(tmp_path: Path) -> None:
    """A dist without libraries does not tell for which Python it is."""
    dist = write_dist(tmp_path / "pure.zip", {"cirrus-geo"})
    out = tmp_path / "out.zip"
    done = call("--cirrus-dist", dist, "-o", out)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-2] == (
        "not compiled: the zip does not tell for which Python it is; every cold start compiles "
        "what it imports"
    )
    said = json.loads(call("--cirrus-dist", dist, "-o", out, "--force", "--json").stdout)
    assert said["compiled"] == {}
    assert said["not_compiled_because"] == "the zip does not tell for which Python it is"


def test_check_says_what_was_changed_after_it_was_compiled(made: Path, tmp_path: Path) -> None:
    """The compiled code would run, whatever the source says: 1, and what to do."""
    changed = {**archive.read(made), "process.py": File(b"def lambda_handler(event, context): 1")}
    path = archive.write(tmp_path / "changed.zip", changed).path
    done = call("--check", path)
    assert done.returncode == 1
    assert "of another source than process.py: put the zip through this command" in done.stderr
    assert json.loads(call("--check", path, "--json").stdout)["stale"] == ["process.py"]


def test_check_says_what_is_in_a_zip(made: Path, dist: Path) -> None:
    """Versions, Python, architecture and handlers; a gate: 1 where the hooks are not in it."""
    without = call("--check", dist)
    assert "process.lambda_handler: cirrus's own" in without.stdout
    assert (without.returncode, without.stderr) == (1, f"{dist}: the hooks are not in it\n")
    assert call("--check", dist, "--json").returncode == 1
    assert call("--check", made).returncode == 0
    said = json.loads(call("--check", made, "--json").stdout)
    assert (said["cirrus"], said["handlers"]["process"]) == (VERSION, "wrapped")
    assert said["plugin"]
    assert said["architectures"]


def test_bad_input_gets_one_message_and_status_2(made: Path, dist: Path, tmp_path: Path) -> None:
    """Each mistake: one clear message, no traceback, status 2, nothing written."""
    (tmp_path / "text.zip").write_text("no zip")
    (tmp_path / "there.zip").write_text("precious")
    out = tmp_path / "out.zip"
    cases = [
        ((), "Give one of"),
        (("--check", dist, "--cirrus-dist", dist), "Give one of"),
        (("--cirrus-dist", dist), "Name the zip to write with -o"),
        (("--cirrus-dist", tmp_path / "no.zip", "-o", out), "no.zip: there is no such file"),
        (("--cirrus-dist", tmp_path / "text.zip", "-o", out), "text.zip: is not a zip file"),
        (("--cirrus-dist", dist, "-o", tmp_path / "there.zip"), "--force"),
        (("--cirrus-dist", dist, "-o", tmp_path / "no" / "x.zip"), "there is no folder"),
        (("--cirrus-dist", dist, "-o", out, "--arch", "arm64"), "--python and --arch"),
        (("--cirrus-version", "2.0.0", "-o", out), "needs --python and --arch"),
        (("--check", dist, "-o", out), "--check writes nothing"),
        (("--check", tmp_path / "text.zip"), "is not a zip file"),
        (("--cirrus-version", "2.0.0", "--python", "3.9", "-o", out), "3.9"),
        (("--cirrus-version", "2.0.0", "--python", "3.11", "--arch", "arm64", "-o", out), "3.12"),
    ]
    for arguments, says in cases:
        done = call(*arguments)
        assert done.returncode == 2, arguments
        assert says in done.stderr, arguments
        assert "Traceback" not in done.stderr
        assert done.stdout == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["text.zip", "there.zip"]
    assert (tmp_path / "there.zip").read_text() == "precious"
