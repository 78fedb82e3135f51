"""The wheel and the source distribution, the same bytes from the same commit."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from release.checked import ROOT, NotReadyError

if TYPE_CHECKING:
    from collections.abc import Sequence


def build(into: Path) -> list[Path]:
    """Build both, three times over: from the checkout twice, the wheel from the source, too.

    The build backend is the locked one of this environment.

    Returns:
        The wheel, then the source distribution, in the folder.

    Raises:
        NotReadyError: two builds differ.
    """
    with tempfile.TemporaryDirectory() as folder:
        first, second = (_build(ROOT, Path(folder, name)) for name in ("first", "second"))
        _check_same(first, second, "built twice from one commit")
        wheel, source = first
        with tarfile.open(source) as archive:
            archive.extractall(folder, filter="data")
        unpacked = Path(folder, source.name.removesuffix(".tar.gz"))
        from_source = _build(unpacked, Path(folder, "from-source"), "wheel")
        _check_same([wheel], from_source, "built from the checkout and from the source archive")
        into.mkdir(parents=True, exist_ok=True)
        return [each.rename(into / each.name) for each in first]


def _build(project: Path, into: Path, *targets: str) -> list[Path]:
    moment = subprocess.run(
        ["git", "log", "-1", "--format=%ct"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    chosen = [part for target in targets or ("wheel", "sdist") for part in ("-t", target)]
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(into), *chosen],
        cwd=project,
        env={**os.environ, "SOURCE_DATE_EPOCH": moment},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return sorted(into.iterdir(), key=lambda each: each.suffix != ".whl")


def _check_same(some: Sequence[Path], others: Sequence[Path], how: str) -> None:
    for one, other in zip(some, others, strict=True):
        if one.name != other.name or digest(one) != digest(other):
            raise NotReadyError(f"{one.name} differs, {how}: its build is not reproducible")


def digest(file: Path) -> str:
    """The file's SHA-256, as an index shows it."""
    return hashlib.sha256(file.read_bytes()).hexdigest()
