"""What is built while Lambda starts a function, and what is not."""

from __future__ import annotations

import contextlib
import gc
import weakref

import pytest

from cirrus_callbacks_plugin.lambda_functions.start_up import (
    build_at_start,
    build_clients_at_start,
    nothing_collected,
)

IN_LAMBDA = {"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001"}


def built(monkeypatch: pytest.MonkeyPatch, **environment: str) -> list[str]:
    """What is built with these variables."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found: list[str] = []
    build_at_start(lambda: found.append("anything"))
    build_clients_at_start(lambda: found.append("clients"))
    return found


def test_nothing_is_built_outside_lambda(monkeypatch: pytest.MonkeyPatch) -> None:
    """There import is cheap, and tests put in what they like."""
    assert built(monkeypatch) == []


@pytest.mark.parametrize("kind", ["on-demand", "provisioned-concurrency"])
def test_in_lambda_both_are_built(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Whether the function was waited for or not."""
    found = built(monkeypatch, AWS_LAMBDA_INITIALIZATION_TYPE=kind, **IN_LAMBDA)
    assert found == ["anything", "clients"]


def test_a_snapshot_holds_no_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their credentials are of the environment that is restored."""
    found = built(monkeypatch, AWS_LAMBDA_INITIALIZATION_TYPE="snap-start", **IN_LAMBDA)
    assert found == ["anything"]


def test_credentials_that_would_be_fetched_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Building a client asks for them: at the start no call is made."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert built(monkeypatch, **IN_LAMBDA) == ["anything"]


def test_what_fails_is_left_to_the_first_invocation(monkeypatch: pytest.MonkeyPatch) -> None:
    """An import that raises would take all of cirrus's messages with it."""
    monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")
    build_at_start(lambda: 1 / 0)
    build_clients_at_start(lambda: 1 / 0)


def test_in_lambda_no_garbage_is_searched_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor ever among what was built, which stays; afterwards the collector is on again."""
    monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")
    built_meanwhile: list[list[int]] = []
    with contextlib.suppress(ZeroDivisionError), nothing_collected():
        assert not gc.isenabled()
        built_meanwhile.append([1])
        raise ZeroDivisionError
    assert gc.isenabled()
    assert not any(each is built_meanwhile for each in gc.get_objects())


class Node:
    """Something that holds itself."""

    def __init__(self) -> None:
        self.me = self


@pytest.mark.parametrize("but_at_the_end", [False, True])
def test_garbage_may_be_looked_for_once(
    monkeypatch: pytest.MonkeyPatch, *, but_at_the_end: bool
) -> None:
    """At the end, before what is there stays for good."""
    monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")
    with nothing_collected(but_at_the_end=but_at_the_end):
        garbage = weakref.ref(Node())
        assert garbage() is not None
    assert (garbage() is None) == but_at_the_end


def test_elsewhere_it_is_as_always() -> None:
    """A process of somebody else's decides by itself."""
    with nothing_collected():
        assert gc.isenabled()
        here: list[list[int]] = [[1]]
    assert any(each is here for each in gc.get_objects())


def test_a_collector_that_is_off_stays_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has switched it off has reasons."""
    monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")
    gc.disable()
    try:
        with nothing_collected():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
