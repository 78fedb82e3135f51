"""How definitions are read: each by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.local.moto_corrections.patches import Patches


def read_each_definition_alone(patches: Patches) -> None:
    """A definition is read in its own query language, whatever was read before or beside it.

    moto keeps the languages of the scopes that it is in for the whole process, and leaves them
    there when a definition is refused: after one in JSONata no other in JSONPath is accepted.
    """
    from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor

    def _begin(self: Any) -> None:
        self._query_language_per_scope = []

    patches.set(Preprocessor, "__init__", _begin)


def let_end_be_false(patches: Patches) -> None:
    """A state whose End is false goes on to its Next.

    https://states-language.net/spec.html#transition

    moto takes any End for one, and refuses the Next beside it.
    """
    from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor

    original = Preprocessor.visitEnd_decl

    def visit(self: Any, ctx: Any) -> Any:
        end = original(self, ctx)
        return end if end.is_end else None

    patches.set(Preprocessor, "visitEnd_decl", visit)
