"""Where a token may travel: found, taken out, and nothing else touched."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from cirrus_callbacks_plugin.carriers.message import records_of, take
from cirrus_callbacks_plugin.carriers.tokens import MAX_WAITER_CHARS, Callback

CALLBACK = {"task_token": "T"}
WAITER = {"payload_id": "c/workflow-w/i", "execution_arn": "arn:x"}


def payload(**entry: Any) -> dict[str, Any]:
    return {"id": "c/workflow-w/i", "process": [{"workflow": "w", **entry}]}


def sqs(body: Any, **attributes: Any) -> dict[str, Any]:
    text = body if isinstance(body, str) else json.dumps(body)
    return {"messageId": "m", "body": text, "messageAttributes": attributes}


def text(value: Any) -> dict[str, Any]:
    return {"dataType": "String", "stringValue": value}


def notification(message: Any, **attributes: Any) -> dict[str, Any]:
    inner = message if isinstance(message, str) else json.dumps(message)
    return {"Type": "Notification", "Message": inner, "MessageAttributes": attributes}


def sns_text(value: Any) -> dict[str, Any]:
    return {"Type": "String", "Value": value}


def tokens(record: Any) -> list[str]:
    return [callback.task_token for callback in take(record).callbacks]


BODIES = {
    "in the payload": (payload(callback=CALLBACK), payload()),
    "in an old cirrus's process object": (
        {"process": {"workflow": "w", "callback": CALLBACK}},
        {"process": {"workflow": "w"}},
    ),
    "beside a reference": ({"url": "s3://b/k", "callback": CALLBACK}, {"url": "s3://b/k"}),
    "in the envelope": ({"Payload": payload(), "TaskToken": "T"}, payload()),
    "in the envelope around a reference": (
        {"Payload": {"url": "s3://b/k"}, "TaskToken": "T"},
        {"url": "s3://b/k"},
    ),
    "in an envelope within an envelope": (
        {"Payload": {"Payload": payload(), "TaskToken": "T"}, "TaskToken": "T"},
        payload(),
    ),
}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("wrap", ["direct", "sqs", "sns", "sns in sqs", "raw sns in sqs"])
def test_every_carrier_in_every_event_shape(name: str, wrap: str) -> None:
    """The token is found and gone; what is left is the payload as it would be without it."""
    body, clean = BODIES[name]
    shapes = {
        "direct": (lambda each: each, lambda taken: taken),
        "sqs": (sqs, lambda taken: json.loads(taken["body"])),
        "sns": (
            lambda each: {"Sns": notification(each)},
            lambda taken: json.loads(taken["Sns"]["Message"]),
        ),
        "sns in sqs": (
            lambda each: sqs(notification(each)),
            lambda taken: json.loads(json.loads(taken["body"])["Message"]),
        ),
        "raw sns in sqs": (sqs, lambda taken: json.loads(taken["body"])),
    }
    build, read = shapes[wrap]
    record = build(body)
    before = copy.deepcopy(record)
    taken = take(record)
    assert [callback.task_token for callback in taken.callbacks] == ["T"]
    assert read(taken.record) == clean
    assert '"T"' not in json.dumps(taken.record)
    assert record == before, "the event itself is left as it is"


@pytest.mark.parametrize("body", [payload(), "not JSON", "", "[1]", '"callback"', "{"])
def test_message_attributes_are_a_carrier_of_any_body(body: Any) -> None:
    """The attribute counts, usable body or not, and leaves with its two companions."""
    record = sqs(
        body,
        **{
            "cirrus-task-token": text("T"),
            "cirrus-waiter-payload-id": text(WAITER["payload_id"]),
            "cirrus-waiter-execution-arn": text(WAITER["execution_arn"]),
            "theirs": text("kept"),
        },
    )
    taken = take(record)
    assert taken.callbacks == (Callback("T", WAITER["payload_id"], WAITER["execution_arn"]),)
    assert taken.record == {**record, "messageAttributes": {"theirs": text("kept")}}


def test_attributes_of_a_notification_are_the_same_carrier() -> None:
    """Without raw delivery they stand in the body; with SNS itself, in the record."""
    attributes = {"cirrus-task-token": sns_text("T"), "theirs": sns_text("kept")}
    for record in (
        sqs(notification(payload(), **attributes)),
        {"Sns": notification(payload(), **attributes)},
        notification(payload(), **attributes),
    ):
        taken = take(record)
        assert [callback.task_token for callback in taken.callbacks] == ["T"]
        assert "cirrus-task-token" not in json.dumps(taken.record)
        assert "theirs" in json.dumps(taken.record)


def test_the_waiter_of_a_payloads_callback_is_told() -> None:
    """``waiter`` is optional, and so is each of its parts."""
    record = sqs(payload(callback={**CALLBACK, "waiter": WAITER}))
    assert take(record).callbacks == (Callback("T", WAITER["payload_id"], WAITER["execution_arn"]),)
    for waiter in (None, "text", [], {}, {"payload_id": 7}, {"payload_id": ""}):
        record = sqs(payload(callback={**CALLBACK, "waiter": waiter}))
        assert take(record).callbacks == (Callback("T"),)
    long = {"payload_id": "p" * (MAX_WAITER_CHARS + 1), "execution_arn": "\ud800"}
    assert take(sqs(payload(callback={**CALLBACK, "waiter": long}))).callbacks == (Callback("T"),)


def test_every_distinct_token_is_found_once_in_the_carriers_order() -> None:
    """Several carriers in one message: each distinct token once, the first one's waiter."""
    body = {
        "Payload": {
            "url": "s3://b/k",
            "callback": {"task_token": "beside", "waiter": WAITER},
            "process": [{"callback": {"task_token": "inside"}}],
        },
        "TaskToken": "envelope",
    }
    record = sqs(body, **{"cirrus-task-token": text("attribute")})
    assert tokens(record) == ["attribute", "envelope", "beside", "inside"]
    again = sqs(
        payload(callback={"task_token": "T", "waiter": WAITER}),
        **{
            "cirrus-task-token": text("T"),
        },
    )
    assert take(again).callbacks == (Callback("T"),)


@pytest.mark.parametrize(
    "record",
    [
        sqs(payload()),
        sqs("not JSON with callback"),
        sqs('[1, 2, "callback"]'),
        sqs({"callback": CALLBACK}),
        sqs({"TaskToken": "T"}),
        sqs({"Payload": payload()}),
        sqs({"process": "callback"}),
        sqs({"process": {"note": "callback"}}),
        sqs({"process": [], "note": "callback"}),
        sqs({"process": [7, None, "callback"]}),
        sqs({"process": [{}, [{"workflow": "callback"}, 7]]}),
        sqs(payload(), theirs=text("callback")),
        {"Sns": notification(payload())},
        {"Sns": {"Message": 7}},
        {"Sns": 7},
        {"body": 7},
        {},
        payload(),
        None,
        7,
        "callback",
        [payload(callback=CALLBACK)],
    ],
)
def test_a_record_without_a_token_is_the_very_same_object(record: Any) -> None:
    """Nothing to take: nothing rewritten, and not even copied."""
    taken = take(record)
    assert taken.record is record
    assert taken.callbacks == ()


@pytest.mark.parametrize(
    ("callback", "why"),
    [
        (None, "not an object with a task_token"),
        ("T", "not an object with a task_token"),
        ({}, "is missing"),
        ({"task_token": None}, "is missing"),
        ({"task_token": 7}, "is not a string"),
        ({"task_token": ""}, "is empty"),
        ({"task_token": "t" * 2049}, "is longer than the 2048 characters"),
        ({"task_token": "#continue"}, "reserved character"),
        ({"task_token": "\ud800"}, "not valid Unicode"),
    ],
)
def test_a_token_that_is_none_is_removed_with_a_warning(
    callback: Any,
    why: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Malformed blocks leave as well; the warning tells the place and never the content."""
    taken = take(sqs(payload(callback=callback)))
    assert taken.callbacks == ()
    assert json.loads(taken.record["body"]) == payload()
    assert why in caplog.text
    assert "process[0].callback" in caplog.text
    assert "ttttt" not in caplog.text


@pytest.mark.parametrize(
    "attribute", [None, "T", {}, {"binaryValue": "VA=="}, text(""), text("#x")]
)
def test_a_malformed_attribute_leaves_as_well(attribute: Any) -> None:
    """Whatever stands under the attribute's name, cirrus does not see it."""
    taken = take(sqs(payload(), **{"cirrus-task-token": attribute}))
    assert taken.callbacks == ()
    assert taken.record["messageAttributes"] == {}


def test_waiter_attributes_without_a_token_leave_too() -> None:
    """They are ours, and mean nothing by themselves."""
    taken = take(sqs(payload(), **{"cirrus-waiter-payload-id": text("p")}))
    assert taken.callbacks == ()
    assert taken.record["messageAttributes"] == {}


@pytest.mark.parametrize(
    ("later", "left"),
    [
        ({"callback": CALLBACK}, {}),
        (
            [{"workflow": "x", "callback": CALLBACK}, {"workflow": "y"}],
            [{"workflow": "x"}, {"workflow": "y"}],
        ),
    ],
)
def test_a_callback_of_a_later_process_is_removed_and_warned_about(
    later: Any,
    left: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It belongs to a chained workflow that does not exist yet: nobody can wait for it."""
    body = {"process": [{"workflow": "w"}, later]}
    taken = take(sqs(body))
    assert taken.callbacks == ()
    assert json.loads(taken.record["body"]) == {"process": [{"workflow": "w"}, left]}
    assert "Removed a callback from process[1]" in caplog.text


def test_a_list_as_the_first_process_is_no_carrier(caplog: pytest.LogCaptureFixture) -> None:
    """Cirrus refuses it; a callback in it leaves all the same."""
    taken = take(sqs({"process": [[{"callback": CALLBACK}]]}))
    assert taken.callbacks == ()
    assert "callback" not in taken.record["body"]


def test_an_escaped_name_is_found() -> None:
    r"""JSON may write ``callback`` as ``\u0063allback``: the quick look must not miss it."""
    body = json.dumps(payload(callback=CALLBACK)).replace("callback", "\\u0063allback")
    assert "callback" not in body
    assert tokens(sqs(body)) == ["T"]
    enveloped = json.dumps({"Payload": payload(), "TaskToken": "T"}).replace("Task", "\\u0054ask")
    assert tokens(sqs(enveloped)) == ["T"]


def test_an_envelope_is_unwrapped_whatever_its_token() -> None:
    """A body with both keys is an envelope: cirrus sees the payload, usable token or not."""
    taken = take(sqs({"Payload": payload(), "TaskToken": None}))
    assert taken.callbacks == ()
    assert json.loads(taken.record["body"]) == payload()
    assert json.loads(take(sqs({"Payload": [1], "TaskToken": "T"})).record["body"]) == [1]


@pytest.mark.parametrize(
    ("record", "place"),
    [
        (sqs({"Payload": payload(), "TaskToken": 7}), "the envelope's TaskToken"),
        (sqs({"url": "s3://b/k", "callback": {"task_token": 7}}), "callback"),
        (sqs({"process": {"callback": {"task_token": 7}}}), "process.callback"),
        (sqs(payload(callback={"task_token": 7})), "process[0].callback"),
        (
            sqs(payload(), **{"cirrus-task-token": text(7)}),
            "the message attribute cirrus-task-token",
        ),
        (
            sqs(notification(payload(), **{"cirrus-task-token": sns_text(7)})),
            "the message attribute cirrus-task-token",
        ),
    ],
)
def test_the_warning_names_the_carrier(
    record: Any,
    place: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The one who sent it has to know which token was none."""
    take(record)
    assert caplog.messages == [f"Message m: Ignored {place}: the task token is not a string"]


def test_a_text_that_names_no_carrier_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most messages have no token; they cost a look, and no parsing."""

    def read(text: str) -> None:
        raise AssertionError(text)

    monkeypatch.setattr("cirrus_callbacks_plugin.carriers.json_text.read", read)
    assert take(sqs(payload())).callbacks == ()


def test_a_notification_without_a_quote_in_it_is_read_too() -> None:
    """Nothing in its text but the attribute's name tells, in whichever case."""
    body = '{"Message": "7", "MessageAttributes": {"Cirrus-TASK-Token": {"Value": "T"}}}'
    assert tokens(sqs(body)) == ["T"]


def test_what_is_left_is_what_cirrus_would_have_read() -> None:
    """Numbers, odd characters and order survive the writing again."""
    body = (
        '{"process": [{"callback": {"task_token": "T"}}], '
        '"n": [1e999, 0.1, 10000000000000000000000], "s": "\\ud800é\\u0000"}'
    )
    taken = take(sqs(body))
    expected = json.loads(body)
    expected["process"] = [{}]
    assert json.loads(taken.record["body"]) == expected


def test_records_of_an_event() -> None:
    """SQS and SNS events have records; anything else is the payload itself."""
    assert records_of({"Records": [1, 2]}) == [1, 2]
    for event in ({}, {"Records": None}, {"Records": {}}, [], None, "x"):
        assert records_of(event) is None


def test_a_callback_shows_no_token() -> None:
    """A dataclass ends up in logs sooner or later."""
    assert "SECRET" not in repr(take(sqs(payload(callback={"task_token": "SECRET"}))).callbacks)


HIDDEN = {
    "process": '{"process": [{"callback": {"task_token": "A"}}], "process": [{"x": 1}]}',
    "process, last with one too": (
        '{"process": [{"callback": {"task_token": "A"}}],'
        ' "process": [{"callback": {"task_token": "B"}, "x": 1}]}'
    ),
    "callback": (
        '{"process": [{"callback": {"task_token": "A"}, "callback": {"task_token": "B"}, "x": 1}]}'
    ),
    "task_token": '{"process": [{"callback": {"task_token": "A", "task_token": "B"}, "x": 1}]}',
    "TaskToken": '{"TaskToken": "A", "TaskToken": "B", "Payload": {"process": [{"x": 1}]}}',
    "Payload": (
        '{"TaskToken": "A", "Payload": {"process": [{"callback": {"task_token": "B"}}]},'
        ' "Payload": {"process": [{"x": 1}]}}'
    ),
    "Payload in a hidden Payload": (
        '{"TaskToken": "A", "Payload": {"TaskToken": "B", "Payload": 1, "Payload": 2},'
        ' "Payload": {"process": [{"x": 1}]}}'
    ),
    "Payload, more than once": (
        '{"TaskToken": "A", "Payload": {"process": [{"callback": {"task_token": "B"}}]},'
        ' "Payload": {"process": [{"callback": {"task_token": "C"}}]},'
        ' "Payload": {"process": [{"x": 1}]}}'
    ),
    "Payload, in each of two envelopes": (
        '{"TaskToken": "A", "Payload": {"process": [{"callback": {"task_token": "B"}}]},'
        ' "Payload": {"TaskToken": "A", "Payload": {"process": [{"callback":'
        ' {"task_token": "C"}}]}, "Payload": {"process": [{"x": 1}]}}}'
    ),
    "Message": (
        '{"Message": "{\\"TaskToken\\": \\"A\\", \\"Payload\\": 1}",'
        ' "Message": "{\\"process\\": [{\\"x\\": 1}]}"}'
    ),
    "MessageAttributes": (
        '{"MessageAttributes": {"cirrus-task-token": {"Value": "A"}}, "MessageAttributes": {},'
        ' "Message": "{\\"process\\": [{\\"x\\": 1}]}"}'
    ),
    "an attribute": (
        '{"MessageAttributes": {"cirrus-task-token": {"Value": "A", "Value": "B"},'
        ' "cirrus-task-token": {"Value": "C"}}, "Message": "{\\"process\\": [{\\"x\\": 1}]}"}'
    ),
}


@pytest.mark.parametrize("name", HIDDEN)
def test_a_name_given_twice_hides_no_token(name: str) -> None:
    """Cirrus reads the last value, and logs and stores the text with all of them."""
    taken = take({"body": HIDDEN[name]})
    expected = [token for token in "ABC" if f'"{token}' in HIDDEN[name].replace("\\", "")]
    assert sorted(each.task_token for each in taken.callbacks) == expected
    body = json.loads(taken.record["body"])
    left = json.loads(body["Message"]) if "Message" in body else body
    assert left == {"process": [{"x": 1}]}
    for token in expected:
        assert f'"{token}' not in taken.record["body"].replace("\\", "")


def test_a_name_given_twice_that_hides_nothing_changes_nothing() -> None:
    """Without a carrier in it a text stays as it came."""
    for text in (
        '{"process": [{"x": 1}], "process": [{"note": "callback"}]}',
        '{"process": 1, "process": [{"callback": 1, "callback": 2}][0], "x": 1}',
        '{"Message": "callback", "Message": "{}", "note": "callback"}',
    ):
        record = {"body": text}
        assert take(record).record is record


@pytest.mark.parametrize(
    "odd",
    ["[" * 50_000 + "]" * 50_000, "9" * 5_000],
    ids=["depth", "digits"],
)
def test_a_body_that_cirrus_gives_up_on_gives_its_token(odd: str) -> None:
    """It is JSON all the same: the token is found, and not in what cirrus logs and stores."""
    record = sqs('{"process": [{"callback": {"task_token": "T"}}], "odd": ' + odd + "}")
    taken = take(record)
    assert [each.task_token for each in taken.callbacks] == ["T"]
    assert taken.record["body"] == '{"process": [{}], "odd": ' + odd + "}"
    with pytest.raises((ValueError, RecursionError)):
        json.loads(taken.record["body"])
    enveloped = take(sqs('{"TaskToken": "T", "Payload": ' + odd + "}"))
    assert [each.task_token for each in enveloped.callbacks] == ["T"]
    assert enveloped.record["body"] == odd


@pytest.mark.parametrize(
    "body",
    [
        {"Payload": notification(payload(callback=CALLBACK)), "TaskToken": "U"},
        notification({"Payload": payload(callback=CALLBACK), "TaskToken": "U"}),
        {**notification({"Payload": payload(), "TaskToken": "U"}), **payload(callback=CALLBACK)},
    ],
)
def test_carriers_within_carriers_are_found(body: dict[str, Any]) -> None:
    """A notification in an envelope, an envelope in a notification, a payload beside one."""
    taken = take(sqs(body))
    assert sorted(each.task_token for each in taken.callbacks) == ["T", "U"]
    for secret in ('"T"', '"U"', "callback"):
        assert secret not in taken.record["body"].replace("\\", "")


def test_an_attributes_name_may_come_in_any_case() -> None:
    """SQS tells cases apart; ``Cirrus-Task-Token`` waits all the same."""
    record = sqs(
        payload(),
        **{"Cirrus-Task-Token": text("T"), "CIRRUS-WAITER-PAYLOAD-ID": text("who")},
    )
    taken = take(record)
    assert taken.callbacks == (Callback("T", "who"),)
    assert taken.record["messageAttributes"] == {}
    both = take(sqs(payload(), **{"Cirrus-Task-Token": text("A"), "cirrus-task-token": text("B")}))
    assert [each.task_token for each in both.callbacks] == ["A", "B"]
    assert both.record["messageAttributes"] == {}
    noted = sqs(notification(payload(), **{"CIRRUS-task-token": sns_text("T")}))
    assert tokens(noted) == ["T"]


@pytest.mark.parametrize(
    "record",
    [
        {"messageAttributes": 7, "body": "{}"},
        {"messageAttributes": [text("T")], "body": "{}"},
        {"messageAttributes": {"cirrus-task-token": 7}, "body": 7, "process": 7},
        {"Sns": 7},
        {"Sns": {"Message": 7, "MessageAttributes": 7}},
        {"Message": None, "MessageAttributes": {"cirrus-task-token": [1]}},
        {"messageAttributes": {"cirrus-task-token": {"stringListValues": ["T"]}}, "body": "{}"},
        {"messageAttributes": {"cirrus-task-token": {"binaryValue": "VA=="}}, "body": "{}"},
    ],
)
def test_a_record_of_wrong_types_is_no_reason_to_fail(record: Any) -> None:
    """Whatever stands where something else should: no token, and no exception."""
    assert take(record).callbacks == ()
