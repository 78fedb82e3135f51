"""The package of one function, as a serverless project of cirrus 0.x makes it.

It holds cirrus's library without any metadata, the handler as ``lambda_function.py`` at
its root and the requirements; here with a folder of the project's own, wrapped by hand. On
0.15 cirrus's own ``cirrus build`` lays it out; of 0.7 the layout is copied.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import cirrus_callbacks_plugin
from support.generation import COMPLETED, GENERATION, IS_OLDEST, PREDECESSOR
from support.unpacked import Unpacked
from support.zip_loop import deploy, environment, run_loop

if TYPE_CHECKING:
    from collections.abc import Iterator

if not PREDECESSOR:
    pytest.skip("cirrus >= 1 has one zip for all functions", allow_module_level=True)

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


def build(project: Path) -> dict[str, Path]:
    """The functions' packages, without their requirements."""
    if not IS_OLDEST:
        for arguments in (["init"], ["build"]):
            subprocess.run(
                [Path(sys.executable).parent / "cirrus", *arguments],
                cwd=project,
                check=True,
                capture_output=True,
            )
        packages = project / ".cirrus" / "build" / "lambdas"
        return {hook: packages / name for hook, name in NAMES.items()}
    import cirrus.lib

    found = {}
    for hook, name in NAMES.items():
        found[hook] = project / "packages" / name
        shutil.copytree(project / "functions" / name, found[hook])
        (found[hook] / "definition.yml").unlink()
        shutil.copytree(cirrus.lib.__path__[0], found[hook] / "cirrus" / "lib")
    return found


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
    project = tmp_path / "project"
    project.mkdir()
    for hook in NAMES:
        wrap_by_hand(project, hook)
    packages = build(project)
    requirements = link_requirements(tmp_path / "requirements")
    created = deploy(endpoint)
    functions = {
        hook: Unpacked((package,), requirements, sys.executable, environment(created))
        for hook, package in packages.items()
    }
    for package in packages.values():
        assert not list(package.glob("cirrus_geo*"))
        assert (package / "cirrus" / ("lib" if IS_OLDEST else "lib2")).is_dir()
    row = run_loop(functions["process"], created, functions["update_state"])
    assert row["workflow_state"] == {"S": COMPLETED}
    assert row["cirrus_version"]["S"] == ("0.8" if IS_OLDEST else "0.15")
    assert GENERATION.completed == COMPLETED
