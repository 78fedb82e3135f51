"""What the local stack does with handlers that fail, and with workflows that are not enabled."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.testing.stack import CirrusStack
    from support.command_line import Folder

SYSTEM = "support.failing_handlers"


def test_a_workflow_whose_flag_is_off_is_refused(cirrus_stack: CirrusStack, folder: Folder) -> None:
    """``workflows`` names those that may be waited for; a token for another one is refused."""
    cirrus_stack.load(folder.root, workflows="parent")
    parent = cirrus_stack.run("payloads/1.json")
    (wait,) = cirrus_stack.waits(of=parent)
    assert wait.answer_error == "CirrusCallback.NotEnabled"
    assert (parent.status, parent.error) == ("FAILED", "CirrusCallback.NotEnabled")
    assert cirrus_stack.payload(wait.payload_id).status == "SUCCEEDED"


def test_a_failed_batch_is_delivered_again(cirrus_stack: CirrusStack, folder: Folder) -> None:
    """A batch whose process raised comes again, and succeeds."""
    handler = {"CIRRUS_CALLBACKS_PROCESS_HANDLER": f"{SYSTEM}.once"}
    cirrus_stack.load(folder.root, environment=handler)
    parent = cirrus_stack.run("payloads/1.json")
    trouble = "process raised RuntimeError: the first call fails (delivery 1)\n"
    assert trouble in cirrus_stack.timeline_text()
    assert [wait.answer for wait in cirrus_stack.waits(of=parent)] == ["success"]


def test_a_message_that_always_fails_is_given_up(cirrus_stack: CirrusStack, folder: Folder) -> None:
    """After five deliveries a message goes to the dead-letter queue, and the run ends."""
    handler = {"CIRRUS_CALLBACKS_PROCESS_HANDLER": f"{SYSTEM}.always"}
    cirrus_stack.load(folder.root, environment=handler)
    parent = cirrus_stack.run("payloads/1.json")
    assert parent.executions == ()
    text = cirrus_stack.timeline_text()
    assert text.count("process raised RuntimeError: every call fails") == 5
    assert "(delivery 5); 1 message(s) go to the dead-letter queue" in text
    assert cirrus_stack.dead_letters() == 1
