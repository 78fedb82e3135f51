"""A join is a wait; what can be seen to be wrong with its request is told before it is sent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cirrus_callbacks_plugin.lint.finding import Severity
from support.linted import JSONATA_TOKEN, attribute, findings, jsonata, machine, of, send
from support.states import passing

ID = "a/workflow-b/c"
OPTIONAL = ("succeed_on", "answer", "deadline_seconds", "name")
PAYLOAD = {"features.$": "$.features", "process": [{"workflow": "child", "tasks": {}}]}


def join(**request: Any) -> dict[str, Any]:
    """A state machine of one join."""
    return send({"join": request}, attribute())


def jsonata_join(request: Any, **fields: Any) -> dict[str, Any]:
    attributes = attribute(JSONATA_TOKEN, "StringValue")
    return jsonata({"MessageBody": request, "MessageAttributes": attributes}, **fields)


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"members": [ID], "succeeds_on": 1}, "unknown key 'succeeds_on'"),
        ({"members.$": "$.ids", "mebers.$": "$.x"}, "unknown key 'mebers'"),
        ({"members": [ID, PAYLOAD], "succeed_on": 3}, "succeed_on 3 and 2 member(s)"),
        ({"members": [ID], "members_url": "s3://b/k"}, "one of members and members_url"),
        ({"members.$": "$.ids", "members_url.$": "$.url"}, "one of members and members_url"),
        ({"succeed_on": "any"}, "one of members and members_url"),
        ({"members": ["id"]}, "member 0 has a payload_id that is not one of cirrus's"),
        ({"members": [ID, {"features.$": "$.features"}]}, "member 1 has neither process"),
        ({"members": [{"url": "https://b/k"}]}, "member 0 has a url"),
        ({"members_url": "bucket/key"}, "members_url that is not s3://BUCKET/KEY"),
        ({"members.$": "$.ids", "succeed_on": "most"}, "succeed_on"),
        ({"members.$": "$.ids", "succeed_on": 0}, "succeed_on"),
        ({"members.$": "$.ids", "answer": "late"}, "answer"),
        ({"members.$": "$.ids", "deadline_seconds": 5}, "deadline_seconds"),
        ({"members.$": "$.ids", "deadline_seconds": "3600"}, "deadline_seconds"),
        ({"members.$": "$.ids", "name": 7}, "name"),
    ],
)
def test_what_is_wrong_with_a_request(request_: dict[str, Any], words: str) -> None:
    """The rules of a request, by the code that reads it; one finding, with what to do."""
    (found,) = of("join-request", join(**request_))
    assert words in found.problem.message
    assert found.severity is Severity.ERROR


@pytest.mark.parametrize(
    "request_",
    [
        {"members.$": "$.ids"},
        {"members.$": "$.ids", "succeed_on": 500, "answer": "settled", "name": "tiles"},
        {"members.$": "$.ids", "succeed_on.$": "$.enough"},
        {"members_url.$": "$.list", "deadline_seconds.$": "$.seconds"},
        {"members_url": "s3://bucket/${key}"},
        {"members": [PAYLOAD, {"url.$": "$.u"}, {"payload_id.$": "$.i"}, ID], "succeed_on": 4},
        {"members": PAYLOAD},
        {"members": ["${first}", "${second}"], "succeed_on": 2},
        {"members": []},
        *({"members.$": "$.ids", f"{key}.$": "$.x"} for key in OPTIONAL),
        {"members": {"process.$": "$.process", "features.$": "$.features"}},
        {"members": {"url.$": "States.Format('s3://b/{}', $.key)"}},
        {"members": [{"payload_id.$": "$.ids[0]"}, {"url.$": "$.u"}], "name.$": "$.name"},
    ],
)
def test_what_is_computed_is_believed(request_: dict[str, Any]) -> None:
    """Only what stands in the definition is judged."""
    assert of("join-request", join(**request_)) == []


@pytest.mark.parametrize("path", ["$.request", "States.JsonMerge($.request, $.more, false)", "$"])
def test_a_request_that_is_computed_whole(path: str) -> None:
    """It is a join all the same, of which nothing can be judged; in an envelope as well."""
    made = send({"join.$": path}, attribute())
    assert of("join-request", made) == []
    assert "JoinFailed" in of("uncaught", made)[0].problem.message
    envelope = {"Payload": {"join.$": path}, "TaskToken.$": "$$.Task.Token"}
    assert of("join-request", send(envelope)) == []
    (found,) = of("join-request", send({"join.$": path, "process": []}, attribute()))
    assert "beside 'process'" in found.problem.message


@pytest.mark.parametrize(
    ("request_", "is_found"),
    [
        ({"join": {"members": "{% $map($states.input.x, $f) %}", "succeed_on": 9}}, False),
        ("{% {'join': {'members': $states.input.ids, 'succeed_on': 'any'}} %}", False),
        ("{% {'join': {'members': $states.input.ids, 'succed_on': 'any'}} %}", True),
        ("{% {'join': {'members': ['a/workflow-b/c'], 'succeed_on': 2}} %}", True),
        ({"join": {"members": ["{% $states.input.x %}"], "succeed_on": "{% 2 %}"}}, True),
        ({"join": "{% $states.input.request %}"}, False),
        ('{"join": {"membres": []}}', True),
    ],
)
def test_requests_in_jsonata(request_: Any, is_found: bool) -> None:
    """A request is read in whatever way it is written: as an object, an expression, a text."""
    assert bool(of("join-request", jsonata_join(request_))) is is_found


@pytest.mark.parametrize(
    ("made", "where", "fix", "severity"),
    [
        (join(**{"members.$": "$.x", "name": "$.id"}), "name", '"name.$": "$.id"', "warning"),
        (
            join(**{"members.$": "$.x", "name": "States.Format('{}', $.id)"}),
            "name",
            '"name.$"',
            "warning",
        ),
        (join(**{"members.$": "$.x", "name": "$$.Execution.Name"}), "name", '"name.$"', "warning"),
        (join(members="$.children"), "members", '"members.$": "$.children"', "error"),
        (join(members=[ID, "$.ids[0]"]), "members[1]", "States.Array", "error"),
        (
            join(members=[{"payload_id": "$.id"}]),
            "members[0].payload_id",
            '"payload_id.$"',
            "error",
        ),
        (join(members=[{"url": "$.url"}]), "members[0].url", '"url.$"', "error"),
        (
            join(members={"process": [], "features": "$.features"}),
            "members.features",
            '"features.$"',
            "error",
        ),
        (join(members_url="$.list"), "members_url", '"members_url.$"', "error"),
        (
            join(**{"members.$": "$.x", "succeed_on": "$.n"}),
            "succeed_on",
            '"succeed_on.$"',
            "error",
        ),
        (join(**{"members.$": "$.x", "answer": "$.when"}), "answer", '"answer.$"', "error"),
        (
            join(**{"members.$": "$.x", "deadline_seconds": "$.s"}),
            "deadline_seconds",
            '"deadline_seconds.$"',
            "error",
        ),
        (
            jsonata_join({"join": {"members": "{% $x %}", "name": "$states.input.id"}}),
            "name",
            "'{% $states.input.id %}'",
            "warning",
        ),
        (
            jsonata_join({"join": {"members": "$states.input.ids"}}),
            "members",
            "'{% $states.input.ids %}'",
            "error",
        ),
    ],
)
def test_a_path_that_is_sent_as_a_text(
    made: dict[str, Any], where: str, fix: str, severity: str
) -> None:
    """The text itself would be the name, or be refused; one finding, with what to write."""
    (found,) = of("join-request", made)
    assert f"gives join.{where} as the text " in found.problem.message
    assert fix in found.problem.fix
    assert found.severity.value == severity


def test_texts_that_are_no_paths() -> None:
    """A name may hold a dollar, and a payload's own settings are its workflow's affair."""
    payload = {"features": [], "process": [{"workflow": "w", "tasks": {"a": "$.b"}}]}
    for name in ("$5 of tiles", "tiles of $.x", "${name}", "States of the union", "US$"):
        assert of("join-request", join(members=[payload], name=name)) == []


@pytest.mark.parametrize(
    ("deadline", "fields", "is_late"),
    [
        (7200, {"TimeoutSeconds": 7200}, True),
        (7201, {"TimeoutSeconds": 7200}, True),
        (7199, {"TimeoutSeconds": 7200}, False),
        (7200.0, {"TimeoutSeconds": 7200}, True),
        (7200, {"TimeoutSeconds": None, "TimeoutSecondsPath": "$.s"}, False),
        (7200, {"TimeoutSeconds": None}, False),
        ("${seconds}", {"TimeoutSeconds": 60}, False),
    ],
)
def test_a_deadline_that_the_tasks_end_comes_before(
    deadline: Any, fields: dict[str, Any], is_late: bool
) -> None:
    """The timeout throws away what has ended, which the deadline would have handed over."""
    request = {"join": {"members.$": "$.ids", "deadline_seconds": deadline}}
    found = of("join-request", send(request, attribute(), **fields))
    assert bool(found) is is_late
    if is_late:
        assert "TimeoutSeconds 7,200: its deadline is never reached" in found[0].problem.message
        assert found[0].severity is Severity.WARNING


def test_a_deadline_beyond_the_whole_executions_end() -> None:
    """The state machine's own timeout counts as well, and the shorter one decides."""
    made = join(**{"members.$": "$.ids", "deadline_seconds": 600})
    made["States"]["Wait"]["TimeoutSeconds"] = 900
    assert of("join-request", made) == []
    made["TimeoutSeconds"] = 300
    (found,) = of("join-request", made)
    assert "TimeoutSeconds 300" in found.problem.message


def test_a_deadline_in_jsonata() -> None:
    """A number in an expression is a number; what is computed is believed."""
    for deadline, timeout, is_late in (
        ("{% 3600 %}", 3600, True),
        ("{% $states.input.s %}", 60, False),
        (3600, "{% $states.input.s %}", False),
    ):
        request = {"join": {"members": "{% $x %}", "deadline_seconds": deadline}}
        made = jsonata_join(request, TimeoutSeconds=timeout)
        assert bool(of("join-request", made)) is is_late


OWN = {"callback": {"task_token.$": "$$.Task.Token"}, "workflow": "child"}
JSONATA_OWN = "{'workflow': 'child', 'callback': {'task_token': $states.context.Task.Token}}"


@pytest.mark.parametrize(
    ("made", "place"),
    [
        (join(members=[ID, {"process": [OWN]}]), "[1].process[0].callback.task_token"),
        (join(members={"process": [OWN]}), ".process[0].callback.task_token"),
        (join(members=[{"process": [{"tasks": {"t.$": "$$.Task.Token"}}]}]), "[0]"),
        (join(**{"members.$": "States.Array($.a, $$.Task.Token)"}), ""),
        (join(members=[{"process": [{"c.$": "$$.Task"}]}]), "[0].process[0].c.Token"),
        (jsonata_join({"join": {"members": [{"process": f"{{% [{JSONATA_OWN}] %}}"}]}}), "[0]"),
        (
            jsonata_join(
                "{% {'join': {'members': $map($x, function($i) {{'process': ["
                + JSONATA_OWN
                + "]}})}} %}"
            ),
            "",
        ),
    ],
)
def test_a_members_payload_with_the_joins_own_token(made: dict[str, Any], place: str) -> None:
    """The first child that ends would answer it: the join itself is answered no more."""
    (found,) = of("join-request", made)
    assert f"its own task token to a member, in MessageBody.join.members{place}" in (
        found.problem.message
    )
    assert found.severity is Severity.ERROR


def test_a_members_own_token_in_an_envelope() -> None:
    """Envelopes are taken off."""
    body = {"Payload": {"join": {"members": [{"process": [OWN]}]}}, "TaskToken.$": "$$.Task.Token"}
    (found,) = of("join-request", send(body))
    assert "MessageBody.Payload.join.members[0]" in found.problem.message


def test_the_joins_own_token_where_it_belongs() -> None:
    """Beside the request, or in an attribute."""
    body = {"join": {"members.$": "$.ids"}, "callback": {"task_token.$": "$$.Task.Token"}}
    assert of("join-request", send(body)) == []
    assert of("token", send(body)) == []


def test_a_join_beside_a_payload_is_none() -> None:
    """Cirrus gets such a message as it is."""
    made = send({"join": {"members.$": "$.ids"}, "process": []}, attribute())
    (found,) = of("join-request", made)
    assert "beside 'process'" in found.problem.message


def test_a_join_in_an_envelope() -> None:
    """Envelopes are taken off, as for every other message."""
    body = {"Payload": {"join": {"members": [ID], "x": 1}}, "TaskToken.$": "$$.Task.Token"}
    assert of("join-request", send(body))


def test_a_join_is_a_wait() -> None:
    """It needs a timeout and a token, and its answer is not a payload."""
    made = send({"join": {"members.$": "$.ids"}}, TimeoutSeconds=None, ResultPath=None)
    assert {"timeout", "token", "payload-output"} <= {each.rule.id for each in findings(made)}


def test_what_a_join_is_answered_with_is_caught() -> None:
    """JoinFailed in the place of what becomes of one payload."""
    (found,) = of("uncaught", join(**{"members.$": "$.ids"}))
    assert "CirrusCallback.JoinFailed, .InvalidPayload, States.Timeout" in found.problem.message
    names = ["CirrusCallback.JoinFailed", "CirrusCallback.InvalidPayload", "States.Timeout"]
    made = join(**{"members.$": "$.ids"})
    made["States"]["Wait"]["Catch"] = [
        {"ErrorEquals": names, "ResultPath": "$.failure", "Next": "After"},
    ]
    made["States"]["After"] = passing()
    assert of("uncaught", made) == []
    assert of("error-name", made) == []


def test_a_join_is_known_by_its_data_too() -> None:
    """A request that an earlier state put together."""
    wait = send(
        Parameters={
            "QueueUrl": "${process_queue_url}",
            "MessageBody.$": "$.request",
            "MessageAttributes": attribute(),
        },
    )["States"]["Wait"]
    made = machine(
        Ask=passing(
            Parameters={"join": {"members.$": "$.ids"}}, ResultPath="$.request", Next="Wait"
        ),
        Wait=wait,
    )
    (found,) = of("uncaught", made)
    assert "JoinFailed" in found.problem.message


def test_a_retry_of_a_join() -> None:
    """Another request restarts the members that failed; an invalid one stays invalid."""
    made = join(**{"members.$": "$.ids"})
    retry = {"ErrorEquals": ["CirrusCallback.JoinFailed"], "MaxAttempts": 1}
    made["States"]["Wait"]["Retry"] = [retry]
    assert of("retry-final", made) == []
    made["States"]["Wait"]["Retry"] = [{"ErrorEquals": ["States.ALL"]}]
    (found,) = of("retry-final", made)
    assert "CirrusCallback.InvalidPayload, .Cancelled (" in found.problem.message


@pytest.mark.parametrize(
    ("key", "severities"),
    [
        ("total", []),
        ("join_id", []),
        ("members", ["warning"]),
        ("members_at", ["warning"]),
        ("payload_id", ["error"]),
    ],
)
def test_what_is_read_of_a_joins_answer(key: str, severities: list[str]) -> None:
    """Its keys are others than those of a plain wait's."""
    made = join(**{"members.$": "$.ids"})
    made["States"]["Wait"]["ResultSelector"] = {"it.$": f"$.{key}"}
    assert [each.severity.value for each in of("answer-keys", made)] == severities


def test_the_flag_of_every_member() -> None:
    """A member of a workflow that may not be waited for is a failed member."""
    made = join(members=[PAYLOAD, ID])
    assert of("workflow-flag", made, workflows=frozenset({"other"}))
    assert of("workflow-flag", made, workflows=frozenset({"child"})) == []


def _map(*, config: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    inner = send({"process.$": "$.p"}, attribute(), ResultPath=None)
    wait = inner["States"]["Wait"]
    if more:
        del wait["End"]
        wait["Next"] = next(iter(more))
        inner["States"].update(more)
    fields = {"ItemsPath": "$.features", "ResultPath": "$.answers", "End": True}
    return machine(All={"Type": "Map", "ItemProcessor": {**(config or {}), **inner}, **fields})


TASK = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True}


def test_a_map_that_only_waits_is_told_of_joins() -> None:
    """Inline or distributed; with work for each item a Map is right."""
    for config in ({}, {"ProcessorConfig": {"Mode": "DISTRIBUTED"}}):
        (found,) = of("map-or-join", _map(config=config))
        assert found.severity is Severity.NOTE
    assert of("map-or-join", _map(Then=passing()))
    assert of("map-or-join", _map(Then=TASK)) == []


@pytest.mark.parametrize(
    ("retry", "is_told"),
    [
        ([{"ErrorEquals": ["CirrusCallback.Failed"], "MaxAttempts": 2}], False),
        ([{"ErrorEquals": ["States.ALL"]}], False),
        ([{"ErrorEquals": ["States.ALL"], "MaxAttempts": 0}], True),
        ([{"ErrorEquals": ["A"], "MaxAttempts": 0}, {"ErrorEquals": ["States.ALL"]}], False),
        ([{"ErrorEquals": ["${errors}"]}], False),
        ([{"ErrorEquals": ["Sqs.SdkClientException"]}], True),
        ([{"ErrorEquals": ["States.Timeout"], "MaxAttempts": "${attempts}"}], False),
        ([], True),
    ],
)
@pytest.mark.parametrize("config", [{}, {"ProcessorConfig": {"Mode": "DISTRIBUTED"}}])
def test_a_map_whose_items_are_retried_is_right(
    retry: list[Any], is_told: bool, config: dict[str, Any]
) -> None:
    """A join asks for all once more; a Retry of no attempts changes nothing."""
    made = _map(config=config)
    made["States"]["All"]["ItemProcessor"]["States"]["Wait"]["Retry"] = retry
    assert bool(of("map-or-join", made)) is is_told
    made["States"]["All"]["MaxConcurrency"] = 60
    if not config:
        (found,) = of("map-concurrency", made)
        assert ("ask for one join" in found.problem.fix) is is_told


def test_a_map_of_joins_is_told_nothing() -> None:
    """Each of its waits is for many already."""
    inner = join(**{"members.$": "$.ids"})
    made = machine(All={"Type": "Map", "ItemProcessor": inner, "ResultPath": "$.a", "End": True})
    assert of("map-or-join", made) == []


def test_too_many_items_are_told_of_a_join() -> None:
    """Where nothing is done for an item; elsewhere of a distributed Map alone."""
    example = {"features": list(range(60))}
    (found,) = of("map-concurrency", _map(), example=example)
    assert "ask for one join" in found.problem.fix
    (found,) = of("map-concurrency", _map(Then=TASK), example=example)
    assert "join" not in found.problem.fix


def test_a_request_in_a_text_has_its_place_at_its_state() -> None:
    """Lines in a text are not lines of the file."""
    made = send(json.dumps({"join": {"membres": []}}), attribute())
    (found,) = of("join-request", made)
    assert found.problem.at.line > 1
