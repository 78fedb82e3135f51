"""The pytest plugin (entry point ``pytest11``).

Every pytest of the environment loads this module: nothing but pytest is imported until a test
asks for the fixture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.testing.stack import CirrusStack

_STACK = pytest.StashKey[Any]()


@pytest.fixture
def cirrus_stack(request: pytest.FixtureRequest) -> Iterator[CirrusStack]:
    """A Cirrus deployment with callbacks, for one test; nothing of it is left behind.

    Fails:
        The extra ``testing`` is not installed: the message is the line that installs it.
    """
    try:
        from cirrus_callbacks_plugin.testing.stack import CirrusStack
    except ModuleNotFoundError as error:
        pytest.fail(
            f"cirrus_stack needs {error.name}: pip install 'cirrus-callbacks-plugin[testing]'",
            pytrace=False,
        )
    with CirrusStack.started(request.path.parent, request.config.rootpath) as stack:
        request.node.stash[_STACK] = stack
        yield stack


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Add the timeline to the report of a test that failed."""
    report = yield
    stack = item.stash.get(_STACK, None)
    if stack is not None and report.failed:
        report.sections.append(("cirrus timeline", stack.timeline_text()))
    return report
