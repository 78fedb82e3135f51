"""Cirrus's own dist zip (cirrus-geo >= 1.1) with the hooks in it.

One zip serves five functions, whose handlers lie at its root: ``process.lambda_handler``
and so on. Two of them become the wrapped ones, so a deployment changes nothing but the
zip. https://github.com/cirrus-geo/cirrus-geo/blob/main/bin/build-lambda-dist.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.errors import PackageError
from cirrus_callbacks_plugin.package.archive import File
from cirrus_callbacks_plugin.package.compiled import without_compiled
from cirrus_callbacks_plugin.package.plugin import HOOKS, is_plugins, plugin_files

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.package.archive import Files

WRAPPED = ("process", "update_state")
UNTOUCHED = ("api", "pre_batch", "post_batch")
SOURCES = "cirrus/lambda_functions"

_ROOT_HANDLER = '''\
"""Cirrus's {name} with the hooks of cirrus-callbacks-plugin around it."""

from cirrus_callbacks_plugin.lambda_functions.{name} import lambda_handler

__all__ = ["lambda_handler"]
'''


def with_callbacks(dist: Files, name: str) -> dict[str, File]:
    """A dist zip's files with the plugin, its metadata and the two wrapped handlers.

    A root handler that is not cirrus's own (somebody's change to it) is kept beside as
    ``cirrus_process.py`` or ``cirrus_update_state.py`` and wrapped in the place of
    cirrus's. Given its own result, it changes nothing; an older plugin is replaced, and
    compiled code is left out: it would be what runs, whatever a source has become.

    Args:
        dist: the zip's files.
        name: what errors call the zip.

    Raises:
        PackageError: it is not a dist of a cirrus that has one.
    """
    refuse_other(dist, name)
    sources = without_compiled(dist)
    files = {entry: file for entry, file in sources.items() if not is_plugins(entry)}
    files.update(plugin_files(HOOKS))
    for handler in WRAPPED:
        present = dist[f"{handler}.py"]
        ours = root_handler(handler)
        changed = present.data not in (ours.data, dist[f"{SOURCES}/{handler}.py"].data)
        if changed:
            kept = f"cirrus_{handler}.py"
            if kept in dist:
                raise PackageError(
                    f"{name}: neither {handler}.py nor {kept} is cirrus's own handler; "
                    f"keep the one that is to be wrapped as {handler}.py and remove {kept}",
                )
            files[kept] = present
        files[f"{handler}.py"] = ours
    return files


def root_handler(handler: str) -> File:
    """The file that Lambda's ``process.lambda_handler`` is found in."""
    return File(_ROOT_HANDLER.format(name=handler).encode())


def refuse_other(dist: Files, name: str) -> None:
    """Accept a cirrus dist, and nothing else.

    Raises:
        PackageError: handlers, at the root or in the package, are missing; says which.
    """
    needed = [f"{handler}.py" for handler in WRAPPED]
    needed += [f"{SOURCES}/{handler}.py" for handler in WRAPPED]
    missing = [entry for entry in needed if entry not in dist]
    if not missing:
        return
    if any(entry.startswith("cirrus/lib2/") for entry in dist) or "lambda_function.py" in dist:
        raise PackageError(
            f"{name}: is the package of one function, as cirrus 0.x has them; there the handler "
            "is replaced in the project (docs/installing)",
        )
    raise PackageError(
        f"{name}: is not a cirrus-lambda-dist zip of cirrus-geo 1.1 or later: it holds no "
        f"{' and no '.join(missing)}",
    )
