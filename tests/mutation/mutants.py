"""Every mutant of a module: one change in one place, with what identifies it."""

from __future__ import annotations

import textwrap
import warnings
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import libcst as cst
import libcst.matchers as m
from libcst.metadata import MetadataWrapper, PositionProvider

from mutation.operators import replacements

if TYPE_CHECKING:
    from pathlib import Path

AT_IMPORT = "(module)"
"""In the place of a function's name: code that runs when the module is imported."""

# Nothing in them runs, or nobody is told apart by it: annotations, imports, what a type
# checker alone sees, type variables and aliases. Decorators run once, at definition.
_PASSED_OVER = m.OneOf(
    m.Annotation(),
    m.Import(),
    m.ImportFrom(),
    m.Decorator(),
    m.If(test=m.Name("TYPE_CHECKING")),
    m.Assign(value=m.Call(func=m.Name("TypeVar"))),
    m.Expr(value=m.SimpleString()),
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change.

    Attributes:
        path: the module's file, from the root of the repository.
        function: the outermost function or method (``Class.method``), or ``(module)``.
        before, after: the changed lines, without their indentation; before them the first
            line of a statement of several lines.
        first, last: the lines that a test must run to notice it.
        source: the whole module with the change.
    """

    path: str
    function: str
    before: str
    after: str
    first: int
    last: int
    source: str

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """What it is known by in the list of equivalent ones: no line number."""
        return (self.path, self.function, self.before, self.after)

    @property
    def is_at_import(self) -> bool:
        """True where the module has to be imported with the change."""
        return self.function == AT_IMPORT

    @property
    def name(self) -> str:
        """Where it is."""
        return f"{self.path}:{self.first} {self.function}"


def mutants_of(root: Path, path: str) -> list[Mutant]:
    """All mutants of a module that compile, each once, in the order of its lines."""
    source = (root / path).read_text()
    wrapper = MetadataWrapper(cst.parse_module(source), unsafe_skip_copy=True)
    finder = _Finder(wrapper, path)
    wrapper.visit(finder)
    return finder.mutants


class _Finder(cst.CSTVisitor):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, wrapper: MetadataWrapper, path: str) -> None:
        super().__init__()
        self.module = wrapper.module
        self.path = path
        self.lines = self.module.code.splitlines()
        self.source = self.module.code
        self.mutants: list[Mutant] = []
        self._seen = {self.source}
        self._parents: list[cst.CSTNode] = []
        self._places: dict[cst.CSTNode, tuple[int, int]] = {}

    def on_visit(self, node: cst.CSTNode) -> bool:
        if m.matches(node, _PASSED_OVER) or self._is_alias(node):
            return False
        for new in replacements(node, self._parents[-1] if self._parents else None):
            self._add(node, new)
        self._parents.append(node)
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if self._parents and self._parents[-1] is original_node:
            self._parents.pop()

    def _is_alias(self, node: cst.CSTNode) -> bool:
        return len(self._parents) == 2 and m.matches(node, m.Assign(value=m.Subscript()))

    def _add(self, node: cst.CSTNode, new: cst.CSTNode) -> None:
        path = [*self._parents, node]
        begin, end = self._place(path)
        statement = _statement(path)
        code = textwrap.indent(
            self.module.code_for_node(statement.deep_replace(node, new)),
            self._indent(statement),
        )
        source = self.source[:begin] + code + self.source[end:]
        if source in self._seen:
            return
        self._seen.add(source)
        try:
            with warnings.catch_warnings(action="ignore"):
                compile(source, self.path, "exec", dont_inherit=True)
        except SyntaxError:
            return
        first, last = self._lines(path)
        before, after = _difference(self.source[begin:end], code)
        opening = self.lines[first - 1].strip()
        if not before.startswith(opening):
            before = f"{opening} ... {before}"  # which call lost its `row,`?
        self.mutants.append(
            Mutant(self.path, _function(path), before, after, first, last, source),
        )

    def _place(self, path: list[cst.CSTNode]) -> tuple[int, int]:
        """Where the statement around a node stands in the module's text."""
        statement = _statement(path)
        if statement not in self._places:
            line = self.get_metadata(PositionProvider, statement).start.line
            code = textwrap.indent(self.module.code_for_node(statement), self._indent(statement))
            begin = -1
            while True:
                begin = self.source.index(code, begin + 1)
                before = self.source.count("\n", 0, begin)
                if before < line <= before + code.count("\n"):
                    break
            self._places[statement] = (begin, begin + len(code))
        return self._places[statement]

    def _indent(self, statement: cst.CSTNode) -> str:
        return " " * self.get_metadata(PositionProvider, statement).start.column

    def _lines(self, path: list[cst.CSTNode]) -> tuple[int, int]:
        """The lines of the innermost statement around a node, without a block's body."""
        for node in reversed(path):
            if isinstance(node, (cst.SimpleStatementLine, cst.BaseCompoundStatement)):
                span = self.get_metadata(PositionProvider, node)
                last = span.end.line
                if isinstance(node, cst.BaseCompoundStatement):
                    body = self.get_metadata(PositionProvider, node.body)
                    last = max(span.start.line, body.start.line - 1)
                return span.start.line, last
        raise AssertionError(path)


def _statement(path: list[cst.CSTNode]) -> cst.CSTNode:
    """The innermost statement around a node that stands by itself: no ``elif``."""
    for parent, node in zip(reversed([path[0], *path[:-1]]), reversed(path), strict=True):
        is_branch = isinstance(parent, cst.If) and parent.orelse is node
        if not is_branch and isinstance(node, (cst.SimpleStatementLine, cst.BaseCompoundStatement)):
            return node
    raise AssertionError(path)


def _function(path: list[cst.CSTNode]) -> str:
    """The outermost function around a node; its parameters' defaults are not in it."""
    names: list[str] = []
    for node, inner in pairwise(path):
        if isinstance(node, cst.ClassDef):
            names.append(node.name.value)
        if isinstance(node, cst.FunctionDef):
            if inner is node.params:
                break
            return ".".join([*names, node.name.value])
    return AT_IMPORT


def _difference(old: str, new: str) -> tuple[str, str]:
    """The lines that differ, without their indentation."""
    before = [line.strip() for line in old.splitlines()]
    after = [line.strip() for line in new.splitlines()]
    shorter = min(len(before), len(after))
    first = 0
    while first < shorter and before[first] == after[first]:
        first += 1
    last = 0
    while last < shorter - first and before[-1 - last] == after[-1 - last]:
        last += 1
    return (
        "\n".join(before[first : len(before) - last]),
        "\n".join(after[first : len(after) - last]),
    )
