"""A page of 100,000 open waits: what it asks of AWS, and what it says that it does not know."""

from __future__ import annotations

import json
from io import StringIO
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest

from cirrus_callbacks_plugin.cli.json_stream import write_members
from cirrus_callbacks_plugin.operations.listing import FEW_ROWS, Listing
from cirrus_callbacks_plugin.operations.reasons import Code
from cirrus_callbacks_plugin.operations.survey import Filters, Total
from support.many_waits import WAITERS, many_waits, parent
from support.slow_aws import SlowAws, execution, waiting_since
from unit.operations.test_survey import calls, look_at

if TYPE_CHECKING:
    from collections.abc import Iterator

WAITS = 100_000


@pytest.fixture(scope="module")
def many() -> SlowAws:
    """20,000 children that run, each waited for by five of 2,000 parents."""
    return many_waits(WAITS)


def test_a_page_takes_thirty_calls_and_three_seconds_of_pauses(many: SlowAws) -> None:
    """Its own rows, records and runs; who waits himself among its rows; a total in one call."""
    with look_at(many) as survey:
        survey.with_waiters = True
        began = many.clock()
        listing = Listing(survey)
        found, cursor = listing.page(50)
        total = survey.total()
    asked = calls(many)
    assert len(found) == 50
    assert {each.reason.code for each in found} == {Code.RUNNING}
    assert all(each.waiter is not None for each in found)
    assert cursor is not None
    assert total == Total(WAITS, is_exact=False)
    assert not listing.knows_chains
    assert sum(asked.values()) <= 30 - 1  # and the reconciler's settings
    assert many.clock() - began - 0.005 * sum(asked.values()) <= 3
    assert asked["BatchGetItem callbacks"] == 1


def test_a_page_of_a_small_deployment_knows_every_chain_and_counts() -> None:
    """A thousand open waits are read in ten calls: a child that waits is told, far or near."""
    small = many_waits(FEW_ROWS - WAITERS)
    small.add([waiting_since(10, "c/workflow-w/other", waiter_execution_arn=execution("0"))])
    with look_at(small) as survey:
        listing = Listing(survey)
        found, _ = listing.page(10)
        assert survey.total() == Total(FEW_ROWS - WAITERS + 1, is_exact=True)
    assert listing.knows_chains
    codes = [each.reason.code for each in found]
    assert codes == [Code.WAITS_ITSELF] * WAITERS + [Code.RUNNING] * (10 - WAITERS)
    assert "DescribeTable callbacks" not in calls(small)


def test_a_total_that_nobody_may_tell_is_none(
    many: SlowAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing permission costs the number, not the waits."""
    from botocore.exceptions import ClientError

    def denied(**_: object) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "DescribeTable")

    monkeypatch.setattr(many.dynamodb, "describe_table", denied)
    with look_at(many) as survey:
        Listing(survey).page(1)
        assert survey.total() is None


def test_only_so_many_waiters_are_asked_about() -> None:
    """A thousand that are gone: forty are described, of the others it is said that nobody knows."""
    aws = SlowAws()
    for number in range(1000):
        about = f"c/workflow-w/{number % 20}"
        aws.record(about, "PROCESSING", execution(str(number % 20)))
        aws.run(execution(str(number % 20)), "RUNNING")
        aws.run(parent(number), "TIMED_OUT", stopped=-60)
        row = waiting_since(7200, about, token=f"t-{number}", waiter_execution_arn=parent(number))
        aws.add([row])
    with look_at(aws) as survey:
        survey.with_waiters, survey.waiters.most_asked = True, 40
        codes = [each.reason.code for each in Listing(survey).each()]
        not_asked = survey.waiters.not_asked
    assert calls(aws)["DescribeExecution"] == 40
    assert codes.count(Code.WAITER_GONE) == 40
    assert not_asked >= 960


def test_what_is_kept_of_a_long_list_has_a_bound(
    many: SlowAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Records and descriptions; each wait is there once, and none of them is kept."""
    from cirrus_callbacks_plugin.operations import survey as module

    monkeypatch.setattr(module, "MOST_RECORDS", 300)
    with look_at(many) as survey:
        most = 0
        for _ in islice(survey.explained(survey.rows(Filters())), 5_000):
            most = max(most, len(survey._records))
        assert most <= 300
    assert len(many.dynamodb.calls["BatchGetItem state"]) <= 5_000 / 100 + 1


def test_json_is_written_as_it_comes() -> None:
    """One valid document, letter by letter the one that is written at once."""
    out = StringIO()
    things: list[Any] = [{"a": [1, {"b": "line\nline"}]}, {}, "text"]
    written: list[int] = []

    def coming() -> Iterator[Any]:
        for thing in things:
            written.append(len(out.getvalue()))
            yield thing

    write_members(out, [("head", {"x": None}), ("list", coming()), ("none", iter(())), ("end", 1)])
    whole = {"head": {"x": None}, "list": things, "none": [], "end": 1}
    assert out.getvalue() == json.dumps(whole, indent=2) + "\n"
    assert written == sorted(set(written))
