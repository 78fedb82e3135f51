"""Numbers as people write them, and names that two states share."""

from __future__ import annotations

from typing import Any

import pytest

from cirrus_callbacks_plugin.lint.figures import figure, number_of
from support.linted import JSONATA_TOKEN, attribute, findings, jsonata, machine, of, send
from support.states import parallel, passing


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("7200", 7200),
        (" 7200 ", 7200),
        ("7,200", 7200),
        ("7_200", 7200),
        ("7 200", 7200),
        ("1e3", 1000),
        ("2.5", 2.5),
        ("2h", 7200),
        ("2 hours", 7200),
        ("1h30m", 5400),
        ("90 min", 5400),
        ("1 day", 86400),
        ("30s", 30),
        ("PT2H", 7200),
        ("P1DT1H", 90000),
        ("2:00:00", 7200),
        ("1:30", 5400),
        ("soon", None),
        ("2 parsecs", None),
        ("", None),
        ("nan", None),
        ("inf", None),
    ],
)
def test_what_a_text_stands_for(text: str, number: float | None) -> None:
    """Grouped digits, units, a clock, ISO 8601."""
    assert number_of(text) == number


@pytest.mark.parametrize(
    ("number", "text"), [(99_999_999, "99,999,999"), (40, "40"), (1.5, "1.5"), (7200.0, "7,200")]
)
def test_how_a_number_is_told(number: float, text: str) -> None:
    """With its thousands apart, and never as a power of ten."""
    assert figure(number) == text


def test_a_timeout_is_told_as_people_read_it() -> None:
    """Not as 1e+08."""
    (found,) = of("timeout", send({}, attribute(), TimeoutSeconds=99_999_999))
    assert "TimeoutSeconds 99,999,999" in found.problem.message


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"TimeoutSeconds": "7200"}, "write 7200"),
        ({"TimeoutSeconds": "2h"}, "write 7200"),
        ({"TimeoutSeconds": "soon"}, "whole number of at least 1"),
        ({"TimeoutSeconds": 0}, "at least 1"),
        ({"TimeoutSeconds": -1}, "at least 1"),
        ({"TimeoutSeconds": 1.5}, "whole number"),
        ({"TimeoutSeconds": True}, "at least 1"),
        ({"TimeoutSeconds": [7200]}, "at least 1"),
        ({"HeartbeatSeconds": "1,200"}, "write 1200"),
        ({"Retry": [{"ErrorEquals": ["X"], "MaxAttempts": "3"}]}, "write 3"),
        ({"Retry": [{"ErrorEquals": ["X"], "IntervalSeconds": "1 min"}]}, "write 60"),
        ({"Retry": [{"ErrorEquals": ["X"], "BackoffRate": 0.5}]}, "a number of at least 1"),
        ({"Retry": [{"ErrorEquals": ["X"], "IntervalSeconds": 0}]}, "at least 1"),
    ],
)
def test_what_is_no_number(fields: dict[str, Any], words: str) -> None:
    """It is told with the number that was meant, where that can be seen."""
    (found,) = of("number", send({}, attribute(), **fields))
    assert words in found.problem.fix


@pytest.mark.parametrize(
    "fields",
    [
        {"TimeoutSeconds": 60.0},
        {"TimeoutSeconds": "${seconds}"},
        {"TimeoutSeconds": None, "TimeoutSecondsPath": "$.seconds"},
        {"Retry": [{"ErrorEquals": ["X"], "BackoffRate": 1.5, "MaxAttempts": 0}]},
    ],
)
def test_what_is_a_number(fields: dict[str, Any]) -> None:
    """Or may be one when it is deployed."""
    assert of("number", send({}, attribute(), **fields)) == []


def test_numbers_that_jsonata_computes() -> None:
    """An expression is not a text."""
    arguments = {
        "MessageBody": "{}",
        "MessageAttributes": attribute(JSONATA_TOKEN, "StringValue"),
    }
    assert of("number", jsonata(arguments, TimeoutSeconds="{% 60 * 60 %}")) == []
    assert of("number", jsonata(arguments, TimeoutSeconds="3600"))


def test_numbers_around_a_wait() -> None:
    """Of the Map and of the machine; those of other states are left alone."""
    inner = send({}, attribute())
    fields = {"ResultPath": "$.a", "End": True}
    made = machine(All={"Type": "Map", "MaxConcurrency": "40", "ItemProcessor": inner, **fields})
    (found,) = of("number", made)
    assert found.problem.path == "States.All.MaxConcurrency"
    assert of("number", {**send({}, attribute()), "TimeoutSeconds": "1 day"})
    other = machine(A={"Type": "Wait", "Seconds": "60", "TimeoutSeconds": "x", "End": True})
    assert findings(other) == []


def test_a_number_in_yaml_and_in_a_template() -> None:
    """YAML's quotes make a text; a mark without quotes is a number when it is deployed."""
    text = """
StartAt: Wait
States:
  Wait:
    Type: Task
    Resource: arn:aws:states:::sqs:sendMessage.waitForTaskToken
    Parameters:
      QueueUrl: ${process_queue_url}
      MessageBody: {}
      MessageAttributes: {cirrus-task-token: {DataType: String, StringValue.$: $$.Task.Token}}
    TimeoutSeconds: %s
    ResultPath: $.answer
    End: true
"""
    ids = [
        [each.rule.id for each in findings(text % value, "x.asl.yaml") if each.rule.id == "number"]
        for value in ("'7200'", "2h", "7200", "7_200", "${seconds}", "!Ref Seconds")
    ]
    assert ids == [["number"], ["number"], [], [], [], []]


def test_a_name_given_twice() -> None:
    """In two branches, in a Map and beside it; the second one is told, with the first's line."""
    wait = send({}, attribute())["States"]["Wait"]
    both = machine(Both=parallel({"Wait": wait}, {"Wait": wait}, ResultPath="$.a"))
    (found,) = of("state-name", both)
    assert found.problem.path == "States.Both.Branches[1].States.Wait"
    assert "States.Both.Branches[0].States.Wait" in found.problem.message
    inside = machine(Wait={"Type": "Map", "ItemProcessor": machine(Wait=wait), "End": True})
    assert of("state-name", inside)
    later = {"${name}": wait}
    assert of("state-name", machine(Both=parallel(later, later, ResultPath="$.a"))) == []


def test_names_of_two_machines() -> None:
    """Each machine of a file has names of its own."""
    wait = send({}, attribute())
    assert of("state-name", {"a": wait, "b": wait}) == []
    without = machine(Both=parallel({"A": passing()}, {"A": passing()}))
    assert findings(without) == []
