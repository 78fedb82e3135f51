"""Zip files for Lambda: read with care, written reproducibly and in one step.

The same files make the same bytes, whenever and by whomever they are written: names are
sorted, times and modes are fixed. (Another zlib may compress the same bytes otherwise.)
"""

from __future__ import annotations

import os
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cirrus_callbacks_plugin.errors import PackageError

# Lambda's own limits, in bytes.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_DIRECT_UPLOAD = 50 * 1024 * 1024
MAX_UNZIPPED = 250 * 1024 * 1024
_MAX_READ = 4 * MAX_UNZIPPED
"""More than this is not a Lambda zip, and not worth the memory of finding out."""

OF_THE_INSTALLER = frozenset(
    {"INSTALLER", "REQUESTED", "RECORD", "direct_url.json", "uv_cache.json"},
)
"""Files of a .dist-info folder that say how it was installed, and nothing that is read."""

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold
_FILE = 0o644
_EXECUTABLE = 0o755


@dataclass(frozen=True, slots=True)
class File:
    """One file of a zip.

    Attributes:
        data: its bytes.
        executable: True where somebody runs it as a program.
    """

    data: bytes
    executable: bool = False


Files = Mapping[str, File]
"""Files by their name in the zip: relative, with forward slashes."""


@dataclass(frozen=True, slots=True)
class Written:
    """A zip that was written.

    Attributes:
        path: where it is.
        zipped: its size in bytes.
        unzipped: the size of its files in bytes.
    """

    path: Path
    zipped: int
    unzipped: int

    @property
    def size_line(self) -> str:
        """One line for people: both sizes, and Lambda's limit where one is exceeded."""
        line = f"{self.path}: {_mb(self.zipped)} zipped, {_mb(self.unzipped)} unzipped"
        if self.unzipped > MAX_UNZIPPED:
            return f"{line}; more than the {_mb(MAX_UNZIPPED)} that Lambda takes"
        if self.zipped > MAX_DIRECT_UPLOAD:
            return f"{line}; more than {_mb(MAX_DIRECT_UPLOAD)}: upload it through S3"
        return line


def read(path: Path) -> dict[str, File]:
    """Read every file of a zip; of a name that occurs twice the last, as ``unzip`` would.

    Raises:
        PackageError: it is missing, no zip, damaged, encrypted or far too big, or holds
            names that lead out of the folder it is unpacked into, or cannot be unpacked.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [info for info in archive.infolist() if not info.is_dir()]
            total = sum(info.file_size for info in entries)
            if total > _MAX_READ:
                raise PackageError(
                    f"{path}: {_mb(total)} unzipped; Lambda takes {_mb(MAX_UNZIPPED)}",
                )
            files = {_name(info, path): _file(archive, info, path) for info in entries}
            _refuse_folders(files, path)
            return files
    except FileNotFoundError as error:
        raise PackageError(f"{path}: there is no such file") from error
    except OSError as error:
        raise PackageError(f"{path}: cannot be read ({error.strerror})") from error
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise PackageError(f"{path}: is not a zip file, or damaged ({error})") from error
    except (RuntimeError, NotImplementedError) as error:
        raise PackageError(f"{path}: cannot be unpacked ({error})") from error


def write(path: Path, files: Files, *, force: bool = False) -> Written:
    """Write a zip beside ``path`` and rename it: it is there whole, or not at all.

    Args:
        path: where to; its folder must exist.
        files: what to put in.
        force: replace a file that is there already.

    Raises:
        PackageError: the path exists and ``force`` is not given, or cannot be written.
    """
    refuse_existing(path, force=force)
    unfinished: Path | None = None
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        unfinished = Path(name)
        with os.fdopen(descriptor, "wb") as stream:
            with zipfile.ZipFile(stream, "w") as archive:
                for entry in sorted(files):
                    _add(archive, entry, files[entry])
            stream.flush()
            os.fsync(stream.fileno())
        unfinished.chmod(_FILE)
        zipped = unfinished.stat().st_size
        unfinished.replace(path)
        unfinished = None
    except OSError as error:
        raise PackageError(f"{path}: cannot be written ({error.strerror})") from error
    finally:
        if unfinished is not None:
            unfinished.unlink(missing_ok=True)
    return Written(path, zipped, sum(len(file.data) for file in files.values()))


def refuse_existing(path: Path, *, force: bool) -> None:
    """Fail early, before minutes of work, where :func:`write` would fail at the end.

    Raises:
        PackageError: the path exists and ``force`` is not given, or has no folder.
    """
    if path.is_dir():
        raise PackageError(f"{path}: is a folder; name a file")
    if path.exists() and not force:
        raise PackageError(f"{path}: exists already; --force replaces it")
    if not path.parent.is_dir():
        raise PackageError(f"{path}: there is no folder {path.parent}; create it")


def _add(archive: zipfile.ZipFile, name: str, file: File) -> None:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.create_system = 3  # Unix, wherever it is written: the mode counts only then
    info.external_attr = (stat.S_IFREG | (_EXECUTABLE if file.executable else _FILE)) << 16
    archive.writestr(info, file.data, zipfile.ZIP_DEFLATED, compresslevel=6)


def _name(info: zipfile.ZipInfo, path: Path) -> str:
    name = info.filename
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or "\\" in name:
        raise PackageError(f"{path}: the name {name!r} leads out of the zip; build it again")
    return "/".join(parts)


def _refuse_folders(files: Files, path: Path) -> None:
    """Refuse a name that is a file and a folder: nobody could unpack both."""
    for name in files:
        for folder in PurePosixPath(name).parents:
            if str(folder) in files:
                raise PackageError(
                    f"{path}: {str(folder)!r} is a file and, for {name!r}, a folder; build it again"
                )


def _file(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> File:
    mode = info.external_attr >> 16 if info.create_system == 3 else 0  # noqa: PLR2004 - Unix
    if stat.S_ISLNK(mode):
        raise PackageError(
            f"{path}: {info.filename} is a symbolic link; build the zip without links",
        )
    return File(archive.read(info), executable=bool(mode & stat.S_IXUSR))


def _mb(size: int) -> str:
    return f"{size / (1024 * 1024):.1f} MB"
