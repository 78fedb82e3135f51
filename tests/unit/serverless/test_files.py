"""What is written into a build: whole, or with one message."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

pytest.importorskip("yaml")

from cirrus_callbacks_plugin.errors import ServerlessProjectError
from cirrus_callbacks_plugin.package.archive import File
from cirrus_callbacks_plugin.serverless import contents, documents

if TYPE_CHECKING:
    from pathlib import Path


def test_equal_parts_are_written_out_each_time() -> None:
    """No anchors: Serverless would read them, people would not."""
    table = {"Ref": "Table"}
    text = documents.dump({"a": table, "b": [table], "long": "x " * 100})
    assert "&" not in text
    assert text.startswith("a:\n  Ref: Table\nb:\n  - Ref: Table\nlong: ")
    assert text.count("\n") == 5


def test_a_document_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    """Nothing unfinished stays behind; the file keeps its mode."""
    path = tmp_path / "serverless.yml"
    path.write_text("a: 1\n")
    path.chmod(0o640)
    documents.replace(path, {"a": 2})
    assert documents.load(path) == {"a": 2}
    assert path.stat().st_mode & 0o777 == 0o640
    path.unlink()
    with pytest.raises(ServerlessProjectError, match=r"serverless\.yml: cannot be written"):
        documents.replace(path, {"a": 3})
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ServerlessProjectError, match=r"no.serverless\.yml: cannot be written"):
        documents.replace(tmp_path / "no" / "serverless.yml", {"a": 3})


def test_a_document_that_cannot_be_read(tmp_path: Path) -> None:
    """The message names it."""
    with pytest.raises(ServerlessProjectError, match=r"gone\.yml: cannot be read"):
        documents.load(tmp_path / "gone.yml")


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    """A folder in its place: the message names it."""
    (tmp_path / "handler.py").mkdir()
    with pytest.raises(ServerlessProjectError, match=r"handler\.py: cannot be written"):
        contents.write(tmp_path, {"handler.py": File(b"")})


def test_only_what_differs_is_written(tmp_path: Path) -> None:
    """So a second time nothing changes, and says so."""
    files = {"a/b.py": File(b"1"), "c.py": File(b"2")}
    assert contents.write(tmp_path, files)
    before = (tmp_path / "c.py").stat().st_mtime_ns
    assert not contents.write(tmp_path, files)
    assert (tmp_path / "c.py").stat().st_mtime_ns == before
