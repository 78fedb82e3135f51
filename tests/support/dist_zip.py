"""Cirrus's dist zip, rebuilt from the installed packages in cirrus's own layout.

No dist zip is on the package index. Cirrus's ``bin/build-lambda-dist.py`` zips a
site-packages folder with cirrus-geo and what it needs, empties ``stactask/__init__.py``
and puts a copy of every handler at the root; so does this, boto3 apart, which the
interpreter that runs the zip has anyway, as Lambda's does.
"""

from __future__ import annotations

import re
import subprocess
import zipfile
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path, PurePosixPath

from support.command_line import COMMAND

BOTO3 = ("boto3", "botocore", "s3transfer", "jmespath", "python-dateutil", "six", "urllib3")
HANDLERS = ("api", "post_batch", "pre_batch", "process", "update_state")


@dataclass(frozen=True)
class Made:
    """A zip that the command made, and what it printed."""

    path: Path
    said: list[str]

    @classmethod
    def by(cls, folder: Path, *options: str) -> Made:
        """Run ``cirrus-callbacks package``."""
        path = folder / "made.zip"
        done = subprocess.run(
            [COMMAND, "package", *options, "-o", str(path)],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        return cls(path, done.stdout.splitlines())


def write_dist(path: Path, names: set[str] | None = None) -> Path:
    """Write the dist zip of the installed cirrus-geo.

    Args:
        path: where to.
        names: the distributions in it; all that cirrus-geo needs but boto3 where not given.
    """
    names = needed_by("cirrus-geo") - set(BOTO3) if names is None else names
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, source in sorted(_files(names).items()):
            if name == "stactask/__init__.py":
                archive.writestr(name, b"")
            else:
                archive.write(source, name)
        for handler in HANDLERS:
            source = distribution("cirrus-geo").locate_file(f"cirrus/lambda_functions/{handler}.py")
            archive.write(str(source), f"{handler}.py")
    return path


def link_boto3(folder: Path) -> Path:
    """A folder with boto3 and what it needs, and nothing else."""
    return _link(folder, set(BOTO3))


def link_distributions(folder: Path, names: set[str]) -> Path:
    """A folder with distributions and what they need, as an installer fills it."""
    return _link(folder, {each for name in names for each in needed_by(name)})


def _link(folder: Path, names: set[str]) -> Path:
    folder.mkdir()
    for name, source in _files(names).items():
        top = PurePosixPath(name).parts[0]
        link = folder / top
        if not link.exists():
            root = source
            for _ in range(len(PurePosixPath(name).parts) - 1):
                root = root.parent
            link.symlink_to(root)
    return folder


def needed_by(name: str) -> set[str]:
    """The distributions that one needs, itself included, extras left out."""
    found: set[str] = set()
    pending = [name]
    while pending:
        each = _normal(pending.pop())
        if each in found:
            continue
        try:
            requirements = distribution(each).requires or []
        except PackageNotFoundError:
            continue  # for another platform or Python
        found.add(each)
        pending += [
            match[0]
            for requirement in requirements
            if "extra ==" not in requirement and (match := re.match(r"[\w.-]+", requirement))
        ]
    return found


def _files(names: set[str]) -> dict[str, Path]:
    found = {}
    for name in names:
        installed: Distribution = distribution(name)
        for file in installed.files or ():
            if file.parts[0] == ".." or "__pycache__" in file.parts:
                continue
            path = Path(str(installed.locate_file(file)))
            if path.is_file():
                found[file.as_posix()] = path
    return found


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
