"""The steps of a wait's life that log lines name, as the product's modules have them."""

from __future__ import annotations

import ast
from pathlib import Path

import cirrus_callbacks_plugin
from cirrus_callbacks_plugin.protocol import wait_log
from cirrus_callbacks_plugin.waits import step_log

_ROOT = Path(cirrus_callbacks_plugin.__file__).parent
_NAMES = {
    name: value
    for name, value in (vars(step_log) | vars(wait_log)).items()
    if name.isupper() and isinstance(value, str) and name != "PACKAGE"
}
_LOGGED_BY = {
    "log_registered": ("registered", "registered before"),
    "log_repaired": ("repaired",),
}
"""Functions that log steps in the name of the module that calls them."""
_FORM = ("protocol/wait_log.py", "waits/step_log.py")


def step_names() -> set[str]:
    """Every value of ``"callback"`` in a log line."""
    return set(_NAMES.values())


def steps_by_module() -> dict[str, set[str]]:
    """The steps that each module logs, by its path in the package; modules that log none left out.

    Read from the source: the names that it uses, and the functions that log for it.
    """
    found = {
        path.relative_to(_ROOT).as_posix(): _steps_in(ast.parse(path.read_text(encoding="utf-8")))
        for path in _ROOT.rglob("*.py")
    }
    return {name: steps for name, steps in found.items() if steps and name not in _FORM}


def _steps_in(tree: ast.Module) -> set[str]:
    steps: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id == "wait_log" and node.attr in _NAMES:
                steps.add(_NAMES[node.attr])
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            steps.update(_LOGGED_BY.get(node.id, ()))
            if node.id in vars(step_log) and node.id in _NAMES:
                steps.add(_NAMES[node.id])
    return steps
