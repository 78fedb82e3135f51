"""Rules that depend on the deployment, on an input, or on what stands around a wait."""

from __future__ import annotations

from typing import Any

import pytest

from cirrus_callbacks_plugin.lint.finding import Severity
from support.linted import JSONATA_TOKEN, attribute, findings, jsonata, machine, of, send


def wait(**fields: Any) -> dict[str, Any]:
    """A sound wait, alone."""
    return send({}, attribute(), **fields)


@pytest.mark.parametrize(
    ("fields", "known", "severities"),
    [
        ({}, {}, []),
        ({"HeartbeatSeconds": 1000}, {}, ["warning"]),
        ({"HeartbeatSeconds": 1000}, {"heartbeats": True}, []),
        ({"HeartbeatSeconds": 900}, {"heartbeats": True}, ["error"]),
        ({"HeartbeatSeconds": 1000}, {"heartbeats": True, "interval_seconds": 600}, ["error"]),
        ({"HeartbeatSeconds": 1000}, {"heartbeats": False}, ["error"]),
        ({"HeartbeatSecondsPath": "$.beat"}, {"heartbeats": False}, ["error"]),
        ({"HeartbeatSecondsPath": "$.beat"}, {"heartbeats": True}, []),
        ({"HeartbeatSeconds": "${beat}"}, {"heartbeats": True}, []),
        ({"HeartbeatSeconds": 7200}, {"heartbeats": True}, ["error"]),
    ],
)
def test_heartbeats(fields: dict[str, Any], known: dict[str, Any], severities: list[str]) -> None:
    """They need heartbeats on, three intervals, and less than the timeout."""
    found = of("heartbeat", wait(TimeoutSeconds=7200, **fields), **known)
    assert [each.severity.value for each in found] == severities


@pytest.mark.parametrize(
    ("fields", "severities"),
    [
        ({"TimeoutSeconds": None}, ["error"]),
        ({"TimeoutSeconds": None, "TimeoutSecondsPath": "$.patience"}, []),
        ({"TimeoutSeconds": "{% 60 * 60 %}"}, []),
        ({"TimeoutSeconds": 99_999_999}, ["error"]),
    ],
)
def test_timeouts(fields: dict[str, Any], severities: list[str]) -> None:
    """Present, computed or not, and shorter than an execution may last."""
    assert [each.severity.value for each in of("timeout", wait(**fields))] == severities


def test_the_timeout_of_the_whole_machine_is_a_half_measure() -> None:
    """It ends the wait, and everything with it: a warning."""
    (found,) = of("timeout", {**wait(TimeoutSeconds=None), "TimeoutSeconds": 3600})
    assert found.severity is Severity.WARNING


def _map(config: dict[str, Any], **fields: Any) -> dict[str, Any]:
    inner = {"ProcessorConfig": config, **wait()}
    return machine(All={"Type": "Map", "ItemProcessor": inner, "End": True, **fields})


SIXTY = {"a": {"b": [{"c": list(range(60))}]}}


@pytest.mark.parametrize(
    ("config", "fields", "example", "severities"),
    [
        ({}, {"MaxConcurrency": 40}, None, []),
        ({}, {"MaxConcurrency": 41}, None, ["warning"]),
        ({}, {"MaxConcurrency": 0}, None, ["note"]),
        ({}, {}, None, ["note"]),
        ({}, {"MaxConcurrencyPath": "$.n"}, None, []),
        ({"Mode": "DISTRIBUTED"}, {"MaxConcurrency": 500}, None, []),
        ({}, {"ItemsPath": "$.a.b[0]['c']"}, SIXTY, ["warning"]),
        ({}, {"ItemsPath": "$$.Execution.Input.a.b[0].c"}, SIXTY, ["warning"]),
        ({}, {"ItemsPath": "$.a.b[1].c"}, SIXTY, ["note"]),
        ({}, {"ItemsPath": "$.a.b"}, SIXTY, []),
        ({}, {"ItemsPath": "$..b"}, SIXTY, ["note"]),
        ({}, {"ItemsPath": "$.a.b.c"}, SIXTY, ["note"]),
        ({}, {"Items": list(range(41))}, None, ["warning"]),
        ({}, {"Items": "{% $states.input.a.b[0].c %}"}, SIXTY, ["warning"]),
        ({}, {"Items": "{% $map($states.input.a, $f) %}"}, SIXTY, ["note"]),
        ({}, {}, list(range(60)), ["warning"]),
    ],
)
def test_items_of_an_inline_map(
    config: dict[str, Any],
    fields: dict[str, Any],
    example: Any,
    severities: list[str],
) -> None:
    """Forty at a time; how many there are is counted where that is possible."""
    found = of("map-concurrency", _map(config, **fields), example=example)
    assert [each.severity.value for each in found] == severities


def _iteration(**fields: Any) -> dict[str, Any]:
    given = {"QueueUrl": "${process_queue_url}", "MessageAttributes": attribute()}
    made = send(Parameters={**given, "MessageBody.$": "$.payload"}, **fields)
    for name in ("Then", "Last"):
        made["States"][name] = {"Type": "Pass", "End": True}
    return made


@pytest.mark.parametrize(
    ("inner", "fields", "is_found"),
    [
        (_iteration(ResultPath="$.answer"), {}, True),
        (_iteration(ResultPath=None), {}, False),
        (_iteration(ResultPath="$"), {}, False),
        (_iteration(ResultPath="$.answer", OutputPath="$.answer"), {}, False),
        (_iteration(ResultPath="$.answer", End=None, Next="Then"), {}, True),
        (_iteration(ResultPath="$.answer", End=None, Next="Gone"), {}, False),
        (_iteration(ResultPath="$.answer"), {"ResultWriter": {}}, True),
    ],
)
def test_results_of_a_map(inner: dict[str, Any], fields: dict[str, Any], is_found: bool) -> None:
    """An iteration that keeps the payload which it sent makes the whole too large."""
    made = machine(All={"Type": "Map", "ItemProcessor": inner, "End": True, **fields})
    assert bool(of("result-size", made)) is is_found
    assert of("result-size", inner) == []  # one alone is no more than came in


def test_results_that_are_written_to_s3_are_no_data_of_the_execution() -> None:
    """A distributed Map's ResultWriter takes them."""
    inner = {"ProcessorConfig": {"Mode": "DISTRIBUTED"}, **_iteration(ResultPath="$.answer")}
    state = {"Type": "Map", "ItemProcessor": inner, "End": True}
    assert of("result-size", machine(All=state))
    assert of("result-size", machine(All={**state, "ResultWriter": {}})) == []


def test_a_pass_that_selects_makes_results_small() -> None:
    """Parameters say what goes on."""
    inner = _iteration(ResultPath="$.answer", End=None, Next="Then")
    inner["States"]["Then"]["Parameters"] = {"answer.$": "$.answer"}
    made = machine(All={"Type": "Map", "ItemProcessor": inner, "End": True})
    assert of("result-size", made) == []


@pytest.mark.parametrize(
    ("body", "known", "is_found"),
    [
        ({"process": [{"workflow": "b"}]}, {"workflows": frozenset({"a"})}, True),
        ({"process": [{"workflow": "a"}]}, {"workflows": frozenset({"a"})}, False),
        ({"process": {"workflow": "b"}}, {"workflows": frozenset({"a"})}, True),
        ({"Payload": {"process": [{"workflow": "b"}]}}, {"workflows": frozenset()}, True),
        ({"process": [{"workflow": "b"}]}, {}, False),
        (
            {"process": [{"workflow": "b"}]},
            {"workflows": frozenset(), "all_workflows": True},
            False,
        ),
        ({"process": [{"workflow": "${child}"}]}, {"workflows": frozenset({"a"})}, False),
        ({"process": [{"workflow.$": "$.child"}]}, {"workflows": frozenset({"a"})}, False),
        ({"process.$": "$.process"}, {"workflows": frozenset({"a"})}, False),
    ],
)
def test_the_flag(body: Any, known: dict[str, Any], is_found: bool) -> None:
    """A workflow that the definition names must be one that may be waited for."""
    assert bool(of("workflow-flag", send(body, attribute()), **known)) is is_found


WAITER = {"cirrus-waiter-execution-arn": {"DataType": "String", "StringValue.$": "$$.Execution.Id"}}
CALLBACK = {"task_token.$": "$$.Task.Token"}


@pytest.mark.parametrize(
    ("body", "attributes", "severities"),
    [
        ({}, attribute(), ["note"]),
        ({}, {**attribute(), **WAITER}, []),
        ({"Payload": {}, "TaskToken.$": "$$.Task.Token"}, None, ["note"]),
        ({"Payload": {}, "TaskToken.$": "$$.Task.Token"}, WAITER, ["warning"]),
        ({"process": [{"callback": CALLBACK}]}, None, ["note"]),
        ({"process": [{"callback": {**CALLBACK, "waiter": {"payload_id.$": "$.id"}}}]}, None, []),
        ({"process": [{"callback": {**CALLBACK, "waiter.$": "$.me"}}]}, None, []),
        ({"process.$": "States.Array($$.Task.Token)"}, None, []),
    ],
)
def test_who_waits(body: Any, attributes: Any, severities: list[str]) -> None:
    """Told in the attributes beside the token's, or in the callback; not elsewhere."""
    found = of("waiter", send(body, attributes))
    assert [each.severity.value for each in found] == severities


def test_what_is_read_of_an_answer_in_jsonata() -> None:
    """``$states.result`` has the four keys of an answer."""
    arguments = {
        "MessageBody": "{}",
        "MessageAttributes": attribute(JSONATA_TOKEN, "StringValue"),
    }
    looked_after = "{% $exists($states.result.execution_arn) ? $states.result.execution_arn : '' %}"
    good = jsonata(arguments, Output={"of": "{% $states.result.payload_id %}", "by": looked_after})
    bad = jsonata(arguments, Output=["{% $states.result.features[0] %}"])
    missing = jsonata(arguments, Output={"url": "{% $states.result.output_payload_url %}"})
    assert of("answer-keys", good) == []
    assert [each.severity.value for each in of("answer-keys", bad)] == ["error"]
    assert [each.severity.value for each in of("answer-keys", missing)] == ["warning"]


@pytest.mark.parametrize("key", ["execution_arn", "output_payload_url"])
def test_a_path_to_a_key_that_may_be_missing_is_a_warning(key: str) -> None:
    """A repair, or several listed runs, leave it out; the state would fail uncatchably."""
    found = of("answer-keys", wait(ResultSelector={"it.$": f"$.{key}", "id.$": "$.payload_id"}))
    assert [each.severity.value for each in found] == ["warning"]
    assert key in found[0].problem.message


def test_names_that_are_filled_in_later_are_not_judged() -> None:
    """A state's name in ``${}``, or a Next."""
    made = wait(End=None, Next="${next}")
    assert of("unknown-state", made) == []
    made = {"StartAt": "Begin", "States": {"${name}": wait()["States"]["Wait"]}}
    assert of("unknown-state", made) == []


def test_a_start_is_needed() -> None:
    """StartAt, which names a state."""
    made = wait()
    del made["StartAt"]
    assert of("unknown-state", made)
    assert of("unknown-state", {**made, "StartAt": "Elsewhere"})


def test_a_sound_wait_gets_notes_alone() -> None:
    """The first screen of the README has nothing to be ashamed of."""
    assert {each.severity for each in findings(wait())} <= {Severity.NOTE}
