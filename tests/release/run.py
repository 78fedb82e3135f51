"""Check, build, install and try a release: ``make release``.

``run.py UV [--tested]``; with ``--tested`` the commit's tests are known to have passed. Nothing is
published: the two commands that do are printed at the end. What is built lies in ``dist/``.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from release import checked
from release.built import build, digest
from release.checked import ROOT, NotReadyError
from release.installed import LOCAL, PLACES, Installer
from support.terraform_cli import provider_variables, why_not
from whole.part import say

DIST = ROOT / "dist"
EXAMPLE = "from cirrus_callbacks_plugin.local.example import example_folder as at; print(at())"


def main(arguments: list[str]) -> int:
    """Make the release as far as it can be made here; 0 where nothing was amiss."""
    uv, is_tested = str(Path(arguments[0]).resolve()), "--tested" in arguments[1:]
    started = time.monotonic()
    try:
        version = checked.project_version()
        commit = checked.check_tree()
        tag = checked.check_tag(version)
        changelog = (ROOT / "CHANGELOG.md").read_text()
        date = checked.check_changelog(version, changelog)
        say(f"ok       {version} of {date}, commit {commit}: clean tree, changelog")
        checked.check_lock(uv)
        say("ok       requirements.lock")
        _make("lint")
        if is_tested:
            say("skipped: make test (--tested)")
        else:
            _make("test")
        shutil.rmtree(DIST, ignore_errors=True)
        files = build(DIST)
        for file in files:
            say(f"ok       {file.relative_to(ROOT)} is reproducible: {digest(file)}")
        with tempfile.TemporaryDirectory() as folder:
            _try(Installer(uv, Path(folder), say), files, version)
    except NotReadyError as error:
        say(f"NOT READY: {error}")
        return 1
    minutes = (time.monotonic() - started) / 60
    say(f"\n{version} is ready, after {minutes:.0f} min. To publish and to tag:\n")
    names = " ".join(str(file.relative_to(ROOT)) for file in files)
    say(f"    .tools/bin/uv publish {names}")
    say(f"    git tag -a {tag} -m '{version}' {commit} && git push origin {tag}")
    return 0


def _try(installer: Installer, files: list[Path], version: str) -> None:
    wheel = files[0]
    for file in files:
        for place in PLACES:
            installer.try_parts(place, file, version)
    for place in LOCAL:
        at = installer.environment(place, wheel)
        if at is None:
            continue
        installer.run(at, "cirrus-callbacks", "demo")
        say(f"ok       demo from {wheel.name}: {place.title}")
        if place is not LOCAL[0]:
            continue
        missing = why_not()
        if missing is not None:
            say(f"skipped: the wheel's Terraform module: {missing}")
            continue
        example = installer.run(at, "python", "-c", EXAMPLE).strip()
        told = provider_variables()
        installer.run(at, "cirrus-callbacks", "local", example, "--terraform", variables=told)
        say(f"ok       example on the Terraform module of {wheel.name}: {place.title}")


def _make(target: str) -> None:
    say(f"         make {target} ...")
    done = subprocess.run(["make", "--no-print-directory", target], cwd=ROOT, check=False)
    if done.returncode:
        raise NotReadyError(f"make {target} failed: see above")
    say(f"ok       make {target}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
