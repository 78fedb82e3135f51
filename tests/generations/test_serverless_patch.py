"""``cirrus-callbacks package --build-dir``: a build of cirrus 0.15 made without the plugin."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support.generation import IS_OLDEST, PREDECESSOR

if not PREDECESSOR or IS_OLDEST:
    pytest.skip("builds of cirrus 0.15 are patched where it is installed", allow_module_level=True)

from cirrus_callbacks_plugin.cli.main import status_of
from cirrus_callbacks_plugin.package.plugin import HOOKS, plugin_files
from cirrus_callbacks_plugin.serverless import documents, names
from cirrus_callbacks_plugin.serverless.patch import patch
from support.serverless_project import Project, wheel

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.xdist_group("serverless-patch")

Change = dict[str, Any]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project that was built with the plugin; beside it one built without, ``bare``."""
    made = Project.create(tmp_path_factory.mktemp("patched"))
    assert made.cirrus("init").returncode == 0
    made.add_workflows()
    made.built()
    shutil.copytree(made.folder, made.folder.parent / "bare", symlinks=True)
    made.install(wheel(made.folder.parent / "wheels"))
    made.built()
    return made


@pytest.fixture
def copied(project: Project, tmp_path: Path) -> Path:
    """A copy of the project that was built without the plugin, to patch."""
    bare = project.folder.parent / "bare"
    return Path(shutil.copytree(bare, tmp_path / "copied", symlinks=True))


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a build, by name."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def change(project: Path, edit: Callable[[Change], None]) -> None:
    """Change a project's ``serverless.yml``, as its own configuration would have made it."""
    path = project / ".cirrus" / "build" / "serverless.yml"
    document = documents.load(path)
    edit(document)
    documents.replace(path, document)


def refused(*arguments: object, capsys: pytest.CaptureFixture[str]) -> str:
    """Run the command: one message, status 2; returns the message."""
    assert status_of(["package", *map(str, arguments)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("cirrus-callbacks: ")
    assert told.err.count("\n") == 1
    return told.err


def test_a_patched_build_is_what_a_build_with_the_plugin_is(
    project: Project,
    copied: Path,
) -> None:
    """The same functions, resources and files; but for cirrus's library beside ours.

    Cirrus puts its library and the project's requirements into every function; sender and
    reconciler need neither.
    """
    assert patch(copied / ".cirrus").changed
    with_plugin = contents(project.build_dir)
    patched = contents(copied / ".cirrus" / "build")
    texts = [files.pop("serverless.yml") for files in (with_plugin, patched)]
    built, made = (documents.yaml.safe_load(text) for text in texts)
    assert made == built
    for name in (names.SENDER, names.RECONCILER):
        theirs = with_plugin.pop(f"lambdas/{name}/requirements.txt").decode().split()
        ours = patched.pop(f"lambdas/{name}/requirements.txt").decode().split()
        assert set(ours) < set(theirs)
    record = {name for name in with_plugin if name.endswith(("/RECORD", "/METADATA"))}
    assert patched.keys() == with_plugin.keys()
    assert [n for n in patched if patched[n] != with_plugin[n] and n not in record] == []
    assert not patch(project.folder).changed


def test_twice_changes_nothing(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of its own result it makes the same, byte for byte, and says so."""
    assert status_of(["package", "--build-dir", str(copied / ".cirrus")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("built by cirrus-geo 0.15")
    assert "process: wraps lambda_function.lambda_handler" in lines
    assert lines[-1] == "patched"
    before = contents(copied)
    for folder in (copied, copied / ".cirrus" / "build"):
        assert status_of(["package", "--build-dir", str(folder), "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["changed"] is False
    assert contents(copied) == before


def test_an_older_plugin_is_replaced(copied: Path) -> None:
    """One plugin remains: its files, its metadata, its statements."""
    patch(copied)
    build = copied / ".cirrus" / "build"
    wanted, document = contents(build), documents.load(build / "serverless.yml")
    folder = build / "lambdas" / "process"
    (made,) = folder.glob("cirrus_callbacks_plugin-*.dist-info")
    made.rename(folder / "cirrus_callbacks_plugin-0.0.1.dist-info")
    (folder / "cirrus_callbacks_plugin" / "gone.py").write_text("")

    def older(document: Change) -> None:
        statement = document["functions"]["process"]["iamRoleStatements"][-1]
        statement["Action"] = ["dynamodb:PutItem"]
        del document["resources"]["Resources"][names.TABLE]["Properties"]["StreamSpecification"]

    change(copied, older)
    assert patch(copied).changed
    assert documents.load(build / "serverless.yml") == document
    found = contents(build)
    del found["serverless.yml"], wanted["serverless.yml"]
    assert found == wanted


def test_a_function_of_the_projects_own_is_wrapped(copied: Path) -> None:
    """Another handler, no statements of its own, a newer runtime: all of it is kept."""
    folder = copied / ".cirrus" / "build" / "lambdas" / "process"
    (folder / "ours").mkdir()
    (folder / "lambda_function.py").rename(folder / "ours" / "entry.py")

    def own(document: Change) -> None:
        function = document["functions"]["process"]
        function |= {"handler": "ours/entry.lambda_handler", "runtime": "python3.13"}
        del function["iamRoleStatements"]
        document["functions"]["update-state"]["role"] = "arn:aws:iam::123456789012:role/own"

    change(copied, own)
    patched = patch(copied)
    built = documents.load(Path(patched.path) / "serverless.yml")["functions"]
    assert patched.handlers["process"] == "ours.entry.lambda_handler"
    assert built["process"]["handler"] == "callbacks_process.lambda_handler"
    assert built["process"]["runtime"] == "python3.13"
    assert built["process"]["iamRoleStatementsInherit"] is True
    assert "dynamodb:Query" in "".join(patched.notes)
    assert not patch(copied).changed


def test_a_handler_that_was_wrapped_by_hand_stays(copied: Path) -> None:
    """A project that follows the README's older recipe has its wrapper already."""
    folder = copied / ".cirrus" / "build" / "lambdas" / "process"
    (folder / "lambda_function.py").rename(folder / "cirrus_process.py")
    by_hand = "from cirrus_callbacks_plugin.lambda_functions.process import lambda_handler\n"
    (folder / "lambda_function.py").write_text(by_hand)
    patched = patch(copied)
    function = documents.load(Path(patched.path) / "serverless.yml")["functions"]["process"]
    assert function["handler"] == "lambda_function.lambda_handler"
    assert "CIRRUS_CALLBACKS_PROCESS_HANDLER" not in function["environment"]
    assert patched.handlers["process"] == "cirrus_process.lambda_handler"
    assert (folder / "lambda_function.py").read_text() == by_hand
    assert set(plugin_files(HOOKS)) <= contents(folder).keys()


def test_what_is_no_built_project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No folder, no project, never built: each has its own message, and nothing is written."""
    missing = refused("--build-dir", tmp_path / "no", capsys=capsys)
    assert "there is no such folder" in missing
    assert "is not a cirrus project" in refused("--build-dir", tmp_path, capsys=capsys)
    (tmp_path / "cirrus.yml").write_text("service: cirrus\n")
    assert "run `cirrus build`" in refused("--build-dir", tmp_path, capsys=capsys)
    assert [path.name for path in tmp_path.iterdir()] == ["cirrus.yml"]


@pytest.mark.parametrize(
    ("library", "says"),
    [
        ({"cirrus/lib2/process_payload.py": ""}, "from 0.8 to 0.14"),
        ({"cirrus/lib/statedb.py": "class StateDB: ..."}, "older than 0.8"),
        ({}, "no cirrus library that is known"),
    ],
)
def test_a_cirrus_that_is_not_supported(
    copied: Path,
    capsys: pytest.CaptureFixture[str],
    library: dict[str, str],
    says: str,
) -> None:
    """The message says what was found and what is supported; the build stays as it was."""
    build = copied / ".cirrus" / "build"
    shutil.rmtree(build / "cirrus")
    for name, text in library.items():
        (build / name).parent.mkdir(parents=True)
        (build / name).write_text(text)
    before = contents(copied)
    told = refused("--build-dir", copied, capsys=capsys)
    assert says in told
    assert "cirrus-lib 0.8.1" in told
    assert contents(copied) == before


def _without_process(document: Change) -> None:
    del document["functions"]["process"]


def _from_an_image(document: Change) -> None:
    document["functions"]["process"] = {"image": "own"}


def _without_resources(document: Change) -> None:
    del document["resources"]


def _with_a_typo(document: Change) -> None:
    document["custom"]["callbacks"] = {"workflow": "*"}


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (_without_process, "no function 'process'"),
        (_from_an_image, "names no handler"),
        (_without_resources, "has no resources"),
        (_with_a_typo, "workflow is not a setting"),
    ],
)
def test_a_build_that_cannot_be_patched_stays_as_it_was(
    copied: Path,
    capsys: pytest.CaptureFixture[str],
    edit: Callable[[Change], None],
    says: str,
) -> None:
    """One message, and not a file is written."""
    change(copied, edit)
    before = contents(copied)
    assert says in refused("--build-dir", copied, capsys=capsys)
    assert contents(copied) == before


def test_a_damaged_build(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A ``serverless.yml`` that is not YAML, or no mapping, is named."""
    path = copied / ".cirrus" / "build" / "serverless.yml"
    for text, says in (("a: [", "is not YAML"), ("- a", "holds no settings by name")):
        path.write_text(text)
        assert f"serverless.yml: {says}" in refused("--build-dir", copied, capsys=capsys)


def test_other_options_do_not_go_with_it(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A build is changed in place: there is no zip to write."""
    assert status_of(["package", "--build-dir", str(copied), "-o", "x.zip"]) == 2
    assert "leave out other options" in capsys.readouterr().err
