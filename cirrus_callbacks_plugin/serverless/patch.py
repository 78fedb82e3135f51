"""What ``cirrus build`` made, without the plugin in its environment, and the plugin put in.

The result is what a build with the plugin would have been (a test compares the two), and of
a build that has everything already it is the same, byte for byte.
"""

from __future__ import annotations

import copy
import shutil
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.errors import ServerlessProjectError
from cirrus_callbacks_plugin.package.archive import File
from cirrus_callbacks_plugin.package.plugin import is_plugins
from cirrus_callbacks_plugin.serverless import contents, documents, functions, names, template
from cirrus_callbacks_plugin.serverless.origin import built_by
from cirrus_callbacks_plugin.serverless.settings import ServerlessSettings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

CONFIG = "cirrus.yml"
SERVERLESS = "serverless.yml"
_DOT_DIR = ".cirrus"
_BUILD_DIR = "build"


@dataclass(frozen=True, slots=True)
class Patched:
    """What was done to a build.

    Attributes:
        path: the build's folder.
        cirrus: which cirrus built it.
        handlers: of each function of cirrus's that is wrapped, the handler that is wrapped.
        notes: what somebody should know or do.
        changed: False where everything was there already.
    """

    path: str
    cirrus: str
    handlers: dict[str, str]
    notes: tuple[str, ...]
    changed: bool

    def to_json(self) -> dict[str, Any]:
        """What ``--json`` prints."""
        return asdict(self)

    def lines(self) -> Iterator[str]:
        """What people read."""
        yield f"{self.path}: built by {self.cirrus}"
        for name, handler in self.handlers.items():
            yield f"{name}: wraps {handler}"
        yield f"functions: {names.SENDER}, {names.RECONCILER}"
        yield f"resources: {', '.join(names.RESOURCES)}"
        yield from self.notes
        yield "patched" if self.changed else "unchanged: everything was there already"


def find_build(folder: Path) -> Path:
    """The folder with ``serverless.yml``, of a project, its ``.cirrus`` or that folder itself.

    Cirrus >= 0.9 builds into ``.cirrus/build``, older ones into ``.cirrus``.

    Raises:
        ServerlessProjectError: it is no cirrus project, or was never built.
    """
    if not folder.is_dir():
        raise ServerlessProjectError(f"{folder}: there is no such folder")
    start = folder.resolve()
    project = next((each for each in (start, *start.parents) if (each / CONFIG).is_file()), None)
    if project is None:
        raise ServerlessProjectError(
            f"{folder}: is no cirrus project: neither it nor a folder above it has a {CONFIG}",
        )
    dot = project / _DOT_DIR
    for build in (dot / _BUILD_DIR, dot):
        if (build / SERVERLESS).is_file():
            return build
    raise ServerlessProjectError(
        f"{folder}: the project was never built: run `cirrus build` in {project} first",
    )


def patch(folder: Path) -> Patched:
    """Put the plugin into a build; what is already there stays as it is.

    Everything is looked at before anything is written, and ``serverless.yml`` comes last.

    Raises:
        ServerlessProjectError: there is no build, or none that the plugin supports.
    """
    build = find_build(folder)
    cirrus = built_by(build)
    path = build / SERVERLESS
    before = documents.load(path)
    settings = ServerlessSettings.from_project(before.get("custom"), before.get("provider"))
    after = copy.deepcopy(before)
    provider = _section(after, "provider", path)
    built = _section(after, "functions", path)
    handlers: dict[str, str] = {}
    notes: list[str] = []
    for hook, name in names.WRAPPED.items():
        function = _function(built, name, path)
        source = build / "lambdas" / name / functions.file_of(function["handler"])
        by_hand = source.is_file() and contents.HANDS_ON in source.read_text(encoding="utf-8")
        by_hand = by_hand and source.name != f"{functions.wrapper(hook)}.py"
        wrapped = functions.wrap(function, hook, provider.get("runtime"), by_hand=by_hand)
        built[name] = wrapped
        handlers[name] = functions.wrapped_handler(wrapped, hook)
        notes += _notes(function, wrapped, hook)
    runtime = provider.get("runtime")
    for name, function in functions.own_functions(settings, runtime).items():
        built[name] = _as_built(name, function, provider.get("environment") or {})
    added = template.resources(settings)
    resources = _section(_section(after, "resources", path), "Resources", path)
    for logical_id in names.RESOURCES:
        resources[logical_id] = added[logical_id]
    changed = _write_folders(build)
    if after != before:
        documents.replace(path, after)
        changed = True
    return Patched(str(build), cirrus, handlers, tuple(notes), changed)


def _section(document: dict[str, Any], name: str, path: Path) -> dict[str, Any]:
    section = document.get(name)
    if not isinstance(section, dict):
        raise ServerlessProjectError(f"{path}: has no {name}: run `cirrus build` anew")
    return section


def _function(built: dict[str, Any], name: str, path: Path) -> dict[str, Any]:
    function = built.get(name)
    if not isinstance(function, dict):
        raise ServerlessProjectError(
            f"{path}: has no function {name!r}: is it disabled in the project? The hooks go "
            "around it, so it must be there",
        )
    if not isinstance(function.get("handler"), str):
        raise ServerlessProjectError(
            f"{path}: the function {name!r} names no handler (it runs from an image?): install "
            "the plugin into that image and set its command to the wrapped handler "
            "(docs/installing/by-hand.md)",
        )
    return function


def _notes(before: dict[str, Any], after: dict[str, Any], hook: str) -> Iterator[str]:
    name = names.WRAPPED[hook]
    if after.get("runtime") != before.get("runtime"):
        yield f"note: {name} now runs on {after['runtime']}: the plugin needs Python 3.10"
    if "role" in before:
        needed = " and ".join(", ".join(each["Action"]) for each in functions.needed(hook))
        yield f"note: {name} has a role of its own: allow it {needed} on {names.TABLE}"


def _as_built(
    name: str,
    function: dict[str, Any],
    environment: dict[str, Any],
) -> dict[str, Any]:
    """As ``cirrus build`` writes a function of the project."""
    return {
        **function,
        "environment": {**environment, **function["environment"]},
        "package": {"include": [f"./lambdas/{name}/**"]},
        "module": f"lambdas/{name}",
    }


def _write_folders(build: Path) -> bool:
    """The four functions' folders; True where a file changed."""
    changed = False
    for hook, name in names.WRAPPED.items():
        folder = build / "lambdas" / name
        changed |= _write_folder(folder, contents.wrapped_files(hook))
    needed = "\n".join(contents.own_requirements()) + "\n"
    for name in (names.SENDER, names.RECONCILER):
        folder = build / "lambdas" / name
        files = contents.own_files(name)
        if not (folder / "requirements.txt").is_file():  # a build with the plugin has more
            files["requirements.txt"] = File(needed.encode())
        changed |= _write_folder(folder, files)
    return changed


def _write_folder(folder: Path, files: dict[str, File]) -> bool:
    removed = _remove_older(folder, files)
    return contents.write(folder, files) or removed


def _remove_older(folder: Path, wanted: Iterable[str]) -> bool:
    """Remove another version of the plugin: two sets of metadata would be two plugins."""
    present = [path for path in folder.glob("cirrus_callbacks_plugin*") if path.is_dir()]
    stale = [
        path
        for top in present
        for path in top.rglob("*")
        if path.is_file()
        and is_plugins(name := path.relative_to(folder).as_posix())
        and name not in wanted
    ]
    for path in stale:
        path.unlink()
    for top in present:
        if not any(path.is_file() for path in top.rglob("*")):
            shutil.rmtree(top)
    return bool(stale)
