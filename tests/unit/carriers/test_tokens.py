"""What one message may register, and what is said of the rest."""

from __future__ import annotations

import pytest

from cirrus_callbacks_plugin.carriers.message import take
from cirrus_callbacks_plugin.carriers.tokens import MAX_TOKENS, Callback, TokenCollector


def test_a_message_registers_ten_tokens_at_most(caplog: pytest.LogCaptureFixture) -> None:
    """The bound of what one message may do; the rest goes too, with one warning."""
    tokens = ", ".join(f'"task_token": "token-{number}"' for number in range(MAX_TOKENS + 5))
    record = {"messageId": "m", "body": f'{{"process": [{{"callback": {{{tokens}}}}}]}}'}
    taken = take(record)
    assert [each.task_token for each in taken.callbacks] == [f"token-{n}" for n in range(10)]
    assert "token-" not in taken.record["body"]
    (line,) = caplog.messages
    assert line == (
        "Message m: Ignored process[0].callback: a message may register 10 task tokens (5 times)"
    )


def test_the_same_token_counts_once() -> None:
    """Repetition is not flood."""
    found = TokenCollector()
    for _ in range(MAX_TOKENS + 1):
        found.add_token("token", "here")
    assert len(found.callbacks) == 1


def test_the_shortest_name_of_a_waiter_is_one() -> None:
    """One character is a name; none is not."""
    found = TokenCollector()
    found.add({"task_token": "token", "waiter": {"payload_id": "p", "execution_arn": ""}}, "here")
    assert found.callbacks == (Callback("token", "p", None),)


def test_one_message_is_warned_about_once(caplog: pytest.LogCaptureFixture) -> None:
    """However much is wrong with it: one line, each problem once, no content."""
    found = TokenCollector()
    for _ in range(1000):
        found.add({"task_token": 7}, "here")
    found.add("SECRET", "there")
    found.add_token("#SECRET", "elsewhere")
    found.warn("m-1")
    (line,) = caplog.messages
    assert line == (
        "Message m-1: Ignored here: the task token is not a string (1000 times); "
        "Ignored there: it is not an object with a task_token; "
        "Ignored elsewhere: the task token begins with the reserved character '#'"
    )


@pytest.mark.parametrize("message_id", [None, 7, {"a": 1}])
def test_a_message_without_an_id_is_not_named(
    message_id: object,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A direct invocation has none."""
    found = TokenCollector()
    found.problem("What is wrong")
    found.warn(message_id)
    assert caplog.messages == ["What is wrong"]
