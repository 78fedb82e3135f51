"""Put a mutant in the place of the code that it changes, in this process.

A function's mutant takes its place in the functions that exist: every reference to them,
decorated or imported elsewhere, runs it. What runs when a module is imported needs a process
that has not imported it.
"""

from __future__ import annotations

import gc
import importlib.abc
import importlib.util
import sys
from collections import defaultdict
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from importlib.machinery import ModuleSpec

    from mutation.mutants import Mutant


class Living:
    """The functions of some files, as they live in this process."""

    def __init__(self, root: Path, paths: Iterable[str]) -> None:
        self._root = root
        self._files = {str(root / path) for path in paths}
        self._functions: dict[tuple[str, str], list[FunctionType]] = defaultdict(list)
        for thing in gc.get_objects():
            if isinstance(thing, FunctionType) and thing.__code__.co_filename in self._files:
                code = thing.__code__
                self._functions[code.co_filename, code.co_qualname].append(thing)

    def codes(self) -> Iterator[CodeType]:
        """Every piece of code in them."""
        for functions in self._functions.values():
            for function in functions:
                yield from _within(function.__code__)

    def become(self, mutant: Mutant) -> None:
        """Let a function's mutant take its place.

        Raises:
            LookupError: there is no such function here.
        """
        file = str(self._root / mutant.path)
        functions = self._functions[file, mutant.function]
        if not functions:
            raise LookupError(f"{mutant.function} of {mutant.path} is not there to be changed")
        module = compile(mutant.source, file, "exec", dont_inherit=True)
        (code,) = {
            code
            for code in _within(module)
            if code.co_qualname == mutant.function and code.co_name != "<lambda>"
        }
        for function in functions:
            function.__code__ = code


def _within(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _within(constant)


class Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module with a change."""

    def __init__(self, root: Path, mutant: Mutant) -> None:
        self._file = str(root / mutant.path)
        self._source = mutant.source
        self._is_package = mutant.path.endswith("__init__.py")
        name = mutant.path.removesuffix(".py").removesuffix("/__init__")
        self._name = name.replace("/", ".")

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Find the changed module, and no other."""
        del path, target
        if fullname != self._name:
            return None
        return importlib.util.spec_from_file_location(
            fullname,
            self._file,
            loader=self,
            submodule_search_locations=[str(Path(self._file).parent)] if self._is_package else None,
        )

    def create_module(self, spec: ModuleSpec) -> None:
        """As usual."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the changed source."""
        exec(compile(self._source, self._file, "exec", dont_inherit=True), vars(module))  # noqa: S102

    def install(self) -> None:
        """Before anything imports the module."""
        if self._name in sys.modules:
            raise LookupError(f"{self._name} has been imported already")
        sys.meta_path.insert(0, self)
