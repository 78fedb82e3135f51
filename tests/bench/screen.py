"""The bench's figures as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from bench.comparisons import ANSWERED
from bench.joins import CHILD_SECONDS
from bench.soak.schedule import AHEAD_SECONDS
from bench.start import ADDED_MB, RATIOS, SENDER_RATIO

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from bench.commands import Measured
    from bench.comparisons import Result
    from bench.joins import Parent
    from bench.large_join import LargeJoin
    from bench.many import Many
    from bench.soak.outcome import Outcome
    from bench.start import Started


def show_comparisons(console: Console, results: list[Result], answered: tuple[int, float]) -> None:
    """What hooks and sender add."""
    table = Table(title="What the plugin adds (moto in this process: no network)")
    for heading in ("", "without, CPU ms", "with, CPU ms", "ratio", ""):
        table.add_column(heading, justify="right" if heading else "left")
    for result in results:
        table.add_row(
            result.what,
            f"{result.bare * 1000:.1f}",
            f"{result.ours * 1000:.1f}",
            f"{result.ratio:.2f}",
            result.note,
        )
    console.print(table)
    pages, units = answered
    console.print(
        f"update-state's Query with {ANSWERED:,} answered rows in the partition: "
        f"{pages} page(s) of 1 MB, about {units:,.0f} read units\n",
    )


def show_started(console: Console, started: list[Started]) -> None:
    """What a cold start costs."""
    table = Table(title="A cold start (fresh interpreters, medians)")
    for heading in ("", "without", "with", "sources alone", "with / without", "target"):
        table.add_column(heading, justify="right" if heading else "left")
    for each in started:
        is_sender = each.what == "sender"
        for name, what in (("start", "start-up"), ("call", "first invocation")):
            bare, ours, sources = (
                getattr(cost, name) * 1000 for cost in (each.bare, each.ours, each.sources)
            )
            is_compared = not is_sender or name == "start"
            target = SENDER_RATIO if is_sender else RATIOS[name]
            table.add_row(
                f"{each.what}: {what}, CPU ms",
                f"{bare:,.0f}" if is_compared else "",
                f"{ours:,.0f}",
                f"{sources:,.0f}",
                f"{ours / bare:.2f}" if is_compared else "",
                f"{target:.2f}" if is_compared else "",
            )
        table.add_row(
            f"{each.what}: memory at its highest, MB",
            f"{each.bare.peak:,.1f}",
            f"{each.ours.peak:,.1f}",
            f"{each.sources.peak:,.1f}",
            f"{each.ours.peak - each.bare.peak:+.1f}",
            "" if is_sender else f"{ADDED_MB:+.1f}",
        )
    console.print(table)
    console.print("Without: cirrus's own zip; of the sender, boto3 with its two clients\n")


def show_soak(console: Console, outcome: Outcome) -> None:
    """A soak."""
    waits = outcome.waits
    settings = outcome.settings
    title = (
        f"Soak: {waits['expected']:,} tokens on {settings.payloads:,} payloads "
        f"in {outcome.seconds:,.0f} s, seed {settings.seed}"
    )
    table = _table(title + (" (interrupted)" if outcome.is_interrupted else ""))
    table.add_row("answered", f"{waits['answered']:,}", _told(outcome))
    if outcome.is_interrupted:
        table.add_row("not answered by then", f"{waits['open']:,}", "")
    else:
        table.add_row("lost", _marked(len(outcome.lost)), "must be 0")
    table.add_row("wrong", _marked(len(outcome.wrong)), "must be 0")
    table.add_row("extra SendTask calls", f"{waits['extra_calls']:,}", "for tokens answered before")
    table.add_row("answered, row says stale", f"{waits['told_but_stale']:,}", "the mark was lost")
    names = {"usual": "by stream and sender", "reconciler": "by the reconciler", "all": "all"}
    for way, figures in outcome.latencies().items():
        if not figures["count"]:
            continue
        table.add_row(
            f"child's end to answer, {names[way]}",
            f"{figures['median']:.1f} s",
            f"99th percentile {figures['p99']:.1f} s, of {figures['count']:,}",
        )
    table.add_row("faults", f"{outcome.faults.total():,}", "see --json for each kind")
    table.add_row("invocations", f"{outcome.ends.total():,}", _ends(outcome))
    repaired = outcome.repaired
    table.add_row(
        "reconciler",
        f"{repaired['passes']:,} passes",
        f"settled {repaired['settled']}, never started {repaired['never_started']}, "
        f"answered {repaired['answered']}",
    )
    table.add_row("dead letters", f"{waits['dead_letters']:,}", "")
    console.print(table)
    for line in [*outcome.lost[:20], *outcome.wrong[:20]]:
        console.print(f"  {line}", markup=False)
    console.print(
        f"{waits['real']:,} of the tokens are tasks of real executions; behind the others stands "
        "nobody, and their answers are taken where botocore would send them. "
        f"{outcome.deployments} deployment(s) side by side. The reconciler runs every "
        f"{settings.reconcile_every:g} s, its clock {AHEAD_SECONDS} s ahead, so that it mends in "
        "seconds what a deployment mends in minutes. Time is this machine's: moto, no network.\n",
    )


def _told(outcome: Outcome) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in outcome.answers.most_common())


def _ends(outcome: Outcome) -> str:
    killed = sum(count for name, count in outcome.ends.items() if name.endswith("killed"))
    raised = sum(count for name, count in outcome.ends.items() if " raised " in name)
    return f"{killed:,} killed, {raised:,} raised"


def _marked(count: int) -> str:
    return f"[red]{count:,}[/red]" if count else "0"


def show_joins(console: Console, parents: Sequence[Parent]) -> None:
    """A Map of waits beside a join."""
    of_map, of_join = parents
    table = _table(f"{of_map.children:,} children of {CHILD_SECONDS} s: a Map of waits, a join")
    for what, ours, theirs, note in (
        ("history events", of_join.events, of_map.events, "an execution ends at 25,000"),
        ("answers", of_join.answers, of_map.answers, "SendTaskSuccess and SendTaskFailure"),
        ("the parent's time", of_join.seconds, of_map.seconds, "s, by the stack's clock"),
    ):
        table.add_row(what, f"{ours:,}", f"{theirs:,} with a Map; {note}")
    console.print(table)


def show_many(console: Console, many: Many) -> None:
    """Ten thousand on one."""
    table = _table(f"{many.waiters:,} waiters on one payload")
    table.add_row("last one answered", f"{many.answered:.1f} s", "after the child's end")
    table.add_row("answered", f"{many.sent:,}", f"{many.twice} twice")
    table.add_row("last one settled", f"{many.settled:.1f} s", "")
    hands_over = "then handed over by #continue" if many.handed_over else "all of them"
    table.add_row(
        "settled by update-state",
        f"{many.settled_by_hook:,}",
        f"in {many.hook:.1f} s, {hands_over}",
    )
    table.add_row(
        "sender's invocations",
        f"{many.sender_invocations:,}",
        f"the longest {many.longest_batch:.1f} s",
    )
    table.add_row(
        "registered by process",
        f"{many.registering:.1f} s",
        f"before; {many.delivered_again} came again",
    )
    for what, seconds in many.limits.items():
        table.add_row(f"AWS's limit: {what}", f"{seconds:.1f} s", _limit(what))
    console.print(table)


def show_commands(console: Console, measured: Sequence[Measured]) -> None:
    """What the operators' commands take beside very many open waits."""
    table = Table(title=f"Commands beside {measured[0].waits:,} open waits (AWS in memory)")
    for heading in ("", "calls", "pauses, s", "CPU, s", "memory added, MB", "written, MB"):
        table.add_column(heading, justify="right" if heading else "left")
    for each in measured:
        table.add_row(
            each.command,
            f"{each.calls:,}",
            f"{each.paused:.1f}",
            f"{each.cpu:.1f}",
            f"{each.megabytes:.0f}",
            f"{each.written / 1e6:.1f}",
        )
    console.print(table)


def _limit(what: str) -> str:
    if what.startswith("SendTask"):
        return "bucket and refill of the quota"
    return "1,000 writes a second on one partition key"


def _table(title: str) -> Table:
    table = Table(title=title)
    table.add_column("")
    table.add_column("", justify="right")
    table.add_column("")
    return table


def show_large_join(console: Console, large: LargeJoin) -> None:
    """A join of very many, its memory and times beside what AWS alone takes."""
    table = _table(f"a join of {large.members:,} members")
    told = "none lost" if large.is_good else f"[red]{large.members - large.succeeded:,} lost[/red]"
    table.add_row("members of which the parent was told", f"{large.succeeded:,}", told)
    table.add_row("last member registered", f"{large.sending:.1f} s", "after the request")
    table.add_row("members' ends told", f"{large.ending:.1f} s", "one after the other")
    table.add_row("parent answered", f"{large.answering:.1f} s", "after the last member's end")
    table.add_row("AWS's limit: tellings", f"{large.least_telling:.1f} s", _limit("tellings"))
    for function, peak in large.peak_megabytes.items():
        before = large.base_megabytes[function]
        table.add_row(f"peak memory of {function}", f"{peak:.0f} MB", f"{before:.0f} MB before it")
    console.print(table)
