"""What must hold of the repository before it is built: each check says what to do."""

from __future__ import annotations

import datetime as dt
import re
import subprocess
import tempfile
from pathlib import Path

import tomllib

ROOT = Path(__file__).resolve().parents[2]
SEMANTIC = re.compile(r"\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?")
_HEADING = re.compile(r"^## \[(?P<version>[^\]]+)\](?: - (?P<date>\S+))?\s*$", re.MULTILINE)


class NotReadyError(Exception):
    """The release cannot be made; the text says why, and what to do."""


def project_version(root: Path = ROOT) -> str:
    """The version, from the one place where it stands.

    Raises:
        NotReadyError: it is not a semantic version.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    version = str(project["version"])
    if not SEMANTIC.fullmatch(version):
        raise NotReadyError(f"{version} is not a semantic version: mend it in pyproject.toml")
    return version


def check_tree(root: Path = ROOT) -> str:
    """That everything is committed; the commit.

    Raises:
        NotReadyError: something is not.
    """
    changed = _git(root, "status", "--porcelain")
    if changed:
        raise NotReadyError(f"not committed: commit it or put it away\n{changed}")
    return _git(root, "rev-parse", "--short", "HEAD")


def check_tag(version: str, root: Path = ROOT) -> str:
    """That the version has not been released before; the tag that it will have.

    Raises:
        NotReadyError: there is such a tag, and on another commit.
    """
    tag = f"v{version}"
    tagged = _git(root, "tag", "--list", tag, "--format=%(objectname)")
    if tagged and _git(root, "rev-list", "-n1", tag) != _git(root, "rev-parse", "HEAD"):
        raise NotReadyError(f"{tag} is another commit: a new version belongs in pyproject.toml")
    return tag


def check_changelog(version: str, text: str) -> str:
    """That the changelog is closed under the version, with a date; the date.

    Raises:
        NotReadyError: it is not, or there is something that belongs to no version.
    """
    headings = list(_HEADING.finditer(text))
    for number, heading in enumerate(headings):
        end = headings[number + 1].start() if number + 1 < len(headings) else len(text)
        entries = text[heading.end() : end].strip()
        if heading["version"] == "Unreleased":
            if entries:
                raise NotReadyError(
                    f"CHANGELOG.md: move what stands under Unreleased under [{version}] - DATE",
                )
            continue
        if heading["version"] != version:
            break
        _check_date(version, heading["date"])
        if not entries:
            raise NotReadyError(f"CHANGELOG.md: nothing stands under {version}")
        return str(heading["date"])
    raise NotReadyError(f"CHANGELOG.md: its newest version is not {version}")


def _check_date(version: str, date: str | None) -> None:
    try:
        dt.date.fromisoformat(date or "")
    except ValueError:
        raise NotReadyError(f"CHANGELOG.md: give {version} its date, YYYY-MM-DD") from None


def check_lock(uv: str, root: Path = ROOT) -> None:
    """That the lock file still satisfies what the project asks for.

    Raises:
        NotReadyError: it does not.
    """
    lock = root / "requirements.lock"
    with tempfile.TemporaryDirectory() as folder:
        again = Path(folder, lock.name)
        again.write_text(lock.read_text())
        command = (
            f"pip compile pyproject.toml --extra local --group dev --group docs --universal "
            f"--python-version 3.12 --generate-hashes --no-header --no-annotate -q -o {again}"
        )
        subprocess.run([uv, *command.split()], cwd=root, check=True, stdout=subprocess.DEVNULL)
        if again.read_text() != lock.read_text():
            raise NotReadyError("requirements.lock is not what pyproject.toml asks for: make lock")


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()
