"""Functions of an earlier version, beside the plugin that is tested."""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import ModuleType

    Handler = Callable[[Any, Any], Any]
    Decorator = Callable[[Handler], Handler]

PACKAGE = "cirrus_callbacks_plugin"


@dataclass(frozen=True)
class OlderAnswering:
    """The two functions of a zip, imported from it; every other import is the tested plugin's.

    Attributes:
        sender, reconciler: the modules of the handlers.
    """

    sender: ModuleType
    reconciler: ModuleType

    @classmethod
    def of(cls, archive: Path) -> OlderAnswering:
        """Import them from a zip."""
        folder = f"{PACKAGE}.lambda_functions"
        return cls(*_imported(archive, f"{folder}.sender", f"{folder}.reconciler"))

    def send(self, records: list[dict[str, Any]]) -> Any:
        """Deliver stream records to the sender."""
        return self.sender.lambda_handler({"Records": records}, None)

    def one_pass(self, seconds: float) -> Any:
        """A pass of the reconciler, so many seconds from now; once for each instance."""
        now = self.reconciler.utc_now
        vars(self.reconciler)["utc_now"] = lambda: now() + timedelta(seconds=seconds)
        return self.reconciler.lambda_handler({}, None)


@dataclass(frozen=True)
class OlderHooks:
    """The hooks of a zip, imported from it; every other import is the tested plugin's.

    Attributes:
        process, update_state: the decorators.
    """

    process: Decorator
    update_state: Decorator

    @classmethod
    def of(cls, archive: Path) -> OlderHooks:
        """Import them from a zip."""
        folder = f"{PACKAGE}.hooks"
        hooks = _imported(archive, f"{folder}.process", f"{folder}.update_state")
        return cls(hooks[0].process, hooks[1].update_state)


def _imported(archive: Path, *names: str) -> list[ModuleType]:
    """Modules of a zip; what is imported afterwards is the tested plugin's again."""

    def ours() -> dict[str, ModuleType]:
        return {name: sys.modules[name] for name in list(sys.modules) if _is_ours(name)}

    kept = ours()
    for name in kept:
        del sys.modules[name]
    sys.path.insert(0, str(archive))
    try:
        return [importlib.import_module(name) for name in names]
    finally:
        sys.path.remove(str(archive))
        for name in ours():
            del sys.modules[name]
        sys.modules.update(kept)


def _is_ours(name: str) -> bool:
    return name.partition(".")[0] == PACKAGE
