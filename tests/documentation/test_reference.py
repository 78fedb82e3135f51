"""What README and docs say in tables is what the code has: names, variables, permissions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from cirrus_callbacks_plugin import config
from cirrus_callbacks_plugin.iam.permissions import PERMISSIONS, Function
from cirrus_callbacks_plugin.joins.rows import Definition, Expansion, Join, MemberRow
from cirrus_callbacks_plugin.lambda_functions import metrics
from cirrus_callbacks_plugin.naming import MemberToken
from cirrus_callbacks_plugin.operations.reasons import Code
from cirrus_callbacks_plugin.protocol import error_names
from cirrus_callbacks_plugin.serverless import permissions
from cirrus_callbacks_plugin.serverless.settings import ServerlessSettings
from cirrus_callbacks_plugin.waits.continuation import Continuation
from cirrus_callbacks_plugin.waits.outcome import Outcome
from cirrus_callbacks_plugin.waits.row import Wait
from support.fenced_blocks import ROOT
from support.step_names import step_names, steps_by_module

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cirrus_callbacks_plugin.iam.permissions import Permission

README_LINES = 150
JOIN_ID = f"join:{'0' * 32}"


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
        config.DEFAULT_QUEUE_SECONDS,
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


BOTH_HOOKS = {"process hook", "update-state hook"}
ALL_ANSWERERS = {"sender", "reconciler", "commands"}
WORKS_IN = {
    "hooks/join_requests.py": {"process hook"},
    "hooks/process.py": {"process hook"},
    "hooks/registration.py": {"process hook"},
    "hooks/update_state.py": {"update-state hook"},
    "joins/attaching.py": {"sender"},
    "joins/closing.py": ALL_ANSWERERS,
    "joins/overdue.py": {"reconciler", "commands"},
    "joins/telling.py": ALL_ANSWERERS,
    "operations/repairs.py": {"commands"},
    "protocol/answer.py": ALL_ANSWERERS,
    "protocol/settle.py": {"update-state hook", "sender"},
    "reconcile/cycle_breaker.py": {"reconciler"},
    "reconcile/repair.py": {"reconciler"},
    "sender/batch.py": {"sender"},
    "waits/malformed.py": BOTH_HOOKS | ALL_ANSWERERS,
}
"""Who runs each module that logs steps."""
NOT_THERE = {("joins/closing.py", "repaired", "sender")}
"""What a module logs for others alone: ``joins/overdue.py`` lets a join be closed as a repair."""


def test_who_writes_a_line_is_who_runs_the_module_that_logs_it() -> None:
    """The column "written by" against the steps that the modules name; a new module is noticed."""
    logged = steps_by_module()
    assert set(logged) == set(WORKS_IN)
    writers: dict[str, set[str]] = {}
    for module, steps in logged.items():
        for step in steps:
            here = {who for who in WORKS_IN[module] if (module, step, who) not in NOT_THERE}
            writers.setdefault(step, set()).update(here)
    section = _section("docs/reference/logs.md", "## One line for each step of a wait's life")
    table = section.partition("| `callback` |")[2].partition("\n\n")[0]
    told = {}
    for line in table.splitlines():
        if line.startswith("| `"):
            step, who = (cell.strip(" `") for cell in line.split("|")[1:3])
            names = set(who.split(", "))
            told[step] = names - {"hooks"} | (BOTH_HOOKS if "hooks" in names else set())
    assert told == writers


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


def _actions(permissions: Iterable[Permission]) -> set[str]:
    return {action for each in permissions for action in each.actions}


def test_every_permission_of_the_list_is_on_its_page() -> None:
    """What serverless leaves to the framework, too: logs, traces, networks, and keys."""
    page = "docs/reference/permissions.md"
    of_every = [
        each
        for each in PERMISSIONS
        if each.statement in ("WriteLogs", "WriteTraces", "HoldNetworkInterfaces")
    ]
    assert _first_column(_section(page, "## Every function")) == _actions(of_every)
    keys = set(re.findall(r"`(kms:\w+)`", _section(page, "## Keys of your own")))
    assert keys == {each for each in _actions(PERMISSIONS) if each.startswith("kms:")}
    for function in Function:
        own = [
            each
            for each in PERMISSIONS
            if each.function is function and not each.is_cirrus and each not in of_every
        ]
        heading = f"## {function.value.removeprefix('callbacks-')}"
        listed = _first_column(_section(page, heading))
        assert listed == _actions(own) - keys, function


def test_every_attribute_of_a_continuation_is_told() -> None:
    """Those that its row has; what keys and long ids are is told above."""
    section = _section("docs/protocol.md", "### Rows that are not waits")
    row = Continuation(
        "c/workflow-w/i", "w", Outcome("FAILED", "arn", "e", "u", "E"), "s", "2.0", "t"
    )
    attributes = set(row.to_item()) - {"payload_id", "task_token"}
    assert {name for name in attributes if f"`{name}`" not in section} == set()


def test_every_attribute_of_a_joins_rows_is_told() -> None:
    """Those that the rows have, by the names of their fields."""
    section = _section("docs/protocol.md", "### Rows of a join")
    told = set(re.findall(r"`(\w+)`", section))
    rows = [
        Join(Wait(JOIN_ID, "token"), "all", "early", *"dnqes", 1, 1, 1, 1).to_item(),
        Definition(JOIN_ID, b"x", None, 1).to_item(),
        Definition(JOIN_ID, None, "s3://b/k", 1).to_item(),
        Expansion(JOIN_ID, "s", 1).to_item(),
        MemberRow(MemberToken(JOIN_ID, 1), *"pweoxaet").attributes(),
    ]
    table = _section("docs/protocol.md", "## The tracking table")
    has = {name for row in rows for name in row} - _first_column(table.partition("\n### ")[0])
    assert has - told - {"expiration_time"} == set()
    own = _first_column(section.partition("| attribute |")[2].partition("\n\n")[0])
    assert own - has == set()


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
