"""What README and docs say in tables is what the code has: names, variables, permissions."""

from __future__ import annotations

import re

import pytest

from cirrus_callbacks_plugin import config
from cirrus_callbacks_plugin.lambda_functions import metrics
from cirrus_callbacks_plugin.operations.reasons import Code
from cirrus_callbacks_plugin.protocol import error_names
from cirrus_callbacks_plugin.serverless import permissions
from cirrus_callbacks_plugin.serverless.settings import ServerlessSettings
from cirrus_callbacks_plugin.waits.row import Wait
from support.fenced_blocks import ROOT
from support.step_names import step_names

README_LINES = 150


def _page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _first_column(text: str) -> set[str]:
    """Names in code font in the first cell of every row."""
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def _section(page: str, heading: str) -> str:
    marks = heading.partition(" ")[0]
    text = _page(page).partition(f"\n{heading}\n")[2]
    assert text, heading
    return re.split(rf"^{marks} ", text, maxsplit=1, flags=re.MULTILINE)[0]


def test_the_readme_is_short() -> None:
    """What does not fit has a page."""
    assert len(_page("README.md").splitlines()) <= README_LINES


def test_every_variable_is_explained() -> None:
    """Those that config names, with their defaults, and no other."""
    text = _page("docs/reference/environment.md")
    known = {
        value
        for name, value in vars(config).items()
        if isinstance(value, str) and value.startswith("CIRRUS_") and name.isupper()
    }
    cirrus_own = {config.PAYLOAD_BUCKET, config.PAYLOAD_ROOT_PREFIX}
    assert _first_column(text) - {"true", "false"} == known - cirrus_own
    for default in (
        config.DEFAULT_RETENTION_DAYS,
        config.DEFAULT_GRACE_SECONDS,
        config.DEFAULT_REDELIVERY_SECONDS,
        config.DEFAULT_INTERVAL_SECONDS,
    ):
        assert f"| {default} |" in text


@pytest.mark.parametrize("page", ["README.md", "docs/reference/answers.md"])
def test_every_error_is_explained(page: str) -> None:
    """Those that are sent, and no other."""
    sent = {
        value
        for value in vars(error_names).values()
        if isinstance(value, str) and value.startswith("CirrusCallback.")
    }
    named = {name for name in _first_column(_page(page)) if name.startswith("CirrusCallback.")}
    assert named == sent


def test_every_step_of_a_waits_life_is_explained() -> None:
    """Those that the log names, and no other."""
    section = _section("docs/reference/logs.md", "## One line for each step of a wait's life")
    table = section.partition("| `callback` |")[2].partition("\n\n")[0]
    assert _first_column(table) == step_names()


def test_every_metric_is_explained() -> None:
    """Those that sender and reconciler write."""
    written = {
        value
        for name, value in vars(metrics).items()
        if name.isupper() and isinstance(value, str) and value[0].isupper()
    } | set(metrics.ANSWERED.values())
    section = _section("docs/reference/logs.md", "## Metrics")
    assert _first_column(section) == written - {metrics.NAMESPACE}


def test_every_reason_is_explained() -> None:
    """Those that ``waits`` names, and no other."""
    section = _section("docs/runbook.md", "## Reasons")
    assert _first_column(section) == {code.value for code in Code}


def test_every_attribute_of_a_row_is_explained() -> None:
    """Those that a row has, and no other."""
    section = _section("docs/protocol.md", "## The tracking table").partition("\n### ")[0]
    attributes = set(Wait.__dataclass_fields__) | {"expiration_time"}
    assert _first_column(section) - {"full_task_token", "full_payload_id"} == attributes


@pytest.mark.parametrize(
    ("heading", "statements"),
    [
        ("## process", permissions.of_process()),
        ("## update-state", permissions.of_update_state()),
        ("## sender", permissions.of_sender(ServerlessSettings())),
        ("## reconciler", permissions.of_reconciler(ServerlessSettings(heartbeat=True))),
    ],
)
def test_every_permission_is_listed(heading: str, statements: list[dict[str, list[str]]]) -> None:
    """Those that are granted, and no other."""
    granted = {action for statement in statements for action in statement["Action"]}
    listed = _first_column(_section("docs/reference/permissions.md", heading))
    assert listed == granted


def test_every_alarm_has_its_section_in_the_runbook() -> None:
    """Its heading is the alarm's key in Terraform: what the alarm's description links to."""
    source = _page("terraform/alarms.tf").partition("alarms = {")[2].partition("\n  }\n")[0]
    keys = re.findall(r"^    (\w+) = \{$", source, re.MULTILINE)
    assert keys
    headings = re.findall(r"^### (.*)$", _section("docs/runbook.md", "## Alarms"), re.MULTILINE)
    anchors = {heading.lower().replace(" ", "-") for heading in headings}
    assert {key.replace("_", "-") for key in keys} <= anchors
    titles = re.findall(r'title +[=] "(.*)"', source)
    text = _page("docs/runbook.md")
    assert [title for title in titles if f": {title}.*" not in text] == []
