"""Local functions answer as Lambda's Python runtime does."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.local.errors import LocalProjectError
from cirrus_callbacks_plugin.local.functions import Functions, loaded

if TYPE_CHECKING:
    from pathlib import Path


def _invoke(handler: Any, payload: Any = None) -> dict[str, Any]:
    return Functions({"work": handler}, "local").invoke("local-work", payload)


def test_an_answer_is_json() -> None:
    """What a handler returns goes through JSON, as it does in Lambda."""
    assert _invoke(lambda event, _: {1: (event,)}, "a")["Payload"] == {"1": ["a"]}


def test_what_is_no_json_is_a_marshal_error() -> None:
    """Lambda cannot hand on what json cannot write."""
    answer = _invoke(lambda _event, _context: {1, 2})
    assert answer["FunctionError"] == "Unhandled"
    assert answer["Payload"]["errorType"] == "Runtime.MarshalError"


def test_an_exit_is_an_exit_error() -> None:
    """A handler that leaves the interpreter fails its task, not the stack."""

    def leave(_event: Any, _context: Any) -> Any:
        sys.exit(3)

    assert _invoke(leave)["Payload"]["errorType"] == "Runtime.ExitError"


def test_an_exception_is_told_with_its_trace() -> None:
    """Class name, text and the frames of the function, not of the stack."""

    def fail(event: Any, _context: Any) -> Any:
        return event["missing"]

    answer = _invoke(fail, {})["Payload"]
    assert (answer["errorType"], answer["errorMessage"]) == ("KeyError", "'missing'")
    assert len(answer["stackTrace"]) == 1
    assert "in fail" in answer["stackTrace"][0]


def test_the_context_tells_what_lambdas_does() -> None:
    """Name, request id and the time that is left."""
    answer = _invoke(
        lambda _event, context: [
            context.function_name,
            bool(context.aws_request_id),
            0 < context.get_remaining_time_in_millis() <= 900_000,
        ],
    )
    assert answer["Payload"] == ["work", True, True]


@pytest.mark.parametrize(
    "name",
    [
        "work",
        "local-work",
        "local-work:live",
        "arn:aws:lambda:us-west-2:123456789012:function:local-work",
        "arn:aws:lambda:us-west-2:123456789012:function:work:$LATEST",
        "123456789012:function:work",
    ],
)
def test_every_form_of_a_name_is_known(name: str) -> None:
    """Lambda takes names and ARNs, whole and in part, with and without a version."""
    assert Functions({"work": lambda *_: 1}, "local").name_of(name) == "work"


def test_a_whole_name_outranks_a_stripped_one() -> None:
    """A module that is named with the prefix is the one that is called."""
    functions = Functions({"work": lambda *_: 1, "local-work": lambda *_: 2}, "local")
    assert functions.invoke("local-work", None)["Payload"] == 2


def test_modules_are_loaded_anew_and_may_import_each_other(tmp_path: Path) -> None:
    """A second stack sees its own folder's modules, not the first one's."""
    for number in (1, 2):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "shared_of_two.py").write_text(
            f"NUMBER = {number}\ndef lambda_handler(event, context): return NUMBER\n",
        )
        (folder / "work.py").write_text(
            "from shared_of_two import NUMBER\n"
            "def lambda_handler(event, context):\n"
            "    return NUMBER\n",
        )
        with loaded(folder, "local") as functions:
            assert functions.invoke("work", None)["Payload"] == number
    assert "shared_of_two" not in sys.modules
    assert str(tmp_path / "2") not in sys.path


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("import rasterio_of_old", "does not import .*rasterio_of_old"),
        ("def lambda_handler(:", "does not import .*SyntaxError"),
        ("raise SystemExit(3)", "does not import .*SystemExit"),
        ("def handler(event, context): pass", "has no function lambda_handler"),
    ],
)
def test_a_module_that_cannot_run_is_refused(tmp_path: Path, source: str, problem: str) -> None:
    """The message names the file and what it lacks."""
    (tmp_path / "work.py").write_text(source)
    with pytest.raises(LocalProjectError, match=rf"work\.py {problem}"), loaded(tmp_path, "local"):
        pass
