"""The pytest plugin (entry point ``pytest11``).

Every pytest of the environment loads this module: nothing but pytest is imported until a test
asks for the fixture.
"""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from cirrus_callbacks_plugin.testing.session import StackSession
    from cirrus_callbacks_plugin.testing.stack import CirrusStack

_STACK = pytest.StashKey[Any]()
_FAILED = pytest.StashKey[bool]()


_OTHERS = (
    "ignore:datetime.datetime.utcnow:DeprecationWarning",
    "ignore::DeprecationWarning:(botocore|cirrus|moto|pystac|stactask)\\b.*",
    "ignore::FutureWarning:(cirrus|pystac|stactask)\\b.*",
)
"""Warnings of what a stack runs, which no test of a workflow can mend."""


_EXTRA = ("moto", "flask", "antlr4", "jsonpath", "aws_lambda_powertools", "cirrus")
"""What the extra brings."""


def _is_installed(module: str) -> bool:
    from importlib.util import find_spec

    try:
        return find_spec(module) is not None
    except ValueError:  # what stands in its place is not a module
        return False


_TIMEOUT = "cirrus_stack_timeout"

_CIRRUS_FROM = (3, 12)
"""The oldest Python for which the extra brings a Cirrus."""


def _advice(missing: Sequence[str], python: tuple[int, int]) -> str:
    """What to do where something that the extra brings is not installed."""
    if list(missing) == ["cirrus"] and python < _CIRRUS_FROM:
        here, oldest = (".".join(map(str, each)) for each in (python, _CIRRUS_FROM))
        return (
            f"cirrus_stack needs Python {oldest} or later, and this is {here}: for older ones "
            "the extra 'testing' brings no cirrus-geo"
        )
    return (
        f"cirrus_stack needs {', '.join(missing)}: pip install 'cirrus-callbacks-plugin[testing]'"
    )


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the setting."""
    parser.addini(
        _TIMEOUT, "seconds that cirrus_stack waits for anything, unless a call says otherwise"
    )


def _timeout(config: pytest.Config) -> float | None:
    """The timeout that is set; None where none is.

    Fails:
        It is not a number above 0.
    """
    given = str(config.getini(_TIMEOUT) or "")
    if not given:
        return None
    try:
        seconds = float(given)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        pytest.fail(f"{_TIMEOUT} = {given}: give seconds, a number above 0", pytrace=False)
    return seconds


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let tests with a stack run with ``-W error``: only their own warnings are errors."""
    if "cirrus_stack" in getattr(item, "fixturenames", ()):
        for each in _OTHERS:
            item.add_marker(pytest.mark.filterwarnings(each))


@pytest.fixture(scope="session")
def _cirrus_stacks(pytestconfig: pytest.Config) -> Iterator[StackSession]:
    """What the stacks of a session share.

    Fails:
        The extra ``testing`` is not installed: the message is the line that installs it.
    """
    missing = [name for name in _EXTRA if not _is_installed(name)]
    if missing:
        pytest.fail(_advice(missing, sys.version_info[:2]), pytrace=False)
    from cirrus_callbacks_plugin.testing.session import StackSession

    timeout = _timeout(pytestconfig)
    session = StackSession() if timeout is None else StackSession(timeout=timeout)
    yield session
    session.close()


def _folders(test: Path, root: Path) -> tuple[Path, ...]:
    """A test's folder, those above it up to the root, and the root."""
    above = (each for each in test.parents if each.is_relative_to(root))
    return tuple(dict.fromkeys((test, *above, root)))


@pytest.fixture
def cirrus_stack(
    request: pytest.FixtureRequest, _cirrus_stacks: StackSession
) -> Iterator[CirrusStack]:
    """A Cirrus deployment with callbacks, for one test; nothing of it is left behind.

    Relative paths are looked for beside the test, in the folders above it, and at the root.

    Fails:
        At the end of a test that passed: a disturbance that it asked for met nothing.
    """
    stack = _cirrus_stacks.stack(*_folders(request.path.parent, request.config.rootpath))
    with contextlib.closing(stack):
        request.node.stash[_STACK] = stack
        yield stack
        unmet = stack.unmet()
    if unmet and not request.node.stash.get(_FAILED, False):
        pytest.fail("the test asked for what never came: " + "; ".join(unmet), pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Add the timeline to the report of a test that failed."""
    report = yield
    stack = item.stash.get(_STACK, None)
    if stack is not None and report.failed:
        item.stash[_FAILED] = True
        report.sections.append(("cirrus timeline", stack.timeline_text()))
    return report
