"""``graph``: a deployment's waits among hundreds, and one payload's, up and down."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support import schemas, snapshots
from support.open_waits import MANY, payload_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.command_line import Run
    from support.open_waits import OpenWaits

MOSAIC = "sentinel-2-l2a/workflow-mosaic/three-scenes"


@pytest.fixture
def cycle(waits: OpenWaits) -> Iterator[tuple[str, str]]:
    """Two payloads that wait for each other."""
    one, other = payload_id("egg"), payload_id("hen")
    rows = [(one, "egg-token", other), (other, "hen-token", one)]
    for about, token, waiter in rows:
        waits.register(about, token, waiter=waiter, hours=1)
    yield one, other
    waits.remove(*((about, token) for about, token, _ in rows))


@pytest.mark.parametrize("columns", ["80", "160"])
def test_the_deployment(run: Run, monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    """One tree for each waiter; the waits of one pair are one line; no control code."""
    monkeypatch.setenv("COLUMNS", columns)
    ran = run("graph")
    assert ran.status == 0, ran.err
    assert "\x1b" not in ran.out
    assert f"{3 * MANY + 12} waits among" in ran.out
    assert "-token" not in ran.out
    snapshots.matches(f"graph-{columns}", ran.out)


def test_a_payload_up_and_down(run: Run) -> None:
    """Who waits for it, and what it waits for by the run that its record lists."""
    told = run("graph", "--payload", payload_id("chained"), "--json").json
    assert {(edge["waiter"], edge["payload"]) for edge in told["edges"]} == {
        (MOSAIC, payload_id("chained")),
        (payload_id("chained"), payload_id("running")),
    }
    assert told["focus"] == payload_id("chained")


def test_the_runbook_shows_what_the_command_prints(
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The runbook's tree and its mermaid graph, word for word."""
    monkeypatch.setenv("COLUMNS", "100")
    runbook = (Path(__file__).parents[2] / "docs/runbook.md").read_text(encoding="utf-8")
    section = runbook.partition("## Who waits for whom\n")[2].partition("\n## ")[0]
    tree = re.search(r"```console\n\$ cirrus-callbacks (.*?)\n(.*?)```", section, re.DOTALL)
    mermaid = re.search(r"```mermaid\n(.*?)```", section, re.DOTALL)
    assert tree is not None
    assert mermaid is not None
    arguments = tree[1].split()
    assert run(*arguments).out == tree[2]
    assert run(*arguments, "--format", "mermaid").out == mermaid[1]


def test_the_json(run: Run, cycle: tuple[str, str]) -> None:
    """Stable keys, tokens as digests; the cycle is told."""
    told = run("graph", "--json").json
    schemas.check("graph", told)
    assert [set(group) for group in told["cycles"]] == [set(cycle)]
    assert sum(edge["in_cycle"] for edge in told["edges"]) == 2
    assert "egg-token" not in str(told)


def test_a_cycle_is_said(run: Run, cycle: tuple[str, str]) -> None:
    """In a sentence, for those who cannot see red."""
    ran = run("graph", "--payload", cycle[0])
    assert ran.status == 0
    assert ran.out.count("CYCLE") == 2
    assert "2 waits among 2 nodes, 1 cycle: its waits wait for one another" in ran.out


def test_answered_waits_upwards(run: Run, waits: OpenWaits) -> None:
    """With --answered the waits that were told, and what."""
    about, above = payload_id("told"), payload_id("above")
    rows = [
        waits.register(about, "told-token", waiter=above),
        waits.register(above, "above-token", waiter="m/workflow-mosaic/top"),
    ]
    for row in rows:
        waits.table.mark_answered(
            row.key, "failure", answer_error="CirrusCallback.Failed", retention_days=60
        )
    try:
        without = run("graph", "--payload", about)
        ran = run("graph", "--payload", about, "--answered")
    finally:
        waits.remove((about, "told-token"), (above, "above-token"))
    assert without.out == f"{about} waits for nothing, and nobody waits for it.\n"
    assert ran.out.count("CirrusCallback.Failed") == 2
    assert "mosaic/top" in ran.out


@pytest.mark.parametrize(
    ("form", "begins"),
    [("mermaid", "graph LR\n"), ("dot", "digraph waits {\n"), ("html", "<!DOCTYPE html>\n")],
)
def test_formats_and_files(run: Run, tmp_path: Path, form: str, begins: str) -> None:
    """In a file; every payload is in it, and no token."""
    file = tmp_path / "waits"
    ran = run("graph", "--format", form, "-o", str(file))
    assert (ran.status, ran.out) == (0, ""), ran.err
    text = file.read_text(encoding="utf-8")
    assert text.startswith(begins)
    assert "three-scenes" in text
    assert "-token" not in text


def test_the_oldest_come_first(run: Run) -> None:
    """With --limit it is said that there are more."""
    ran = run("graph", "--limit", "3")
    assert "3 waits among" in ran.out
    assert "There are more: --limit 0 for all" in ran.out


def test_filters(run: Run) -> None:
    """By workflow and waiter; an empty graph is said to be one."""
    told = run("graph", "--workflow", "cog-slow", "--waiter", "three-scenes", "--json").json
    assert {edge["payload"] for edge in told["edges"]} == {payload_id("running")}
    ran = run("graph", "--workflow", "nothing")
    assert (ran.status, ran.out) == (0, "Nobody waits.\n")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--answered",), "goes with --payload"),
        (("--payload", "x", "--waiter", "y"), "leave out --workflow and --waiter"),
        (("--json", "--format", "dot"), "one of --json and --format"),
        (("-o", "/nowhere/x.html"), "cannot be written"),
    ],
)
def test_wrong_options(run: Run, options: tuple[str, ...], told: str) -> None:
    """One message, exit status 2."""
    ran = run("graph", *options)
    assert (ran.status, ran.out) == (2, "")
    assert told in re.sub(r"\s+", " ", ran.err)


def test_an_unknown_payload(run: Run) -> None:
    """Exit status 1, said in a sentence."""
    ran = run("graph", "--payload", "c/workflow-w/mistyped")
    assert ran.status == 1
    assert ran.out == (
        "Neither the state table nor the tracking table knows c/workflow-w/mistyped.\n"
    )
