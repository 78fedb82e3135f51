"""Cirrus's own dist zip with the hooks in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cirrus_callbacks_plugin.errors import PackageError
from cirrus_callbacks_plugin.package import archive
from cirrus_callbacks_plugin.package.archive import File
from cirrus_callbacks_plugin.package.dist import UNTOUCHED, with_callbacks
from support.generation import COMPLETED, VERSION
from support.zip_loop import deploy, environment, run_loop

if TYPE_CHECKING:
    from pathlib import Path

    from cirrus_callbacks_plugin.local.deployment import LocalDeployment
    from support.unpacked import Unpacked


@pytest.fixture(scope="module")
def files(dist: Path) -> dict[str, File]:
    """The dist's files."""
    return archive.read(dist)


@pytest.fixture(scope="module")
def deployed(functions: Unpacked, endpoint: str) -> tuple[Unpacked, LocalDeployment]:
    """The functions, and a deployment for them."""
    created = deploy(endpoint)
    return functions.deployed(**environment(created)), created


def test_the_loop_runs_from_the_zip_alone(deployed: tuple[Unpacked, LocalDeployment]) -> None:
    """Unpacked as Lambda does it, with nothing else but boto3, the zip registers and settles.

    So the hooks' entry points are found in the zip, and cirrus's own handlers run.
    """
    functions, created = deployed
    row = run_loop(functions, created)
    assert row["workflow_state"] == {"S": COMPLETED}
    assert row["cirrus_version"] == {"S": VERSION}
    loaded = functions.call("process.lambda_handler", {"Records": []})["modules"]
    assert any(name.endswith("cirrus/lambda_functions/process.py") for name in loaded)
    assert [name for name in loaded if "site-packages" in name] == []


@pytest.mark.parametrize("handler", UNTOUCHED)
def test_the_other_functions_import_from_the_zip(
    deployed: tuple[Unpacked, LocalDeployment],
    handler: str,
) -> None:
    """``api``, ``pre_batch`` and ``post_batch`` stay importable, as before."""
    functions, _ = deployed
    assert "lambda_handler" in functions.call(handler, None)["returned"]


def test_only_two_files_change(dist: Path, files: dict[str, File]) -> None:
    """Everything of the dist but the two root handlers is in the zip, byte for byte."""
    made = with_callbacks(files, dist.name)
    changed = {name for name in files if files[name] != made.get(name)}
    assert changed == {"process.py", "update_state.py"}
    added = {name.partition("/")[0].partition("-")[0] for name in set(made) - set(files)}
    assert added == {"cirrus_callbacks_plugin"}


def test_its_own_output_is_left_as_it_is(dist: Path, files: dict[str, File]) -> None:
    """Running it on its own output changes nothing, so it can stand in a pipeline."""
    once = with_callbacks(files, dist.name)
    assert with_callbacks(once, dist.name) == once


def test_an_older_plugin_is_replaced(dist: Path, files: dict[str, File]) -> None:
    """Nothing of another version of the plugin stays in the zip."""
    made = with_callbacks(files, dist.name)
    older = {
        **made,
        "cirrus_callbacks_plugin/gone.py": File(b""),
        "cirrus_callbacks_plugin-0.0.1.dist-info/METADATA": File(b"Version: 0.0.1"),
    }
    assert with_callbacks(older, dist.name) == made


def test_a_changed_root_handler_is_kept_and_wrapped(
    dist: Path,
    files: dict[str, File],
    tmp_path: Path,
    deployed: tuple[Unpacked, LocalDeployment],
) -> None:
    """A root ``process.py`` that is not cirrus's own is not lost: it is what is wrapped."""
    own = (
        b"from cirrus.lambda_functions.process import lambda_handler as theirs\n"
        b"def lambda_handler(event, context):\n"
        b"    return ['changed', theirs(event, context)]\n"
    )
    made = with_callbacks({**files, "process.py": File(own)}, dist.name)
    assert with_callbacks(made, dist.name) == made
    for name in ("process.py", "cirrus_process.py"):
        (tmp_path / name).write_bytes(made[name].data)
    functions, _ = deployed
    answer = functions.over(tmp_path).call("process.lambda_handler", {"Records": []})
    assert answer["returned"] == ["changed", 0]
    with pytest.raises(PackageError, match=r"neither process\.py nor cirrus_process\.py"):
        with_callbacks({**made, "process.py": File(b"another")}, dist.name)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda _: {"x.py": File(b"")}, r"is not a cirrus-lambda-dist zip .*no process\.py"),
        (lambda f: {n: f[n] for n in f if n != "update_state.py"}, r"no update_state\.py"),
        (lambda _: {"lambda_function.py": File(b"")}, "package of one function"),
        (lambda _: {"cirrus/lib2/statedb.py": File(b"")}, "package of one function"),
    ],
)
def test_what_is_no_dist_is_refused(change: object, says: str, files: dict[str, File]) -> None:
    """A zip that is not a cirrus dist is named, with what it lacks."""
    with pytest.raises(PackageError, match=says):
        with_callbacks(change(files), "other.zip")  # type: ignore[operator]
