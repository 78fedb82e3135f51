"""What is changed in a piece of code: mutmut's operators, and what they pass over.

Text for people is left as it is, since a test of it would only repeat it: docstrings,
texts of several words, and the format of a log line. What a log line tells (its fields, and
the names of events, which are single words of code) is changed like everything else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst
import libcst.matchers as m
from mutmut.mutation.mutators import mutation_operators

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_CONDITION = m.OneOf(m.Name(), m.Attribute(), m.Call(), m.Subscript(), m.NamedExpr())
_LITERAL = m.OneOf(m.Name("None"), m.Name("True"), m.Name("False"))
_SWAPPED = {"min": "max", "max": "min", "any": "all", "all": "any"}
_LOG_CALL = m.Call(func=m.Attribute(value=m.Name("logger")))


def is_text_for_people(node: cst.CSTNode) -> bool:
    """True for a literal of several words; no name of the contract has a blank in it."""
    if isinstance(node, cst.ConcatenatedString):
        return is_text_for_people(node.left) or is_text_for_people(node.right)
    if isinstance(node, cst.FormattedString):
        return any(
            isinstance(part, cst.FormattedStringText) and " " in part.value for part in node.parts
        )
    return isinstance(node, cst.SimpleString) and " " in node.raw_value


def replacements(node: cst.CSTNode, parent: cst.CSTNode | None) -> Iterator[cst.CSTNode]:
    """Everything that a node is replaced with, one at a time."""
    if is_text_for_people(node):
        return
    if isinstance(parent, cst.ConcatenatedString) and is_text_for_people(parent):
        return  # a single word at the end of a line
    for kind, operator in mutation_operators:
        if isinstance(node, kind):
            yield from _without_texts(node, parent, operator(node))
    yield from _conditions(node)
    if isinstance(node, cst.Return) and node.value and not m.matches(node.value, _LITERAL):
        yield node.with_changes(value=cst.Name("None"))
    if m.matches(node, m.Expr(value=m.Call())) or isinstance(node, cst.Raise):
        yield cst.Pass()
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Name):
        other = _SWAPPED.get(node.func.value)
        if other is not None:
            yield node.with_changes(func=cst.Name(other))


def _conditions(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Negate what is asked for its truth alone; comparisons are turned by mutmut."""
    if isinstance(node, (cst.If, cst.While, cst.CompIf)) and m.matches(node.test, _CONDITION):
        yield node.with_changes(test=_not(node.test))
    if isinstance(node, cst.BooleanOperation):
        if m.matches(node.left, _CONDITION):
            yield node.with_changes(left=_not(node.left))
        if m.matches(node.right, _CONDITION):
            yield node.with_changes(right=_not(node.right))


def _not(node: cst.BaseExpression) -> cst.UnaryOperation:
    # In parentheses: it may stand where a `not` may not.
    return cst.UnaryOperation(
        cst.Not(),
        node,
        lpar=[cst.LeftParen()],
        rpar=[cst.RightParen()],
    )


def _without_texts(
    node: cst.CSTNode,
    parent: cst.CSTNode | None,
    mutated: Iterable[cst.CSTNode],
) -> Iterator[cst.CSTNode]:
    """Leave the format of a log line and the text of an exception where they are."""
    is_told = isinstance(node, cst.Call) and (
        m.matches(node, _LOG_CALL) or isinstance(parent, cst.Raise)
    )
    for new in mutated:
        if is_told and isinstance(new, cst.Call) and len(_texts(new)) < len(_texts(node)):
            continue
        yield new


def _texts(call: cst.Call) -> list[cst.Arg]:
    """The arguments of a call that are text for people; of a log line, its format too."""
    texts = [arg for arg in call.args if is_text_for_people(arg.value)]
    if m.matches(call, _LOG_CALL) and call.args and call.args[0] not in texts:
        texts += [call.args[0]] if isinstance(call.args[0].value, cst.BaseString) else []
    return texts
