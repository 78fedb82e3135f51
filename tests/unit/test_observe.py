"""Which final state cirrus's own code gives which payload."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

import pytest

from cirrus_callbacks_plugin.cirrus.observe import FinalState, recording_final_states

STATES = {"set_done": "SUCCEEDED", "set_failed": "FAILED"}


class Descriptor:
    """As cirrus's ``ValidStateChange``: a setter that may not be read from the class."""

    def __init__(self, function: Any) -> None:
        self.function = function

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            raise AttributeError("not from the class")
        return lambda *args, **kwargs: self.function(instance, *args, **kwargs)


@pytest.fixture
def state_db() -> type:
    """A class like cirrus's StateDB, not yet observed."""

    class StateDB:
        def set_done(self, payload_id: str) -> str:
            return f"done {payload_id}"

        @Descriptor
        def set_failed(self, payload_id: str, msg: str, isotimestamp: str | None = None) -> str:
            if msg == "raise":
                raise RuntimeError("the table is away")
            return f"failed {payload_id}"

    return StateDB


@dataclass
class Adapter:
    """An adapter for one class."""

    state_db: type
    states: dict[str, str] = field(default_factory=lambda: STATES)
    version: str = "9.9"

    def state_setters(self) -> tuple[type, dict[str, str]]:
        """The class and its setters."""
        return self.state_db, self.states


def test_what_a_setter_wrote_is_noted(state_db: type) -> None:
    """Payload, state and error text, the last one for each; return values pass through."""
    with recording_final_states(Adapter(state_db)) as notes:  # type: ignore[arg-type]
        assert state_db().set_done("a") == "done a"
        assert state_db().set_failed("b", "why") == "failed b"
        assert state_db().set_failed("c", msg="named") == "failed c"
        state_db().set_failed("a", "later")
    assert notes.by_payload == {
        "a": FinalState("FAILED", "later"),
        "b": FinalState("FAILED", "why"),
        "c": FinalState("FAILED", "named"),
    }


def test_a_setter_that_raises_notes_nothing(state_db: type) -> None:
    """What was not written is not a state."""
    with recording_final_states(Adapter(state_db)) as notes, pytest.raises(RuntimeError):  # type: ignore[arg-type]
        state_db().set_failed("a", "raise")
    assert notes.by_payload == {}


def test_notes_belong_to_the_block_that_runs(state_db: type) -> None:
    """Nothing is noted outside, and a second block starts again on the same class."""
    adapter: Any = Adapter(state_db)
    with recording_final_states(adapter) as first:
        state_db().set_done("a")
    state_db().set_done("b")
    with recording_final_states(adapter) as second:
        state_db().set_done("c")
    assert (set(first.by_payload), set(second.by_payload)) == ({"a"}, {"c"})


def test_notes_belong_to_the_thread_that_runs(state_db: type) -> None:
    """In a local stack several lambdas share a process: each sees its own writes only."""
    adapter: Any = Adapter(state_db)
    inside, noted = threading.Barrier(2), {}

    def invocation(name: str) -> None:
        with recording_final_states(adapter) as notes:
            inside.wait(5)
            state_db().set_done(name)
            inside.wait(5)
            noted[name] = set(notes.by_payload)

    threads = [threading.Thread(target=invocation, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert noted == {"a": {"a"}, "b": {"b"}}


def test_a_cirrus_without_the_setters_runs_all_the_same(
    state_db: type,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A newer cirrus than known may name them otherwise: callbacks wait, cirrus does not."""
    adapter: Any = Adapter(state_db, {"set_otherwise": "SUCCEEDED"})
    with recording_final_states(adapter) as notes:
        assert state_db().set_done("a") == "done a"
    assert notes.by_payload == {}
    assert "cirrus 9.9" in caplog.text


def test_the_installed_cirruss_setters_are_observed() -> None:
    """All four of 2.0, which may not be read from the class."""
    pytest.importorskip("cirrus", reason="no cirrus is installed")
    from cirrus_callbacks_plugin.cirrus import installed

    owner, states = installed.adapter().state_setters()
    assert set(states.values()) == {"SUCCEEDED", "FAILED", "INVALID", "ABORTED"}
    with recording_final_states(installed.adapter()):
        assert all(type(owner.__dict__[name]).__name__ == "_Observed" for name in states)
