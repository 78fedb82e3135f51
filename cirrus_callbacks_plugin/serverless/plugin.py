"""What cirrus 0.x finds by the group ``cirrus.resources``: a folder of components.

The folder is made when cirrus looks, from the plugin's own definitions, the installed
cirrus's functions and the settings of the project at hand: nothing in it can be older than
any of them. It lasts as long as the process.
"""

from __future__ import annotations

import atexit
import copy
import importlib
import logging
import shutil
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

from cirrus_callbacks_plugin.errors import CallbackError, ServerlessProjectError
from cirrus_callbacks_plugin.package.plugin import DISTRIBUTION
from cirrus_callbacks_plugin.serverless import contents, documents, functions, names, template
from cirrus_callbacks_plugin.serverless.origin import refuse_unsupported
from cirrus_callbacks_plugin.serverless.settings import ServerlessSettings

logger = logging.getLogger(__name__)

_OF_PYTHON = shutil.ignore_patterns("*.pyc", "__pycache__")


class CirrusResources:
    """Stands where cirrus expects a package: all that it asks for is ``__path__``."""

    def __init__(self) -> None:
        self._made: tuple[Any, str] | None = None

    @property
    def __path__(self) -> list[str]:
        """The folder, made once for each project.

        Raises:
            CirrusError: it cannot be made; cirrus's command shows the message alone and
                exits with 2.
        """
        function = importlib.import_module("cirrus.core.components").Function
        project = function.project
        if self._made is None or self._made[0] is not project:
            exceptions = importlib.import_module("cirrus.core.exceptions")
            try:
                self._made = (project, str(_make(project)))
            except CallbackError as error:
                raise exceptions.CirrusError(f"{DISTRIBUTION}: {error}", 2) from error
        return [self._made[1]]


resources = CirrusResources()
"""The entry point."""


def _make(project: Any) -> Path:
    refuse_unsupported(metadata.version("cirrus-geo"))
    folder = Path(tempfile.mkdtemp(prefix="cirrus-callbacks-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    configured = documents.of_cirrus(project.config) if project and project.config else {}
    provider = configured.get("provider") or {}
    settings = ServerlessSettings.from_project(configured.get("custom"), provider)
    runtime = provider.get("runtime")
    for hook, name in names.WRAPPED.items():
        source = _source_of(name)
        _warn_if_replaced(project, name)
        _write_wrapped(source, folder / "functions" / name, hook, runtime)
    for name, function in functions.own_functions(settings, runtime).items():
        _write_own(folder / "functions" / name, name, function)
    cloudformation = folder / "cloudformation"
    cloudformation.mkdir()
    text = documents.dump({"Resources": template.resources(settings)})
    (cloudformation / "callbacks.yml").write_text(text, encoding="utf-8")
    return folder


def _source_of(name: str) -> Path:
    """The function that cirrus would take without this plugin and the project: the last one.

    Raises:
        ServerlessProjectError: no plugin, cirrus's own included, has it.
    """
    plugins = importlib.import_module("cirrus.core.utils.plugins")
    source = None
    for entry in plugins.iter_resources():
        if entry.name != DISTRIBUTION:
            folder = Path(next(iter(entry.load().__path__))) / "functions" / name
            source = folder if folder.is_dir() else source
    if source is None:
        raise ServerlessProjectError(f"cirrus has no function {name!r} that could be wrapped")
    return source


def _warn_if_replaced(project: Any, name: str) -> None:
    """Cirrus prefers the project's own function; only a patch of the build wraps that one."""
    own = project.path / "functions" / name if project and project.path else None
    if own is None or not own.is_dir():
        return
    files = own.glob("*.py")
    if any(contents.HANDS_ON in file.read_text(encoding="utf-8") for file in files):
        return
    logger.warning(
        "functions/%s of this project takes the place of the wrapped function: after each "
        "`cirrus build` run `cirrus-callbacks package --build-dir .cirrus`",
        name,
    )


def _write_wrapped(source: Path, folder: Path, hook: str, runtime: Any) -> None:
    shutil.copytree(source, folder, ignore=_OF_PYTHON)
    definition = documents.of_cirrus_file(source / "definition.yml")
    if "handler" not in (definition.get("lambda") or {}):
        raise ServerlessProjectError(
            f"{source}: the function names no handler (it runs from an image?): install the "
            "plugin into that image and set its command to the wrapped handler "
            "(docs/installing/by-hand.md)",
        )
    wrapped = copy.deepcopy(definition)
    wrapped["lambda"] = functions.wrap(definition["lambda"], hook, runtime)
    (folder / "definition.yml").write_text(documents.dump(wrapped), encoding="utf-8")
    contents.write(folder, contents.wrapped_files(hook))


def _write_own(folder: Path, name: str, function: dict[str, Any]) -> None:
    configured = {key: value for key, value in function.items() if key != "description"}
    configured["pythonRequirements"] = {"include": contents.own_requirements()}
    definition = {"description": function["description"], "lambda": configured}
    folder.mkdir(parents=True)
    (folder / "definition.yml").write_text(documents.dump(definition), encoding="utf-8")
    contents.write(folder, contents.own_files(name))
