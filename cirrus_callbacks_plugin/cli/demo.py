"""``cirrus-callbacks demo``: the example, and whether it did what it must."""

from __future__ import annotations

import contextlib

import click

from cirrus_callbacks_plugin.cli import options
from cirrus_callbacks_plugin.cli.main import INTERRUPTED


@click.command("demo")
@click.option("--json", "is_json", is_flag=True, help="Print one JSON object, nothing else.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=240.0,
    show_default=True,
    metavar="S",
    help="Give up after so many seconds.",
)
@click.option("--verbose", is_flag=True, help="Show the libraries' logs on standard error.")
@click.pass_context
def command(ctx: click.Context, *, is_json: bool, timeout: float, verbose: bool) -> None:
    """Show workflows that wait for others, on a Cirrus within this process.

    Six scenarios of the example examples/mosaic in one run. Ends with 0 only if each of
    them ended as it must.
    """
    options.require_local()
    from cirrus_callbacks_plugin.cli.display import Display
    from cirrus_callbacks_plugin.demo.scenarios import Evidence, check_scenarios
    from cirrus_callbacks_plugin.demo.story import ENABLED, Story
    from cirrus_callbacks_plugin.local.example import example_folder
    from cirrus_callbacks_plugin.testing.stack import CirrusStack, NotReached

    with options.own_output(is_json=is_json) as out:
        display = Display(out, is_silent=is_json)
        with contextlib.closing(CirrusStack(show=display.show)) as stack:
            stack.load(
                example_folder(),
                workflows=ENABLED,
                uploads=False,
                reconciler=True,
                verbose=verbose,
            )
            story = Story(stack)
            try:
                with display.watching(stack.timeline):
                    story.play(timeout)
            except NotReached as error:
                stack.timeline.trouble(f"in vain waited for {error.what}")
            except KeyboardInterrupt:
                display.verdict("Interrupted", good=False)
                ctx.exit(INTERRUPTED)
            evidence = Evidence.of(story)
        verdicts = check_scenarios(evidence)
        if is_json:
            scenarios = [verdict.to_json() for verdict in verdicts]
            options.write_json(out, {**evidence.report.to_json(), "scenarios": scenarios})
        display.summary(evidence.report)
        display.line()
        for verdict in verdicts:
            display.verdict(f"({verdict.scenario}) {verdict.title}", good=verdict.is_good)
            for problem in verdict.problems:
                display.line(f"      {problem}")
    ctx.exit(0 if all(verdict.is_good for verdict in verdicts) else 1)
