"""Which adapter is chosen, and what is said of an installation that cannot work."""

from __future__ import annotations

import logging
import sys
import types

import pytest

from cirrus_callbacks_plugin.cirrus import handlers, installed
from cirrus_callbacks_plugin.cirrus.generations import V0_7, V0_15, V1, V2
from cirrus_callbacks_plugin.errors import ConfigurationError, UnsupportedCirrusError
from support.generation import GENERATION, VERSION


@pytest.mark.parametrize(
    ("geo", "lib", "generation"),
    [
        (["0.7.0"], ["0.8.1"], V0_7),
        ([], ["0.8.1"], V0_7),
        (["0.15.4"], [], V0_15),
        (["1.1.0"], [], V1),
        (["1.3.2"], [], V1),
        (["2.0.0"], [], V2),
        (["2.1.0rc1"], [], V2),
    ],
)
def test_the_adapter_follows_from_the_versions(
    geo: list[str], lib: list[str], generation: object
) -> None:
    """Each supported installation gets its generation's adapter, with its version."""
    chosen = installed.choose(geo, lib)
    assert chosen.generation is generation
    assert chosen.version == (lib or geo)[0]


@pytest.mark.parametrize(
    ("geo", "lib", "found"),
    [
        (["2.0.0"], ["0.8.1"], "cirrus-geo 2.0.0 and cirrus-lib 0.8.1"),
        (["0.15.4"], ["0.8.1"], "cirrus-geo 0.15.4 and cirrus-lib 0.8.1"),
        (["2.0.0", "1.3.2"], [], "cirrus-geo 2.0.0 and cirrus-geo 1.3.2"),
    ],
)
def test_two_generations_in_one_environment_are_named(
    geo: list[str], lib: list[str], found: str
) -> None:
    """The message names what was found together, what to do, and what is supported."""
    with pytest.raises(UnsupportedCirrusError, match="uninstall the other") as raised:
        installed.choose(geo, lib)
    assert str(raised.value).startswith(found)
    assert installed.SUPPORTED in str(raised.value)


@pytest.mark.parametrize(
    ("geo", "lib", "found"),
    [
        (["0.14.0"], [], "cirrus-geo 0.14.0 is installed"),
        (["1.0.2"], [], "cirrus-geo 1.0.2 is installed"),
        (["0.7.0"], [], "cirrus-geo 0.7.0 is installed without cirrus-lib"),
        ([], ["0.7.0"], "cirrus-lib 0.7.0 is installed"),
        (["unreadable"], [], "cirrus-geo unreadable is installed"),
        ([], [], "No cirrus is installed"),
    ],
)
def test_what_is_not_supported_is_named(geo: list[str], lib: list[str], found: str) -> None:
    """The message names the versions found and the versions supported."""
    with pytest.raises(UnsupportedCirrusError, match=found) as raised:
        installed.choose(geo, lib)
    assert installed.SUPPORTED in str(raised.value)


def test_a_newer_cirrus_is_tried_with_one_warning(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A cirrus newer than the newest known gets the newest adapter, and one warning a process."""
    monkeypatch.setattr(
        installed,
        "_versions",
        lambda name: ["3.0.0"] if name == "cirrus-geo" else [],
    )
    installed.adapter.cache_clear()
    try:
        with caplog.at_level(logging.WARNING):
            for _ in range(3):
                assert installed.adapter().generation is V2
    finally:
        monkeypatch.undo()
        installed.adapter.cache_clear()
    (warning,) = [each for each in caplog.records if "newer than the newest" in each.message]
    assert "3.0.0" in warning.message


def test_the_installed_cirrus_is_found_by_its_modules_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A serverless package holds cirrus without its metadata: the modules tell."""
    monkeypatch.setattr(installed, "_versions", lambda _: [])
    installed.adapter.cache_clear()
    try:
        assert installed.adapter().generation is GENERATION
        assert VERSION.startswith(installed.adapter().version[:2])
    finally:
        monkeypatch.undo()
        installed.adapter.cache_clear()


def test_nothing_that_looks_like_cirrus_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without metadata and modules the message says what to do."""
    monkeypatch.setattr(installed, "_versions", lambda _: [])
    monkeypatch.setattr(installed, "_TELLTALES", (("no_such_module.inside", "x", "1"),))
    installed.adapter.cache_clear()
    try:
        with pytest.raises(UnsupportedCirrusError, match="install the plugin into"):
            installed.adapter()
    finally:
        monkeypatch.undo()
        installed.adapter.cache_clear()


def module(monkeypatch: pytest.MonkeyPatch, name: str, handler: object = None) -> None:
    """Put a module on the path."""
    made = types.ModuleType(name)
    if handler is not None:
        made.lambda_handler = handler  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, name, made)


def test_a_handler_beside_ours_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function's own handler, kept beside the wrapper, is what the deployment runs today."""
    paths = ["cirrus_process.lambda_handler", "lambda_function.lambda_handler"]
    module(monkeypatch, "lambda_function", lambda *_: None)
    assert handlers.locate("process", paths) == paths[1]
    module(monkeypatch, "cirrus_process", lambda *_: None)
    assert handlers.locate("process", paths) == paths[0]


def test_the_wrapper_never_wraps_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ``lambda_function`` that only hands on to the wrapper is passed over: no endless call."""
    from cirrus_callbacks_plugin.lambda_functions import process

    module(monkeypatch, "lambda_function", process.lambda_handler)
    paths = ["lambda_function.lambda_handler"]
    with pytest.raises(ConfigurationError, match="There is no cirrus handler of 'process'"):
        handlers.locate("process", paths)
    with pytest.raises(ConfigurationError, match="is the wrapped handler itself"):
        handlers.import_handler(paths[0], "VARIABLE")
    # While Lambda imports it, it has no handler yet.
    module(monkeypatch, "lambda_function")
    module(monkeypatch, "other", lambda *_: None)
    beside = "other.lambda_handler"
    assert handlers.locate("process", [*paths, beside]) == beside


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("no_such_module.handler", "does not import .ModuleNotFoundError"),
        ("json.no_such_function", "does not import .AttributeError"),
        ("handler", "does not import .ValueError"),
        ("json.__doc__", "is not a function"),
    ],
)
def test_a_handler_path_that_does_not_import_is_named(
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    says: str,
) -> None:
    """The message names the path, why, and the variable to set."""
    monkeypatch.setenv("CIRRUS_CALLBACKS_PROCESS_HANDLER", path)
    from cirrus_callbacks_plugin.lambda_functions import process

    with pytest.raises(ConfigurationError, match=says) as raised:
        process.lambda_handler({"Records": []}, None)
    assert "CIRRUS_CALLBACKS_PROCESS_HANDLER" in str(raised.value)


def test_a_handler_whose_own_imports_fail_is_no_missing_handler(
    tmp_path: object,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A broken handler is named, and not passed over for another one."""
    (tmp_path / "cirrus_process.py").write_text("import no_such_dependency\n")  # type: ignore[operator]
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ConfigurationError, match="no_such_dependency"):
        handlers.locate("process", ["cirrus_process.lambda_handler", "json.dumps"])
