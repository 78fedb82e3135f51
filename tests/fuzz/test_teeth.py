"""The fuzzer notices what it is there for: defects planted one at a time."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.carriers import message as carriers
from cirrus_callbacks_plugin.carriers.message import json_text
from cirrus_callbacks_plugin.hooks import delivery, neighbours, process, registration
from cirrus_callbacks_plugin.hooks.delivery import Delivery
from cirrus_callbacks_plugin.joins.table import JoinsTable
from fuzz.explore import explore

if TYPE_CHECKING:
    from collections.abc import Callable

    from fuzz.check import Checker

    Plant = Callable[[pytest.MonkeyPatch], None]

CASES = 400


def read_as_python(patch: pytest.MonkeyPatch) -> None:
    """Only what ``json.loads`` keeps is looked at."""
    patch.setattr(json_text, "read", json.loads)


def see_nothing_in_attributes(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(carriers, "_without_attributes", lambda holder, *_: holder)


def leave_the_token(patch: pytest.MonkeyPatch) -> None:
    """Found and registered, and left where it was."""
    taken = delivery.take
    patch.setattr(delivery, "take", lambda each: carriers.Taken(each, taken(each).callbacks))


def keep_the_failed(patch: pytest.MonkeyPatch) -> None:
    """Cirrus sees the messages whose token could not be registered."""
    without = Delivery.event_without
    patch.setattr(Delivery, "event_without", lambda self, _=(), records=(): without(self))


def delete_no_neighbour(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(process, "delete_from_queue", lambda *_: None)


def delete_all(patch: pytest.MonkeyPatch) -> None:
    """The message whose token could not be registered is deleted with the others."""
    finish = process._Invocation._finish

    def finished(self: Any, *args: Any) -> Any:
        if args[0].failed:
            neighbours.delete_from_queue(lambda: args[2].sqs, self.delivery.messages)
        return finish(self, *args)

    patch.setattr(process._Invocation, "_finish", finished)


def register_one_token(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Delivery, "carriers", property(_first_tokens_only))


def _first_tokens_only(self: Delivery) -> Any:
    return tuple(
        delivery.Message(each.index, each.record, each.callbacks[:1])
        for each in self.messages
        if each.callbacks
    )


def tell_the_token(patch: pytest.MonkeyPatch) -> None:
    """A log line at DEBUG, for a start."""
    put = registration.Registrar._put

    def logged(self: Any, row: Any) -> Any:
        logging.getLogger("anywhere").debug("putting %s", row.task_token)
        return put(self, row)

    patch.setattr(registration.Registrar, "_put", logged)


def swallow_cirruss_error(patch: pytest.MonkeyPatch) -> None:
    run = process._Invocation._run_cirrus

    def quiet(self: Any, registered: Any) -> Any:
        try:
            return run(self, registered)
        except Exception:  # noqa: BLE001 - the defect
            return 0

    patch.setattr(process._Invocation, "_run_cirrus", quiet)


def take_everything_for_a_payload(patch: pytest.MonkeyPatch) -> None:
    """A payload that cirrus refuses waits for a run that never comes."""
    patch.setattr(registration, "invalid_payload", lambda _: None)


def take_no_join(patch: pytest.MonkeyPatch) -> None:
    """A join request with a token is taken for a payload that cirrus refuses."""
    patch.setattr(registration, "request_in", lambda *_: None)


def show_joins_to_cirrus(patch: pytest.MonkeyPatch) -> None:
    """Their rows are put, and they stay in the event."""
    run = process._Invocation._run_cirrus

    def with_joins(self: Any, registered: Any) -> Any:
        return run(self, replace(registered, joins=set()))

    patch.setattr(process._Invocation, "_run_cirrus", with_joins)


def expand_nothing(patch: pytest.MonkeyPatch) -> None:
    """A join is put, and nobody is told to send its members."""
    patch.setattr(JoinsTable, "expand", lambda *_: None)


DEFECTS: dict[str, Plant] = {
    each.__name__.replace("_", " "): each
    for each in (
        read_as_python,
        see_nothing_in_attributes,
        leave_the_token,
        keep_the_failed,
        delete_no_neighbour,
        delete_all,
        register_one_token,
        tell_the_token,
        swallow_cirruss_error,
        take_everything_for_a_payload,
        take_no_join,
        show_joins_to_cirrus,
        expand_nothing,
    )
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", DEFECTS)
def test_a_planted_defect_is_noticed(
    checker: Checker,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Within 400 cases, each of them."""
    DEFECTS[name](monkeypatch)
    assert explore(checker, 1, CASES, shrink=False).failure is not None
