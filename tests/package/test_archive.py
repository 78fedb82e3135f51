"""Zips are read with care, and written reproducibly and in one step."""

from __future__ import annotations

import os
import stat
import zipfile
from typing import TYPE_CHECKING

import pytest

from cirrus_callbacks_plugin.errors import PackageError
from cirrus_callbacks_plugin.package import archive
from cirrus_callbacks_plugin.package.archive import File

if TYPE_CHECKING:
    from pathlib import Path

FILES = {"b/x.py": File(b"print()\n" * 99), "a.so": File(b"\x7fELF", executable=True)}


def test_the_same_files_make_the_same_bytes(tmp_path: Path) -> None:
    """Neither the order of the files nor the clock nor the umask shows in the zip."""
    first = archive.write(tmp_path / "1.zip", FILES)
    previous = os.umask(0o077)
    try:
        archive.write(tmp_path / "2.zip", dict(reversed(FILES.items())))
    finally:
        os.umask(previous)
    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "2.zip").read_bytes()
    assert first.zipped == (tmp_path / "1.zip").stat().st_size
    assert first.unzipped == sum(len(file.data) for file in FILES.values())
    with zipfile.ZipFile(first.path) as written:
        infos = written.infolist()
    assert [info.filename for info in infos] == sorted(FILES)
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
    modes = [stat.S_IMODE(info.external_attr >> 16) for info in infos]
    assert modes == [0o755, 0o644]  # Lambda runs as another user: everyone may read


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    """Names, bytes and the executable bit survive."""
    archive.write(tmp_path / "1.zip", FILES)
    assert archive.read(tmp_path / "1.zip") == FILES


def test_an_existing_file_needs_force(tmp_path: Path) -> None:
    """Without ``force`` an existing file stays as it is; with it, it is replaced."""
    path = tmp_path / "1.zip"
    path.write_text("precious")
    with pytest.raises(PackageError, match="--force"):
        archive.write(path, FILES)
    assert path.read_text() == "precious"
    archive.write(path, FILES, force=True)
    assert archive.read(path) == FILES


def test_nothing_half_written_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that fails midway leaves neither a part of the zip nor a stray file."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archive, "_add", full)
    with pytest.raises(PackageError, match="No space left"):
        archive.write(tmp_path / "1.zip", FILES)
    monkeypatch.setattr(archive, "_add", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        archive.write(tmp_path / "1.zip", FILES)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    """Where there is no folder, or the path is one, the message says so."""
    with pytest.raises(PackageError, match="no folder"):
        archive.write(tmp_path / "no" / "1.zip", FILES)
    with pytest.raises(PackageError, match="is a folder"):
        archive.write(tmp_path, FILES, force=True)


@pytest.mark.parametrize("name", ["/etc/passwd", "../up.py", "a/../../up.py", "a\\b.py"])
def test_names_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    """A name that would be unpacked elsewhere is refused, whatever it holds."""
    with zipfile.ZipFile(tmp_path / "1.zip", "w") as made:
        made.writestr(zipfile.ZipInfo(name), "x")
    with pytest.raises(PackageError, match="leads out"):
        archive.read(tmp_path / "1.zip")


def test_a_name_that_is_a_file_and_a_folder_is_refused(tmp_path: Path) -> None:
    """It cannot be unpacked: Lambda would refuse it, and far less clearly."""
    with zipfile.ZipFile(tmp_path / "1.zip", "w") as made:
        made.writestr("process.py", "x")
        made.writestr("process.py/x.py", "x")
    with pytest.raises(PackageError, match=r"1\.zip: 'process\.py' is a file and, .* a folder"):
        archive.read(tmp_path / "1.zip")


def test_links_are_refused(tmp_path: Path) -> None:
    """A symbolic link would otherwise come back as a text file with the target's name."""
    link = zipfile.ZipInfo("link")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "1.zip", "w") as made:
        made.writestr(link, "target")
    with pytest.raises(PackageError, match="symbolic link"):
        archive.read(tmp_path / "1.zip")


def test_what_is_no_zip_is_named(tmp_path: Path) -> None:
    """A missing file, a text file, a cut and a damaged zip: one message that names it."""
    with pytest.raises(PackageError, match=r"1\.zip: there is no such file"):
        archive.read(tmp_path / "1.zip")
    (tmp_path / "2.zip").write_text("hello")
    with pytest.raises(PackageError, match=r"2\.zip: is not a zip"):
        archive.read(tmp_path / "2.zip")
    archive.write(tmp_path / "3.zip", FILES)
    whole = (tmp_path / "3.zip").read_bytes()
    (tmp_path / "4.zip").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(PackageError, match=r"4\.zip: is not a zip"):
        archive.read(tmp_path / "4.zip")
    data = 30 + len("a.so")  # behind the first file's own header
    damaged = whole[:data] + bytes(255 - byte for byte in whole[data : data + 3])
    (tmp_path / "5.zip").write_bytes(damaged + whole[data + 3 :])
    with pytest.raises(PackageError, match=r"5\.zip: is not a zip file, or damaged"):
        archive.read(tmp_path / "5.zip")


def test_the_size_line_names_lambdas_limits(tmp_path: Path) -> None:
    """A zip that Lambda refuses, or takes only through S3, says so beside its size."""
    assert archive.Written(tmp_path, 1 << 20, 2 << 20).size_line == (
        f"{tmp_path}: 1.0 MB zipped, 2.0 MB unzipped"
    )
    assert "through S3" in archive.Written(tmp_path, 60 << 20, 90 << 20).size_line
    assert "Lambda takes" in archive.Written(tmp_path, 60 << 20, 300 << 20).size_line
