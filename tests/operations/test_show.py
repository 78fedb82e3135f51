"""``show``: everything that is known of one payload."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cirrus_callbacks_plugin.operations.console import execution_link
from support import schemas, snapshots
from support.open_waits import payload_id

if TYPE_CHECKING:
    from support.command_line import Run
    from support.open_waits import OpenWaits


@pytest.mark.parametrize("columns", ["80", "160"])
@pytest.mark.parametrize("kind", ["settled", "chained"])
def test_the_screen(run: Run, monkeypatch: pytest.MonkeyPatch, columns: str, kind: str) -> None:
    """Record, executions with links, waiters with reasons; a link is never broken."""
    monkeypatch.setenv("COLUMNS", columns)
    ran = run("show", payload_id(kind))
    assert ran.status == 0, ran.err
    snapshots.matches(f"show-{kind}-{columns}", ran.out)


def test_the_json(run: Run) -> None:
    """Stable keys; tokens as digests."""
    ran = run("show", payload_id("stuck"), "--json")
    schemas.check("show", ran.json)
    assert ran.json["record"]["state"] == "PROCESSING"
    assert [each["status"] for each in ran.json["executions"]] == ["SUCCEEDED"]
    assert [each["reason"]["code"] for each in ran.json["waits"]] == ["stuck"]
    assert "stuck-token" not in ran.out


def test_answered_waits_and_repairs_are_shown(run: Run, waits: OpenWaits) -> None:
    """What was answered, when, and who repaired it by hand."""
    row = waits.register(payload_id("shown"), "shown-token")
    waits.table.mark_answered(
        row.key, "failure", answer_error="CirrusCallback.Failed", retention_days=60
    )
    entry = {
        "at": "2024-06-01T12:00:00.000000+00:00",
        "by": "arn:aws:iam::1:user/ada",
        "action": "resend",
        "reason": "it was stale",
    }
    waits.table.note(row.key, entry)
    try:
        ran = run("show", payload_id("shown"))
    finally:
        waits.remove((payload_id("shown"), "shown-token"))
    assert ran.status == 0
    assert "The state table has no record of it." in ran.out
    assert "CirrusCallback.Failed" in ran.out
    assert "resend by arn:aws:iam::1:user/ada, 2024-06-01 12:00:00 UTC: it was stale" in ran.out


def test_an_unknown_payload(run: Run) -> None:
    """Exit status 1, said in a sentence."""
    ran = run("show", "c/workflow-w/nothing")
    assert ran.status == 1
    assert "Neither the state table nor the tracking table knows it." in ran.out


@pytest.mark.parametrize(
    ("partition", "host"),
    [
        ("aws", "eu-west-1.console.aws.amazon.com"),
        ("aws-cn", "eu-west-1.console.amazonaws.cn"),
        ("aws-us-gov", "eu-west-1.console.amazonaws-us-gov.com"),
    ],
)
def test_links_lead_to_the_partitions_console(partition: str, host: str) -> None:
    """With the whole ARN, what is special in a URL escaped."""
    arn = f"arn:{partition}:states:eu-west-1:123456789012:execution:x-cog:a b"
    assert execution_link(arn) == (
        f"https://{host}/states/home?region=eu-west-1#/v2/executions/details/"
        f"arn:{partition}:states:eu-west-1:123456789012:execution:x-cog:a%20b"
    )
    assert execution_link("not an arn") is None


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:states:evil.example/x?:123456789012:execution:x-cog:a",
        "arn:aws:states:evil.example#:123456789012:execution:x-cog:a",
        "arn:aws:states::123456789012:execution:x-cog:a",
        "arn:elsewhere:states:eu-west-1:123456789012:execution:x-cog:a",
        "arn:aws:lambda:eu-west-1:123456789012:execution:x-cog:a",
        "arn:aws:states:eu-west-1:1234:execution:x-cog:a",
        "arn:aws:states:eu-west-1:123456789012:stateMachine:x-cog:a",
        "arn:aws:states:eu-west-1@evil:123456789012:execution:x-cog:a",
        " arn:aws:states:eu-west-1:123456789012:execution:x-cog:a",
        "arn:aws:states:eu-west-1:123456789012:execution:x-cog:a\n",
    ],
)
def test_only_an_executions_arn_is_linked(arn: str) -> None:
    """A parent tells its ARN itself: no other host may stand where a region should."""
    assert execution_link(arn) is None


def test_the_execution_of_a_distributed_map_is_linked() -> None:
    """Its ARN names the Map beside the state machine."""
    arn = "arn:aws:states:us-gov-west-1:123456789012:execution:x-cog/Scenes:3f2a"
    link = execution_link(arn.replace("arn:aws:", "arn:aws-us-gov:"))
    assert link is not None
    assert link.startswith("https://us-gov-west-1.console.amazonaws-us-gov.com/")
