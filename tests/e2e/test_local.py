"""``cirrus-callbacks local``: people's own workflows, and the ways in which a run ends.

The runs of one worker share a process and an item: each finds nothing of the one before.
"""

from __future__ import annotations

import os
import re
import signal
from typing import TYPE_CHECKING

import pytest

from support.command_line import PARENT, SLOW, Folder, start

if TYPE_CHECKING:
    from support.command_line import CommandLine

pytestmark = pytest.mark.e2e


def test_a_parent_resumes_with_its_child(cli: CommandLine, folder: Folder) -> None:
    """Exit 0 once everything has ended; --json prints executions and callbacks alone.

    --var gives a state machine a variable of one's own, as Terraform would.
    """
    folder.write(
        "functions/work.py",
        "print('loaded')\n"
        "def lambda_handler(event, context):\n"
        "    print('called', context.function_name)\n"
        "    return event\n",
    )
    folder.write("workflows/parent.asl.json", {**PARENT, "Comment": "$${kept} ${own}"})
    ran = cli("local", folder.root, "--json", "--var", "own=value")
    assert ran.status == 0
    assert set(ran.json) == {"executions", "callbacks"}
    statuses = {each["workflow"]: each["status"] for each in ran.json["executions"]}
    assert statuses == {"parent": "SUCCEEDED", "child": "SUCCEEDED"}
    (callback,) = ran.json["callbacks"]
    assert (callback["workflow_state"], callback["answer"]) == ("SUCCEEDED", "success")
    assert callback["waiter_payload_id"] == (
        "sentinel-2-l2a/workflow-parent/S2A_39QTA_20230628_0_L2A"
    )
    assert "called work" in ran.err  # what functions print is not mixed into the JSON


def test_the_example_succeeds_and_reads_well_when_piped(cli: CommandLine) -> None:
    """Every execution of the example succeeds; the output has no control codes."""
    from cirrus_callbacks_plugin.local.example import example_folder

    ran = cli("local", example_folder(), "--mermaid")
    assert ran.status == 0, ran.out
    assert "\x1b" not in ran.out
    assert "FAILED" not in ran.out
    assert re.search(
        r"wait +mosaic/three-scenes waits for sentinel-2-cog/S2B_32UQD_20211028_0_L2A,"
        r" token [0-9a-f]{8}\n",
        ran.out,
    )
    assert "graph LR" in ran.out
    assert 'n0["' in ran.out


def test_a_raising_function_fails_the_child(cli: CommandLine, folder: Folder) -> None:
    """An exception fails the task by its class name, and the parent is told its text."""
    folder.write(
        "functions/work.py",
        "class NoSuchBand(Exception):\n"
        "    pass\n"
        "def lambda_handler(event, context):\n"
        "    raise NoSuchBand('B42 is not a band')\n",
    )
    ran = cli("local", folder.root)
    assert ran.status == 0  # everything has ended
    assert "child/S2A_39QTA_20230628_0_L2A is FAILED: NoSuchBand: B42 is not a band" in ran.out
    assert "told CirrusCallback.Failed" in ran.out


def test_at_the_timeout_open_waits_are_listed(cli: CommandLine, folder: Folder) -> None:
    """A run that is not done at --timeout ends with 1 and says who waits for whom."""
    folder.write("workflows/child.asl.json", SLOW)
    ran = cli("local", folder.root, "--timeout", "15")
    assert ran.status == 1
    assert "Not done after 15 s: 1 open wait(s), 2 running execution(s)" in ran.out
    assert re.search(
        r"parent/S2A_39QTA_20230628_0_L2A waits for child/S2A_39QTA_20230628_0_L2A since 20",
        ran.out,
    )


def test_a_function_left_out_is_as_if_broken(cli: CommandLine, folder: Folder) -> None:
    """--without update-state: ends are lost and the run goes on; how to look at it is told."""
    without = ("--without", "update-state", "--without", "reconciler")
    ran = cli("local", folder.root, *without, "--timeout", "15")
    assert ran.status == 1
    assert "without reconciler, update-state; look at it with: cirrus-callbacks waits" in ran.out
    assert "1 open wait(s)" in ran.out


def test_an_interrupt_ends_the_run(folder: Folder) -> None:
    """Ctrl-C ends with 130, lists what is open, and leaves no process behind."""
    folder.write("workflows/child.asl.json", SLOW)
    process = start("local", folder.root)
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "child/S2A_39QTA_20230628_0_L2A runs" in line:
            process.send_signal(signal.SIGINT)
            break
    out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (130, "")
    assert "Interrupted: 1 open wait(s)" in out
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def test_a_reader_that_goes_away_ends_the_run(folder: Folder) -> None:
    """With standard output closed (``| head``) the run ends, without a traceback."""
    folder.write("workflows/child.asl.json", SLOW)
    with start("local", folder.root) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert process.returncode == 1
