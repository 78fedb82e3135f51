"""``cirrus-callbacks package`` as a person calls it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from support.generation import VERSION

COMMAND = Path(sys.executable).parent / "cirrus-callbacks"


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
def made(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zip that the command made."""
    out = tmp_path_factory.mktemp("command") / "out.zip"
    done = call("--cirrus-dist", dist, "-o", out)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert f"cirrus-geo: {VERSION}" in lines
    assert "process.lambda_handler: wrapped" in lines
    assert lines[-1].startswith(f"{out}: ")
    assert "unzipped" in lines[-1]
    return out


def test_the_same_input_makes_the_same_bytes(made: Path, dist: Path, tmp_path: Path) -> None:
    """From the dist, and from its own output, the very same zip comes."""
    again = call("--cirrus-dist", made, "-o", tmp_path / "again.zip", "--json")
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "again.zip").read_bytes() == made.read_bytes()
    said = json.loads(again.stdout)
    assert said["zipped_bytes"] == made.stat().st_size
    assert said["handlers"]["update_state"] == "wrapped"


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
    ]
    for arguments, says in cases:
        done = call(*arguments)
        assert done.returncode == 2, arguments
        assert says in done.stderr, arguments
        assert "Traceback" not in done.stderr
        assert done.stdout == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["text.zip", "there.zip"]
    assert (tmp_path / "there.zip").read_text() == "precious"
