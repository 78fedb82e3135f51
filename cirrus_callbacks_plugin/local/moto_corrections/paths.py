"""Paths: what they identify, and where a result is put."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.moto_corrections.state_failures import failure
from cirrus_callbacks_plugin.local.states_language.json_path import (
    PathNotFoundError,
    read_path,
    read_reference_path,
)

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.local.moto_corrections.patches import Patches


def find_by_path(patches: Patches) -> None:
    """A definite path is the value, every other path a list; wrong paths are refused at once.

    moto reads paths with jsonpath-ng, and tells from the matches whether a path is definite:
    ``$.features[0].id`` is a list of one, ``$.tags[?(@.x==1)]`` without a match an error.
    """
    from moto.stepfunctions.parser.asl.component.common.string import string_expression
    from moto.stepfunctions.parser.asl.component.intrinsic.argument import argument
    from moto.stepfunctions.parser.asl.eval import states
    from moto.stepfunctions.parser.asl.utils import json_path

    string_json_path = string_expression.StringJsonPath
    original = string_json_path.__init__

    def extract_json(path: str, data: Any) -> Any:
        try:
            return read_path(path).find(data)
        except PathNotFoundError as error:
            raise json_path.NoSuchJsonPathError(json_path=path, data=data) from error

    def checked(self: Any, json_path: str) -> None:
        read_path(json_path)
        original(self, json_path=json_path)

    def of_the_context(self: Any, env: Any) -> None:
        data = env.states.context_object.context_object_data
        try:
            env.stack.append(copy.deepcopy(read_path(self.json_path).find(data)))
        except PathNotFoundError as error:
            # moto's text has the whole context object in it, the task's token included.
            raise failure(
                env,
                "States.Runtime",
                f"The JSONPath '${self.json_path}' specified for the field "
                f"'{env.next_field_name}' could not be found in the context object",
            ) from error

    patches.set(string_expression.StringContextPath, "_eval_body", of_the_context)
    for module in (json_path, string_expression, argument, states):
        patches.set(module, "extract_json", extract_json)
    patches.set(string_json_path, "__init__", checked)


def read_texts_as_json(patches: Patches) -> None:
    r"""A definition's texts are JSON: ``\u00e9`` and ``\\`` stand for one character each.

    moto takes names, paths and intrinsics as they are written, and reads other texts by
    Python's rules.
    """
    from moto.stepfunctions.parser.asl.antlr.runtime.ASLLexer import ASLLexer
    from moto.stepfunctions.parser.asl.antlt4utils.antlr4utils import is_terminal
    from moto.stepfunctions.parser.asl.parse import preprocessor

    def text_of(parser_rule_context: Any) -> str | None:
        if is_terminal(parser_rule_context, ASLLexer.NULL):
            return None
        written = parser_rule_context.getText()
        if not (written.startswith('"') and written.endswith('"')):
            return str(written)
        return str(json.loads(written, strict=False))

    patches.set(preprocessor.Preprocessor, "_inner_string_of", staticmethod(text_of))
    patches.set(preprocessor, "from_string_literal", text_of)


def refuse_what_is_no_path(patches: Patches) -> None:
    """The value of a field whose name ends with ``.$`` is a path or an intrinsic function.

    moto leaves ``"id.$": "States.Array(1"`` in the payload as it stands.
    """
    from moto.stepfunctions.parser.asl.component.common.query_language import QueryLanguageMode
    from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor

    for visit in ("visitPayload_binding_value", "visitAssign_template_binding_value"):
        original = getattr(Preprocessor, visit)

        def checked(self: Any, ctx: Any, original: Any = original) -> Any:
            name = self._inner_string_of(ctx.string_literal())
            if name.endswith(".$") and self._is_query_language(QueryLanguageMode.JSONPath):
                raise ValueError(
                    f"The value of {name!r} must be a path or the call of an intrinsic function",
                )
            return original(self, ctx)

        patches.set(Preprocessor, visit, checked)


def put_results_by_path(patches: Patches) -> None:
    """ResultPath is a reference path, and a result that cannot be put there fails the state.

    It fails with ``States.ResultPathMatchFailure``. moto takes any path, and puts the result
    nowhere, in several places, or in place of what was there.
    https://states-language.net/spec.html, "Errors"
    """
    from moto.stepfunctions.parser.asl.component.common.path import result_path

    original = result_path.ResultPath.__init__

    def checked(self: Any, result_path_src: str | None) -> None:
        if result_path_src is not None:
            read_reference_path(result_path_src)
        original(self, result_path_src)

    def _eval_body(self: Any, env: Any) -> None:
        given = env.states.get_input()
        if self.result_path_src is None:
            env.stack.clear()
            env.stack.append(given)
            return
        steps = read_reference_path(self.result_path_src).steps or ()
        try:
            env.stack.append(_put(copy.deepcopy(given), steps, copy.deepcopy(env.stack.pop())))
        except PathNotFoundError as error:
            raise failure(
                env,
                "States.ResultPathMatchFailure",
                f"ResultPath {self.result_path_src!r} cannot be applied to the input: {error}",
            ) from error

    patches.set(result_path.ResultPath, "__init__", checked)
    patches.set(result_path.ResultPath, "_eval_body", _eval_body)


def _put(into: Any, steps: tuple[str | int, ...], value: Any) -> Any:
    if not steps:
        return value
    step, *rest = steps
    if isinstance(step, str):
        if not isinstance(into, dict):
            raise PathNotFoundError(f"{step!r} would be a field of what is not an object")
        into[step] = _put(into.get(step, {} if rest else None), tuple(rest), value)
        return into
    if not isinstance(into, list) or not -len(into) <= step < len(into):
        raise PathNotFoundError(f"there is no element {step}")
    into[step] = _put(into[step], tuple(rest), value)
    return into
