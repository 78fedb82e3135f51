"""``cirrus-callbacks lint``: state machines that wait, before they are deployed."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cirrus_callbacks_plugin.asl.yaml_source import is_yaml
from cirrus_callbacks_plugin.cli import findings
from cirrus_callbacks_plugin.cli.extras import require
from cirrus_callbacks_plugin.cli.operating import Where, on_deployment
from cirrus_callbacks_plugin.cli.options import write_json
from cirrus_callbacks_plugin.config import DEFAULT_INTERVAL_SECONDS, EnabledWorkflows
from cirrus_callbacks_plugin.lint import handbook
from cirrus_callbacks_plugin.lint.finding import Severity
from cirrus_callbacks_plugin.lint.inspection import Inspection, inspect
from cirrus_callbacks_plugin.lint.rules import RULES
from cirrus_callbacks_plugin.lint.sarif import to_sarif
from cirrus_callbacks_plugin.lint.settings import LintSettings
from cirrus_callbacks_plugin.naming import visible

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.lint.deployed import Deployed

OK, FOUND, UNUSABLE = 0, 1, 2
_IDS = {rule.id: rule for rule in RULES}


def _read_ids(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> set[str]:
    """Names of rules, comma-separated or one an option."""
    ids = {part.strip() for value in values for part in value.split(",") if part.strip()}
    if unknown := sorted(ids - set(_IDS)):
        raise click.BadParameter(f"there is no rule {', '.join(unknown)}: {', '.join(_IDS)}")
    return ids


def _read_input(_ctx: click.Context, _param: click.Parameter, value: Path | None) -> Any:
    if value is None:
        return None
    try:
        return json.loads(value.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise click.BadParameter(f"{value} cannot be read as JSON: {error}") from error


@click.command("lint")
@click.argument("files", nargs=-1, metavar="FILE...")
@click.option(
    "--workflows",
    metavar="A,B",
    help="Workflows that may be waited for ('*': all), to check the flag against.",
)
@click.option(
    "--heartbeats/--no-heartbeats",
    default=None,
    help="Whether the reconciler sends heartbeats.",
)
@click.option(
    "--interval",
    type=click.IntRange(60, 86_400),
    metavar="SECONDS",
    help=f"The reconciler's schedule.  [default: {DEFAULT_INTERVAL_SECONDS}]",
)
@click.option(
    "--queue",
    "queues",
    multiple=True,
    metavar="TEXT",
    help="A queue (topic, function) whose name holds TEXT is Cirrus's process queue.",
)
@click.option(
    "--input",
    "example",
    type=click.Path(path_type=Path),
    callback=_read_input,
    metavar="JSON",
    help="An example of the execution's input: its size, and the items of Maps, are judged.",
)
@click.option(
    "--ignore",
    multiple=True,
    callback=_read_ids,
    metavar="RULE,...",
    help="Leave rules out.",
)
@click.option(
    "--fail-on",
    type=click.Choice([severity.value for severity in Severity]),
    default=Severity.ERROR.value,
    show_default=True,
    help="The least severity that makes the exit status 1.",
)
@click.option("--explain", metavar="RULE", help="Tell what a rule demands, and why.")
@click.option("--rules", "is_list", is_flag=True, help="List the rules.")
@click.option("--sarif", "is_sarif", is_flag=True, help="Print a SARIF 2.1.0 log for code review.")
@on_deployment
def command(
    *,
    where: Where,
    files: tuple[str, ...],
    workflows: str | None,
    heartbeats: bool | None,
    interval: int | None,
    queues: tuple[str, ...],
    example: Any,
    ignore: set[str],
    fail_on: str,
    explain: str | None,
    is_list: bool,
    is_sarif: bool,
    is_json: bool,
) -> int:
    """Check state machines that wait for payloads, before they are deployed.

    FILE is a state machine in JSON or YAML, as it is or as a Terraform template, or a file that
    holds some: a definition of cirrus 0.x, a template of CloudFormation, SAM, CDK, serverless or
    Terraform in JSON.

    Exit status: 0 without errors, 1 with some (see --fail-on), 2 where a file, or a state machine
    that it declares, cannot be read.

    \b
    Example:
      cirrus-callbacks lint workflows/*.asl.json
      cirrus-callbacks lint --sarif workflows/*.asl.json > lint.sarif
      cirrus-callbacks lint --deployment earth-prod workflows/*.asl.json
    """  # noqa: D301 - click's mark for lines that stay as they are
    if explain is not None:
        if explain not in _IDS:
            raise click.UsageError(f"There is no rule {explain!r}: {', '.join(_IDS)}.")
        click.echo(f"{explain}\n\n{handbook.markdown(_IDS[explain])}", nl=False)
        return OK
    if is_list:
        findings.write_rules(sys.stdout)
        return OK
    if is_sarif and is_json:
        raise click.UsageError("Give one of --json and --sarif.")
    if not files:
        raise click.UsageError("Name the files to check.")
    if any(is_yaml(name) for name in files):
        require("cli", "yaml")
    settings = _settings(_deployed(where), workflows, heartbeats, interval)
    settings = replace(settings, queues=(*settings.queues, *queues), example=example)
    inspection = inspect(files, settings, ignore)
    if is_json:
        write_json(sys.stdout, inspection.to_json())
    elif is_sarif:
        write_json(sys.stdout, to_sarif(inspection))
    else:
        findings.write(inspection, sys.stdout)
    for error in (*inspection.unusable, *inspection.unread):
        click.echo(f"cirrus-callbacks: {visible(str(error))}", err=True)
    return _status(inspection, Severity(fail_on))


def _deployed(where: Where) -> Deployed | None:
    """What a deployment says, where one is named: a check of files alone never asks AWS."""
    if where.deployment is None and where.prefix is None:
        return None
    from cirrus_callbacks_plugin.lint.deployed import Deployed

    with where.found() as deployment:
        return Deployed.of(deployment)


def _settings(
    deployed: Deployed | None,
    workflows: str | None,
    heartbeats: bool | None,
    interval: int | None,
) -> LintSettings:
    """What is known: the user's own word outranks the deployment's."""
    enabled = None if deployed is None else deployed.workflows
    if workflows is not None:
        enabled = EnabledWorkflows.parse(workflows)
    reconciler = None if deployed is None else deployed.reconciler
    if heartbeats is None and reconciler is not None:
        heartbeats = reconciler.heartbeat
    if interval is None:
        interval = (
            DEFAULT_INTERVAL_SECONDS
            if reconciler is None
            else int(reconciler.interval.total_seconds())
        )
    return LintSettings(
        heartbeats=heartbeats,
        interval_seconds=interval,
        workflows=None if enabled is None else (enabled.names or frozenset()),
        all_workflows=enabled is not None and enabled.names is None,
        queues=() if deployed is None else (deployed.queue,),
    )


def _status(inspection: Inspection, least: Severity) -> int:
    if inspection.unusable or inspection.unread:
        return UNUSABLE
    has_finding = any(finding.severity.rank <= least.rank for finding in inspection.findings)
    return FOUND if has_finding else OK
