"""Every place in the source at which a call of AWS stands, found by reading it."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

from botocore import xform_name
from botocore.session import Session

from faults.calls import PACKAGE

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVICES = ("dynamodb", "lambda", "s3", "sqs", "ssm", "stepfunctions", "sts")
"""What the functions and the operators' commands call."""


def methods() -> set[str]:
    """The clients' methods that make a call."""
    session = Session()
    return {
        xform_name(operation)
        for service in SERVICES
        for operation in session.get_service_model(service).operation_names
    }


def sites(folders: tuple[str, ...]) -> set[str]:
    """Where the package calls one, as ``Call.site`` tells it.

    Args:
        folders: folders of the package that are left out.
    """
    known = methods()
    found = set()
    for path in sorted(Path(PACKAGE).rglob("*.py")):
        name = str(path).removeprefix(PACKAGE)
        if not name.startswith(folders):
            found |= {f"{name} {where}" for where in _calls(ast.parse(path.read_text()), known)}
    return found


def _calls(tree: ast.Module, known: set[str]) -> Iterator[str]:
    """Function and method of each call of a client's method, nested functions left out."""

    def walk(node: ast.AST, names: tuple[str, ...], *, nested: bool) -> Iterator[str]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef):
                yield from walk(child, (*names, child.name), nested=nested)
            elif isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                inner = names if nested else (*names, child.name)
                yield from walk(child, inner, nested=True)
            else:
                if isinstance(child, ast.Call) and (method := _method(child)) in known:
                    yield f"{'.'.join(names)} {method}"
                yield from walk(child, names, nested=nested)

    yield from walk(tree, (), nested=False)


def _method(call: ast.Call) -> str | None:
    """The method that is called, or handed over to be called for every page."""
    called: ast.expr = call.func
    if isinstance(called, ast.Name) and called.id == "pages" and call.args:
        called = call.args[0]
    return called.attr if isinstance(called, ast.Attribute) else None
