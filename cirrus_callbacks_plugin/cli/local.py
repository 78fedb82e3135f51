"""``cirrus-callbacks local DIR``: try state machines and payloads before deploying them."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cirrus_callbacks_plugin.cli import options
from cirrus_callbacks_plugin.cli.main import INTERRUPTED

if TYPE_CHECKING:
    from collections.abc import Callable

    from cirrus_callbacks_plugin.cli.display import Display
    from cirrus_callbacks_plugin.local.report import Report
    from cirrus_callbacks_plugin.local.stack import Stack

UNFINISHED = 1
PATIENCE_SECONDS = 300.0


@click.command("local")
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--workflows",
    default="*",
    show_default=True,
    metavar="A,B",
    help="Workflows that may be waited for; '*' for all, '' for none.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="S",
    help="Give up after so many seconds; 300 unless given, with --without never.",
)
@click.option(
    "--prefix",
    default="cirrus-local",
    show_default=True,
    callback=options.check_prefix,
    help="What the names of the parts begin with.",
)
@click.option(
    "--var",
    "variables",
    multiple=True,
    metavar="NAME=VALUE",
    callback=options.read_variables,
    help="A further ${NAME} in the state machines; may be repeated.",
)
@click.option(
    "--terraform",
    is_flag=True,
    help="Let the Terraform module make the tracking table, as it would on AWS.",
)
@click.option(
    "--without",
    multiple=True,
    type=click.Choice(["process", "update-state", "sender", "reconciler"]),
    help="Leave out this function, as if it were broken: to practise repairs, until Ctrl-C.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    metavar="PORT",
    help="Where AWS is to be found on 127.0.0.1; any free port unless given.",
)
@click.option(
    "--only",
    multiple=True,
    metavar="PAYLOAD",
    help="Send only this payload file (its name or its payload's id); may be repeated.",
)
@click.option(
    "--keep",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="OUT",
    help="Write what S3 held at the end below OUT, as BUCKET/KEY.",
)
@click.option("--mermaid", is_flag=True, help="Print who waited for whom as a mermaid graph, too.")
@click.option("--json", "is_json", is_flag=True, help="Print one JSON object, nothing else.")
@click.option("--verbose", is_flag=True, help="Show the libraries' logs on standard error.")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    directory: Path,
    workflows: str,
    timeout: float | None,
    prefix: str,
    variables: dict[str, str],
    terraform: bool,
    without: tuple[str, ...],
    port: int,
    only: tuple[str, ...],
    keep: Path | None,
    mermaid: bool,
    is_json: bool,
    verbose: bool,
) -> None:
    """Run the state machines and payloads of DIR on a Cirrus within this process.

    DIR holds workflows/NAME.asl.json, FilmDrop's workflows/NAME/definition.yaml and
    state-machine.json, or templates of CloudFormation, SAM or the CDK; payloads/*.json (sent
    in the order of their names) and, where needed, functions/NAME.py for lambda tasks and
    objects/BUCKET/KEY for S3. ${process_queue_url}, ${process_queue_arn}, ${payload_bucket},
    ${prefix}, ${region} and ${account} are filled in, as is what --var and the folder's
    .cirrus-callbacks.toml give.

    Ends with 0 once every execution has ended, cirrus has recorded its end, and queue and
    stream are drained; with 1 at the timeout, or where a record still says PROCESSING; with 2
    for bad input. With --without and no --timeout the stack stays until Ctrl-C.
    """
    options.require_local()
    from botocore.exceptions import BotoCoreError, ClientError

    from cirrus_callbacks_plugin.cli.display import Display
    from cirrus_callbacks_plugin.local.stack import StackSettings, running
    from cirrus_callbacks_plugin.local.timeline import Timeline

    settings = StackSettings(
        prefix,
        workflows,
        variables=variables,
        verbose=verbose,
        terraform=terraform,
        without=frozenset(without),
        port=port,
        only=only,
    )
    with options.own_output(is_json=is_json) as out:
        display = Display(out, is_silent=is_json)
        timeline = Timeline(display.show, prefix)
        status = UNFINISHED
        stays = settings.is_for_practice and timeout is None
        patience = math.inf if stays else timeout or PATIENCE_SECONDS
        with running(directory, settings, timeline) as stack:
            try:
                with display.watching(timeline):
                    status = _run(stack, patience)
            except KeyboardInterrupt:
                status = INTERRUPTED
            except (BotoCoreError, ClientError) as error:  # what came of the run until then stays
                timeline.trouble(f"the stack cannot go on: {error}")
            report, dead = stack.report(), stack.dead_letters()
            if keep is not None:
                timeline.step(f"{stack.keep(keep)} object(s) written below {keep}")
        if is_json:
            options.write_json(out, report.to_json())
        display.summary(report)
        if mermaid:
            display.mermaid(report)
        errors = Display(sys.stderr) if is_json else display
        _conclude(errors, status, patience, report, dead)
    ctx.exit(status or (UNFINISHED if report.stuck else 0))


def _run(stack: Stack, timeout: float) -> int:
    """Send the payloads and wait; without end for an infinite timeout: until Ctrl-C."""
    for stored in stack.project.objects:
        stack.upload(stored)
    for payload in stack.project.payloads:
        stack.send(payload.body)
    is_done: Callable[[], bool] = (lambda: False) if math.isinf(timeout) else stack.nothing_left
    return 0 if stack.wait_until(is_done, timeout) else UNFINISHED


def _conclude(display: Display, status: int, timeout: float, report: Report, dead: int) -> None:
    if dead:
        display.verdict(f"{dead} message(s) are in the dead-letter queue", good=False)
    for execution in report.stuck:
        record = report.records[execution.payload_id or ""]
        display.verdict(
            f"{execution.title} {execution.status}, but cirrus's record says {record.state}: "
            "update-state could not take its end, and what waits for it is not told. Is its "
            "output still a payload?",
            good=False,
        )
    if not status:
        return
    why = f"Not done after {timeout:g} s" if status == UNFINISHED else "Interrupted"
    running = [each.title for each in report.executions if each.status == "RUNNING"]
    display.line()
    display.verdict(
        f"{why}: {len(report.open_waits)} open wait(s), {len(running)} running execution(s)",
        good=False,
    )
    for wait in report.open_waits:
        what = report.title_of(wait)
        gone = "is gone, and waited" if wait.key in report.gone else "waits"
        display.line(f"  {wait.waiter_name} {gone} for {what} since {wait.registered_at}")
    for title in running:
        display.line(f"  {title} is running")
