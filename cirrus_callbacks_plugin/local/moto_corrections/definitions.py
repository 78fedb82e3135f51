"""How definitions are read: each by itself, and how a wrong one is refused."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.asl import problems

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


def say_why_a_definition_is_refused(patches: Patches) -> None:
    """A state machine that is refused when it is created is refused in words of its own.

    In moto the message has Python's objects in it, and the whole definition.
    """
    from moto.stepfunctions.parser.api import InvalidDefinition
    from moto.stepfunctions.parser.models import StepFunctionsParserBackend

    original = StepFunctionsParserBackend._validate_definition  # noqa: SLF001 - no public seam

    def _validate_definition(definition: str) -> None:
        try:
            original(definition)
        except InvalidDefinition:
            with contextlib.suppress(ValueError):  # no JSON
                for problem in problems(json.loads(definition)):
                    message = f"Invalid State Machine Definition: it {problem}"
                    raise InvalidDefinition(message=message) from None
            raise

    patches.set(
        StepFunctionsParserBackend, "_validate_definition", staticmethod(_validate_definition)
    )


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
