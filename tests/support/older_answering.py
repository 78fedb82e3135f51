"""Functions of an earlier version, beside the plugin that is tested."""

from __future__ import annotations

import importlib
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
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
        with _imported_from(archive):
            folder = f"{PACKAGE}.lambda_functions"
            return cls(
                importlib.import_module(f"{folder}.sender"),
                importlib.import_module(f"{folder}.reconciler"),
            )

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
        with _imported_from(archive):
            folder = f"{PACKAGE}.hooks"
            return cls(
                importlib.import_module(f"{folder}.process").process,
                importlib.import_module(f"{folder}.update_state").update_state,
            )


@contextmanager
def _imported_from(archive: Path) -> Iterator[None]:
    def ours() -> dict[str, ModuleType]:
        return {name: sys.modules[name] for name in list(sys.modules) if _is_ours(name)}

    kept = ours()
    for name in kept:
        del sys.modules[name]
    sys.path.insert(0, str(archive))
    try:
        yield
    finally:
        sys.path.remove(str(archive))
        for name in ours():
            del sys.modules[name]
        sys.modules.update(kept)


def _is_ours(name: str) -> bool:
    return name.partition(".")[0] == PACKAGE
