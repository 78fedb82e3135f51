"""From a payload's outcome to its open rows: how far, by which record, and what is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from cirrus_callbacks_plugin.cirrus.state_table import Record, StateKey
from cirrus_callbacks_plugin.protocol.rules import Ended
from cirrus_callbacks_plugin.protocol.settle import Progress, settle_open_rows
from cirrus_callbacks_plugin.waits.outcome import Outcome
from cirrus_callbacks_plugin.waits.row import Key, Wait
from support.aws_calls import aws_error
from support.each_alone import SettlesEach
from support.logged_steps import lines, listen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAYLOAD = "c/workflow-w/i"
RUN = "arn:run"
OUTCOME = Outcome("SUCCEEDED", RUN)
SERVER_ERROR = ClientError(
    {"Error": {"Code": "X"}, "ResponseMetadata": {"HTTPStatusCode": 500}},
    "UpdateItem",
)


@dataclass
class Rows(SettlesEach):
    """The open rows of a payload, page by page, and what updates do to them."""

    pages: list[list[Wait]]
    results: dict[str, bool | Exception] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    settled: list[tuple[Key, Outcome]] = field(default_factory=list)

    def open_rows(self, payload_id: str) -> Iterator[list[Wait]]:
        """The pages, read when they are asked for."""
        assert payload_id == PAYLOAD
        for page in self.pages:
            self.asked.append("page")
            yield page

    def settle(self, key: Key, outcome: Outcome) -> bool:
        """One conditional update."""
        result = self.results.get(key.task_token, True)
        if isinstance(result, Exception):
            raise result
        self.settled.append((key, outcome))
        return result


@dataclass
class Records:
    """The payload's record as it is read, each time another one."""

    records: list[Record | None]
    keys: list[StateKey] = field(default_factory=list)

    def get(self, key: StateKey) -> Record | None:
        """A consistent read."""
        self.keys.append(key)
        return self.records.pop(0)


def row(token: str, **more: Any) -> Wait:
    return Wait(PAYLOAD, token, **more)


def listed(*runs: str) -> Record:
    return Record("SUCCEEDED", "SUCCEEDED_2024", runs)


def settle(
    rows: Rows,
    *records: Record | None,
    ended: Ended | None = None,
    has_time_left: Callable[[], bool] = lambda: True,
    payload_id: str = PAYLOAD,
) -> Progress:
    waits: Any = rows
    states: Any = Records(list(records))
    told = settle_open_rows(
        waits, states, payload_id, ended or Ended(RUN, OUTCOME), has_time_left=has_time_left
    )
    assert set(states.keys) <= {StateKey.of(PAYLOAD)}
    assert states.records == []
    return told


def test_each_open_row_is_settled_with_the_outcome(caplog: pytest.LogCaptureFixture) -> None:
    """Page by page, the record read before each; one line a row says how and by which run."""
    listen(caplog)
    rows = Rows([[row("a", waiter_payload_id="c/workflow-parent/p"), row("b")], [row("c")]])
    assert settle(rows, listed(RUN), listed(RUN)) == Progress(RUN, 3, is_complete=True)
    assert sorted(key.task_token for key, _ in rows.settled) == ["a", "b", "c"]
    assert {outcome for _, outcome in rows.settled} == {OUTCOME}
    told = sorted(lines(caplog), key=lambda line: line[1]["wait"])
    assert told == sorted(
        (
            (
                "INFO",
                {
                    "callback": "settled",
                    "payload_id": PAYLOAD,
                    "wait": row(token).key.name,
                    **waiter,
                    "workflow_state": "SUCCEEDED",
                    "execution_arn": RUN,
                },
            )
            for token, waiter in (("a", {"waiter": "c/workflow-parent/p"}), ("b", {}), ("c", {}))
        ),
        key=lambda line: line[1]["wait"],
    )


def test_a_page_without_open_rows_costs_no_read(caplog: pytest.LogCaptureFixture) -> None:
    """Answered rows share the partition; the pages behind them are read all the same."""
    rows = Rows([[], [row("a")], []])
    assert settle(rows, listed(RUN)).settled == 1
    assert rows.asked == ["page"] * 3


def test_a_row_settled_by_somebody_else_counts_for_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """The first wins; the line says so, and the work is complete."""
    listen(caplog)
    rows = Rows([[row("a"), row("b")]], {"a": False})
    assert settle(rows, listed(RUN)) == Progress(RUN, 1)
    told = {line["wait"]: line["callback"] for _, line in lines(caplog)}
    assert told == {row("a").key.name: "settled before", row("b").key.name: "settled"}


def test_a_run_that_began_between_two_pages_decides(caplog: pytest.LogCaptureFixture) -> None:
    """The rows of the second page wait for it: which run ended and which one decides is told."""
    listen(caplog)
    rows = Rows([[row("a")], [row("b")]])
    told = settle(rows, listed(RUN), listed(RUN, "arn:later"))
    assert told == Progress(RUN, 1)
    assert [key.task_token for key, _ in rows.settled] == ["a"]
    level, line = lines(caplog)[-1]
    why = line.pop("why")
    assert level == "INFO"
    assert "later run" in why
    assert line == {
        "callback": "left open",
        "payload_id": PAYLOAD,
        "wait": row("b").key.name,
        "ended": RUN,
        "execution_arn": "arn:later",
    }


def test_without_a_record_the_event_is_all_there_is(caplog: pytest.LogCaptureFixture) -> None:
    """A record that an operator deleted lists no later run."""
    listen(caplog)
    rows = Rows([[row("a"), row("b", seen_state="FAILED", seen_execution=RUN)]])
    assert settle(rows, None).settled == 1
    (left,) = [line for _, line in lines(caplog) if line["callback"] == "left open"]
    assert "execution_arn" not in left


def test_an_id_that_makes_no_record_is_settled_too() -> None:
    """An id that the state table cannot hold has no record to read."""
    rows = Rows([[Wait("no-workflow", "t")]])
    rows.open_rows = lambda _: iter(rows.pages)  # type: ignore[method-assign]
    assert settle(rows, payload_id="no-workflow").settled == 1


def test_an_event_without_a_run_is_about_the_last_listed_one() -> None:
    """Cirrus 0.7: the one who goes on with the rest has to know which run it was."""
    nameless = Ended(None, Outcome("SUCCEEDED"))
    rows = Rows([[row("a")]])
    assert settle(rows, listed("arn:old", RUN), ended=nameless).execution_arn == RUN
    assert rows.settled[0][1].execution_arn == RUN
    assert settle(Rows([[row("a")]]), None, ended=nameless).execution_arn is None
    # The first page's record names it: a later page's may list a newer run.
    rows = Rows([[row("a")], [row("b")]])
    told = settle(rows, listed(RUN), listed(RUN, "arn:later"), ended=nameless)
    assert told.execution_arn == RUN


def test_the_run_that_ended_is_the_one_that_is_carried_on() -> None:
    """Not a later one that the record lists already: the outcome is not one of its."""
    assert settle(Rows([[row("a")]]), listed(RUN, "arn:later")).execution_arn == RUN


def test_time_that_runs_out_leaves_the_rest_to_others(caplog: pytest.LogCaptureFixture) -> None:
    """No update is begun and no page read any more; nothing is said of rows not looked at."""
    listen(caplog)
    rows = Rows([[row("a")], [row("b")]])
    assert settle(rows, listed(RUN), has_time_left=lambda: False) == Progress(
        RUN, 0, is_complete=False
    )
    assert (rows.asked, rows.settled, lines(caplog)) == (["page"], [], [])


def test_an_empty_page_takes_time_as_well() -> None:
    """Thousands of answered rows may stand before the open ones."""
    rows = Rows([[], [row("a")]])
    assert not settle(rows, has_time_left=lambda: False).is_complete
    assert rows.asked == ["page"]


def test_time_that_runs_out_within_a_page_makes_it_incomplete() -> None:
    """What was settled by then is settled; the last page may end so, too."""
    left = iter([True, False, True, True, True])
    rows = Rows([[row("a"), row("b")]])
    told = settle(rows, listed(RUN), has_time_left=lambda: next(left))
    assert (told.settled, told.is_complete) == (1, False)


@pytest.mark.parametrize(
    ("error", "is_complete", "code"),
    [
        (aws_error("ThrottlingException"), False, "ThrottlingException"),
        (SERVER_ERROR, False, "X"),
        (aws_error("AccessDeniedException"), True, "AccessDeniedException"),
        (RuntimeError("secret"), True, "RuntimeError"),
    ],
)
def test_only_what_passes_is_left_to_be_repeated(
    error: Exception,
    is_complete: bool,
    code: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What a repetition does not cure is the reconciler's: it is not tried in a loop."""
    listen(caplog)
    rows = Rows([[row("a"), row("b")], [row("c")]], {"a": error})
    told = settle(rows, listed(RUN), listed(RUN))
    assert told == Progress(RUN, 2, is_complete=is_complete)
    failed = [(level, line) for level, line in lines(caplog) if level != "INFO"]
    assert failed == [
        (
            "WARNING",
            {
                "callback": "not settled",
                "payload_id": PAYLOAD,
                "wait": row("a").key.name,
                "why": code,
            },
        ),
    ]


def test_a_table_that_does_not_answer_is_asked_once() -> None:
    """Every further call could hang as long: the page's other rows and all pages are left."""
    silent = ReadTimeoutError(endpoint_url="https://x")
    rows = Rows([[row("a")], [row("b")]], {"a": silent})
    assert settle(rows, listed(RUN)) == Progress(RUN, 0, is_complete=False)
    assert rows.asked == ["page"]


def test_nothing_is_settled_and_nothing_left_at_first() -> None:
    """A payload without open rows is complete."""
    assert settle(Rows([])) == Progress(RUN, settled=0, is_complete=True)
