"""How definitions are read; a test named ``..._moto_...`` fails once moto has mended it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from cirrus_callbacks_plugin.local.moto_corrections.corrected import ALL, corrected, correctly_read
from cirrus_callbacks_plugin.local.moto_corrections.definitions import (
    let_end_be_false,
    read_each_definition_alone,
    say_why_a_definition_is_refused,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.interpreter import Interpreter

NOT_JSONATA = {
    "Only": {
        "Type": "Choice",
        "Choices": [{"Variable": "$.a", "NumericEquals": 1, "Next": "Done"}],
    },
    "Done": {"Type": "Succeed"},
}
IN_JSONPATH = {"Only": {"Type": "Pass", "Parameters": {"v": 1}, "End": True}}


@pytest.fixture(autouse=True)
def _nothing_left_by_moto() -> Iterator[None]:
    from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor

    yield
    Preprocessor._query_language_per_scope.clear()  # what unpatched moto leaves


def without(correction: Any) -> Any:
    """Moto with every correction but one."""
    return corrected(corrections=tuple(each for each in ALL if each is not correction))


def _after_a_refused_one(interpreter: Interpreter) -> Any:
    with pytest.raises(ClientError):
        interpreter.start(NOT_JSONATA, QueryLanguage="JSONata")
    return interpreter.run(IN_JSONPATH).output


def test_moto_reads_in_the_language_of_a_refused_definition(interpreter: Interpreter) -> None:
    """In unpatched moto one bad machine in JSONata breaks every later one in JSONPath."""
    with without(read_each_definition_alone), pytest.raises(ClientError, match="Unsupported"):
        _after_a_refused_one(interpreter)


def test_each_definition_is_read_alone(interpreter: Interpreter) -> None:
    """A definition that is refused leaves no trace, in whichever block the next one is read."""
    with corrected():
        assert _after_a_refused_one(interpreter) == {"v": 1}
    with correctly_read(), pytest.raises(ClientError):
        interpreter.start(NOT_JSONATA, QueryLanguage="JSONata")
    with corrected():
        assert interpreter.run(IN_JSONPATH).output == {"v": 1}


GOES_ON = {"Only": {"Type": "Pass", "End": False, "Next": "Done"}, "Done": {"Type": "Succeed"}}


def test_moto_takes_a_false_end_for_an_end(interpreter: Interpreter) -> None:
    """Unpatched moto refuses a Next beside it."""
    with without(let_end_be_false), pytest.raises(ClientError, match="redefines"):
        interpreter.run(GOES_ON)


def test_a_false_end_is_none(interpreter: Interpreter) -> None:
    """The state goes on to its Next."""
    with corrected():
        assert interpreter.run(GOES_ON).status == "SUCCEEDED"


NO_PROCESSOR = {"Only": {"Type": "Map", "End": True}}


def test_moto_refuses_with_its_own_objects(interpreter: Interpreter) -> None:
    """Unpatched moto's message is not a sentence about the state."""
    with without(say_why_a_definition_is_refused), pytest.raises(ClientError) as refused:
        interpreter.run(NO_PROCESSOR)
    assert "ItemProcessor or Iterator" not in str(refused.value)


def test_a_refused_definition_is_told_why(interpreter: Interpreter) -> None:
    """CreateStateMachine says what the command line says."""
    says = "it has the state 'Only' without ItemProcessor or Iterator"
    with corrected(), pytest.raises(ClientError, match=says):
        interpreter.run(NO_PROCESSOR)
