"""The package of one function, as a serverless project of cirrus 0.x makes it.

It holds cirrus's library without any metadata, the handler as ``lambda_function.py`` at
its root and the requirements; here with a folder of the project's own, wrapped by hand. On
0.15 cirrus's own ``cirrus build`` lays it out; of 0.7 the layout is copied.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import cirrus_callbacks_plugin
from cirrus_callbacks_plugin.serverless import documents
from cirrus_callbacks_plugin.serverless.patch import patch
from support.generation import COMPLETED, GENERATION, IS_OLDEST, PREDECESSOR
from support.unpacked import Unpacked
from support.zip_loop import deploy, environment, run_loop

if TYPE_CHECKING:
    from collections.abc import Iterator

if not PREDECESSOR:
    pytest.skip("cirrus >= 1 has one zip for all functions", allow_module_level=True)

PLUGIN = "cirrus_callbacks_plugin"
# Entry points as Python 3.9 gave them: cirrus-geo 0.7 knows no other way to ask for them.
COMMAND = """
import importlib.metadata, os
found = importlib.metadata.entry_points
importlib.metadata.entry_points = lambda: {
    group: [each for each in found(group=group) if not each.value.startswith(os.environ["HIDDEN"])]
    for group in found().groups
}
from cirrus.cli.__main__ import main
main()
"""
NAMES = {"process": "process", "update_state": "update-state"}
SITE_PACKAGES = Path(sysconfig.get_path("purelib"))


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """AWS on a port, for interpreters of their own."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def wrap_by_hand(project: Path, hook: str) -> None:
    """A folder of the project's own for one function, its handler wrapped by hand."""
    import cirrus.builtins

    builtin = Path(next(iter(cirrus.builtins.__path__))) / "functions" / NAMES[hook]
    folder = project / "functions" / NAMES[hook]
    folder.mkdir(parents=True)
    shutil.copy(builtin / "definition.yml", folder)
    shutil.copy(builtin / "lambda_function.py", folder / f"cirrus_{hook}.py")
    if (builtin / "processes.json").exists():
        shutil.copy(builtin / "processes.json", folder)
    (folder / "lambda_function.py").write_text(
        f"from cirrus_callbacks_plugin.lambda_functions.{hook} import lambda_handler\n",
    )


def cirrus(project: Path, *arguments: str, bare: bool = False) -> None:
    """Run cirrus's command; ``bare`` hides the plugin from it."""
    subprocess.run(
        [sys.executable, "-c", COMMAND, *arguments],
        cwd=project,
        env={**os.environ, "HIDDEN": PLUGIN if bare else "nothing"},
        check=True,
        capture_output=True,
    )


def packages_of(project: Path) -> dict[str, Path]:
    """The built packages of the two functions, without their requirements."""
    dot = project / ".cirrus"
    packages = (dot if IS_OLDEST else dot / "build") / "lambdas"
    return {hook: packages / name for hook, name in NAMES.items()}


def link_requirements(folder: Path) -> Path:
    """Everything installed but cirrus and its metadata; the plugin with its own."""
    folder.mkdir()
    for path in SITE_PACKAGES.iterdir():
        if not path.name.startswith(("cirrus", "_editable")):
            (folder / path.name).symlink_to(path)
    plugin = Path(cirrus_callbacks_plugin.__file__).parent
    (folder / plugin.name).symlink_to(plugin)
    for path in SITE_PACKAGES.glob("cirrus_callbacks_plugin-*.dist-info"):
        (folder / path.name).symlink_to(path)
    return folder


def test_a_function_wrapped_by_hand_ends_in_a_working_loop(tmp_path: Path, endpoint: str) -> None:
    """Built as the project builds it, both functions are wrapped, and the loop runs."""
    cirrus(tmp_path, "init")
    for hook in NAMES:
        wrap_by_hand(tmp_path, hook)
    cirrus(tmp_path, "build", bare=True)
    run(tmp_path, endpoint, ("lambda_function.lambda_handler",) * 2)


@pytest.mark.skipif(not IS_OLDEST, reason="test_serverless_patch.py has more of 0.15")
def test_a_patched_build_of_0_7_ends_in_a_working_loop(tmp_path: Path, endpoint: str) -> None:
    """A build without the plugin, patched, is a build with it; and its functions do the same."""
    cirrus(tmp_path, "init")
    cirrus(tmp_path, "build", bare=True)
    built = tmp_path / ".cirrus" / "serverless.yml"
    assert "Callbacks" not in built.read_text()
    patched = patch(tmp_path / ".cirrus")
    assert patched.cirrus == "cirrus-lib 0.8 with cirrus-geo 0.7"
    assert not patch(tmp_path).changed
    document = documents.load(built)
    run(
        tmp_path,
        endpoint,
        ("callbacks_process.lambda_handler", "callbacks_update_state.lambda_handler"),
    )
    cirrus(tmp_path, "build")
    assert documents.load(built) == document


def run(project: Path, endpoint: str, handlers: tuple[str, str]) -> None:
    """The loop of the two built packages, and what is in them."""
    packages = packages_of(project)
    requirements = link_requirements(project / "requirements")
    created = deploy(endpoint)
    functions = {
        hook: Unpacked(
            (package,),
            requirements,
            sys.executable,
            {**environment(created), **handler_of(project, hook)},
        )
        for hook, package in packages.items()
    }
    for package in packages.values():
        assert not list(package.glob("cirrus_geo*"))
        assert (package / "cirrus" / ("lib" if IS_OLDEST else "lib2")).is_dir()
    row = run_loop(functions["process"], created, functions["update_state"], handlers)
    assert row["workflow_state"] == {"S": COMPLETED}
    assert row["cirrus_version"]["S"] == ("0.8" if IS_OLDEST else "0.15")
    assert GENERATION.completed == COMPLETED


def handler_of(project: Path, hook: str) -> dict[str, str]:
    """The variable that names the wrapped handler, where the build set it."""
    (built,) = project.glob(".cirrus/**/serverless.yml")
    variables = documents.load(built)["functions"][NAMES[hook]]["environment"]
    return {name: text for name, text in variables.items() if name.endswith("_HANDLER")}
