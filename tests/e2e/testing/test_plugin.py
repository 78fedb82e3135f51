"""The pytest plugin: what it imports, what a failing test shows, what stays behind."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import cirrus_callbacks_plugin.testing.session  # noqa: F401 - once, not in every inner run
from cirrus_callbacks_plugin.testing import plugin

if TYPE_CHECKING:
    from support.command_line import Folder

pytest_plugins = ["pytester"]

INNER = """
    import pytest

    @pytest.fixture
    def stack(cirrus_stack):
        return cirrus_stack.load({folder!r})

    def test_fails(stack):
        stack.start("payloads/1.json").until_waiting()
        assert False, "in the middle"

    def test_passes(stack):
        assert stack.run("payloads/1.json").status == "SUCCEEDED"

    def test_asks_for_what_never_comes(stack):
        stack.lose("process", "S2B")
        stack.throttle("state", calls=1).calls = 0
        stack.function("work").fails("Once", times=1).fails("Never", times=1)
        stack.run("payloads/1.json")

    def test_needs_no_folder(cirrus_stack):
        pass
"""


def _written(pytester: pytest.Pytester, folder: Folder) -> None:
    pytester.makepyfile(textwrap.dedent(INNER).format(folder=str(folder.root)))


def test_a_failure_shows_the_timeline_and_disturbs_nothing(
    pytester: pytest.Pytester, folder: Folder
) -> None:
    """The next test passes with the same payload; a disturbance that met nothing is told."""
    _written(pytester, folder)
    before = set(threading.enumerate())
    ran = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:xdist")
    ran.assert_outcomes(passed=3, failed=1, errors=1)
    text = ran.stdout.str()
    assert "in the middle" in text
    assert "- cirrus timeline -" in text
    assert "wait    parent/S2A_39QTA_20230628_0_L2A waits for child/S2A_39QTA" in text
    assert "the test asked for what never came: a delivery to process about S2B" in text
    assert "a throttled call on cirrus-test-state" in text
    assert "a call of work, which was to fail with Never" in text
    assert "which was to fail with Once" not in text
    assert "stack = <cirrus_stack: " in text
    assert "--endpoint-url" not in text
    assert set(threading.enumerate()) <= before


def test_no_port_stays_open(pytester: pytest.Pytester, folder: Folder) -> None:
    """The server ends with the session."""
    port = pytester.path / "port"
    pytester.makepyfile(
        f"""
        def test_port(cirrus_stack):
            cirrus_stack.load({str(folder.root)!r})
            url = cirrus_stack.client("s3").meta.endpoint_url
            with open({str(port)!r}, "w") as file:
                file.write(url.rpartition(":")[2])
        """,
    )
    pytester.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(port.read_text()))) != 0


def test_workers_run_side_by_side_without_warnings(
    pytester: pytest.Pytester, folder: Folder
) -> None:
    """pytest-xdist, and ``-W error``: each worker has a server of its own."""
    pytester.makepyfile(
        f"""
        import pytest

        @pytest.mark.parametrize("number", range(2))
        def test_number(cirrus_stack, number):
            cirrus_stack.load({str(folder.root)!r})
            assert cirrus_stack.run("payloads/1.json").status == "SUCCEEDED"
        """,
    )
    ran = pytester.runpytest_subprocess("-n", "2", "-W", "error", "-p", "no:cacheprovider")
    ran.assert_outcomes(passed=2)
    assert "warnings summary" not in ran.stdout.str()


_LIST = """
import json, sys
import pytest
before = set(sys.modules)
import cirrus_callbacks_plugin.testing.plugin
print(json.dumps(sorted(set(sys.modules) - before)))
import cirrus.lib
print(cirrus.lib.__file__)
"""


def test_the_entry_point_imports_nothing_but_pytest() -> None:
    """Every pytest of the environment loads it; ``import cirrus`` is cirrus-geo's."""
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", _LIST], capture_output=True, text=True, check=True
    )
    loaded, cirrus = ran.stdout.splitlines()
    assert set(json.loads(loaded)) <= {
        "cirrus_callbacks_plugin",
        "cirrus_callbacks_plugin.testing",
        "cirrus_callbacks_plugin.testing.plugin",
    }
    assert "cirrus_callbacks_plugin" not in Path(cirrus).parts


@pytest.mark.parametrize("missing", ["moto", "cirrus", "jsonpath"])
def test_without_the_extra_the_line_that_installs_it_is_told(
    pytester: pytest.Pytester, missing: str
) -> None:
    """A failure, without a traceback; other tests run."""
    pytester.makeconftest(
        f"""
        import sys
        sys.modules["{missing}"] = None
        """,
    )
    pytester.makepyfile(
        """
        def test_asks(cirrus_stack):
            cirrus_stack.load(".")

        def test_does_not():
            pass
        """,
    )
    ran = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    ran.assert_outcomes(passed=1, errors=1)
    ran.stdout.fnmatch_lines(
        [f"*cirrus_stack needs {missing}*: pip install 'cirrus-callbacks-plugin?testing?'*"]
    )
    assert "Traceback" not in ran.stdout.str()


def test_an_older_python_is_told_which_one_is_needed() -> None:
    """There the extra brings no cirrus-geo, and installing it again would change nothing."""
    advice = plugin._advice(["cirrus"], (3, 11))
    assert "needs Python 3.12 or later, and this is 3.11" in advice
    assert "pip install" not in advice
    assert "pip install" in plugin._advice(["cirrus"], (3, 12))
    assert "pip install" in plugin._advice(["moto", "cirrus"], (3, 11))


def test_the_first_place_with_workflows_is_loaded(
    pytester: pytest.Pytester, folder: Folder
) -> None:
    """A folder ``workflows`` beside the tests may hold tests: those above it are looked into."""
    project = pytester.path / "services" / "project"
    shutil.copytree(folder.root, project)
    tests = project / "tests" / "workflows"
    tests.mkdir(parents=True)
    text = """
        import pytest

        @pytest.mark.parametrize("place", [".", "workflows/", "workflows", "services/project"])
        def test_place(cirrus_stack, place):
            cirrus_stack.load(place)
            assert cirrus_stack.start("payloads/1.json").until_waiting()
    """
    (tests / "test_here.py").write_text(textwrap.dedent(text))
    pytester.makeini("[pytest]")
    ran = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:xdist")
    ran.assert_outcomes(passed=4)


def test_every_place_without_workflows_is_named(pytester: pytest.Pytester) -> None:
    """What is to be put where is said as well."""
    pytester.makeini("[pytest]")
    tests = pytester.mkdir("tests")
    (tests / "test_here.py").write_text("def test_load(cirrus_stack):\n    cirrus_stack.load('.')")
    ran = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:xdist")
    ran.assert_outcomes(failed=1)
    text = ran.stdout.str()
    assert f"{pytester.path} has no workflows: put each state machine in workflows/NAME" in text
    assert f"{tests} has none either" in text


def test_a_slow_machines_timeout_is_a_setting(pytester: pytest.Pytester, folder: Folder) -> None:
    """It holds for whatever is waited for; a timeout that a call gives outranks it."""
    pytester.makeini("[pytest]\ncirrus_stack_timeout = 0.25")
    pytester.makepyfile(
        f"""
        import pytest

        def test_waits(cirrus_stack):
            cirrus_stack.load({str(folder.root)!r})
            run = cirrus_stack.payload("nothing")
            for wait in (run.until_ended, run.until_waiting, lambda: cirrus_stack.until(bool)):
                with pytest.raises(AssertionError, match=r"\\(0.25 s\\)"):
                    wait()
            with pytest.raises(AssertionError, match=r"\\(0.5 s\\)"):
                run.until_ended(timeout=0.5)
        """,
    )
    arguments = ("-p", "no:cacheprovider", "-p", "no:xdist")
    pytester.runpytest_inprocess(*arguments).assert_outcomes(passed=1)
    for wrong in ("soon", "0", "inf", "nan"):
        ran = pytester.runpytest_inprocess(*arguments, "-o", f"cirrus_stack_timeout={wrong}")
        ran.assert_outcomes(errors=1)
        assert f"cirrus_stack_timeout = {wrong}: give seconds" in ran.stdout.str()
