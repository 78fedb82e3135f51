"""What an example of the input tells: how large the results are, and what is not there."""

from __future__ import annotations

from typing import Any

import pytest

from cirrus_callbacks_plugin.lint.rules.input_by_url import LIMIT_BYTES
from support.linted import JSONATA_TOKEN, attribute, jsonata, machine, of, send
from support.states import passing

ITEM = {"id": "x"}
BODY = {"process": [{"workflow": "child"}], "features.$": "$.features"}


def _map(
    *, mode: str = "INLINE", ends: dict[str, Any] | None = None, **fields: Any
) -> dict[str, Any]:
    inner = send({"process.$": "$.p"}, attribute(), ResultPath=None)
    if ends is not None:
        del inner["States"]["Wait"]["End"]
        inner["States"]["Wait"].update(Next="Then", ResultPath="$.answer")
        inner["States"]["Then"] = {**passing(), **ends}
    processor = {"ProcessorConfig": {"Mode": mode}, **inner}
    given = {"ItemsPath": "$.features", "ResultPath": "$.answers", **fields}
    return machine(All={"Type": "Map", "ItemProcessor": processor, "End": True, **given})


def items(number: int) -> dict[str, Any]:
    return {"features": [ITEM] * number}


@pytest.mark.parametrize(
    ("made", "example", "is_found"),
    [
        (_map(), items(600), True),
        (_map(), items(400), False),
        (_map(), None, False),
        (_map(mode="DISTRIBUTED"), items(600), True),
        (_map(mode="DISTRIBUTED", ResultWriter={"Resource": "x"}), items(600), False),
        (_map(mode="DISTRIBUTED", ItemReader={"Resource": "x"}), items(600), False),
        (_map(ends={"Parameters": {"answer.$": "$.answer"}}), items(600), True),
        (_map(ends={"Parameters": {"state.$": "$.answer.workflow_state"}}), items(600), False),
        (_map(ends={"Result": "done"}), items(600), False),
        (_map(ItemsPath="$.other"), items(600), False),
        (_map(), {"features": [ITEM] * 400, "more": "x" * 100_000}, True),
        (_map(ResultPath="$"), {"features": [ITEM] * 400, "more": "x" * 100_000}, False),
    ],
)
def test_results_that_are_too_large_together(
    made: dict[str, Any], example: Any, is_found: bool
) -> None:
    """Items times what one hands back, beside the input where it is kept: 256 KiB are all."""
    assert bool(of("result-size", made, example=example)) is is_found


def test_results_in_jsonata() -> None:
    """The same count, however the items are named."""
    inner = jsonata(
        {"MessageBody": "{}", "MessageAttributes": attribute(JSONATA_TOKEN, "StringValue")},
        Output="{% $states.result %}",
    )
    output = "{% $merge([$states.input, {'answers': $states.result}]) %}"
    fields = {"Items": "{% $states.input.features %}", "Output": output, "End": True}
    made = machine(All={"Type": "Map", "ItemProcessor": inner, **fields})
    made["QueryLanguage"] = "JSONata"
    (found,) = of("result-size", made, example=items(600))
    assert "600 results of about 500" in found.problem.message
    assert "one join" in found.problem.fix


LONG = {"features": [{"text": "x" * LIMIT_BYTES}]}
REFERENCE = {"url": "s3://bucket/key"}
FETCH = {"Type": "Task", "Resource": "arn:aws:lambda:x:y:function:f"}


@pytest.mark.parametrize("example", [LONG, REFERENCE])
@pytest.mark.parametrize(
    ("made", "path"),
    [
        (send(BODY, attribute()), "$.features"),
        (send({"id.$": "$$.Execution.Input.process[0].x"}, attribute()), "$$.Execution.Input"),
        (send({"features.$": "$.features[0]"}, attribute()), "$.features[0]"),
        (_map(), "$.features"),
        (
            machine(
                First=passing(Parameters={"f.$": "$.features"}, Next="Wait"), **send(BODY)["States"]
            ),
            "$.features",
        ),
        (
            jsonata(
                {
                    "QueueUrl": "${process_queue_url}",
                    "MessageBody": {"features": "{% $states.input.features %}"},
                    "MessageAttributes": attribute(JSONATA_TOKEN, "StringValue"),
                },
            ),
            "$states.input.features",
        ),
    ],
)
def test_a_long_payload_arrives_as_a_url(example: Any, made: dict[str, Any], path: str) -> None:
    """What is read of it is not there; the state that reads it is told."""
    found = of("input-by-url", made, example=example)
    assert found
    assert path in found[0].problem.message


@pytest.mark.parametrize(
    ("made", "example"),
    [
        (send(BODY, attribute()), None),
        (send(BODY, attribute()), {"features": []}),
        (send({"url.$": "$.url"}, attribute()), REFERENCE),
        (machine(Fetch={**FETCH, "Next": "Wait"}, **send(BODY, attribute())["States"]), LONG),
        (send({"process.$": "$.process[0].x"}, attribute()), ["not", "a", "payload"]),
        (machine(Only=passing(InputPath="$.features")), LONG),
    ],
)
def test_what_is_there_however_long_it_is(made: dict[str, Any], example: Any) -> None:
    """A short payload, the url itself, and what a function fetched."""
    assert of("input-by-url", made, example=example) == []
