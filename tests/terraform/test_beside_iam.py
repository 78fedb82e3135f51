"""The whole loop on the applied infrastructure, every call held against its role's policies."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from cirrus_callbacks_plugin.aws.deadline import Deadline
from cirrus_callbacks_plugin.hooks import own_time
from cirrus_callbacks_plugin.hooks.services import HookClients
from cirrus_callbacks_plugin.iam.permissions import PERMISSIONS
from cirrus_callbacks_plugin.lambda_functions import reconciler
from cirrus_callbacks_plugin.waits.table import utc_now
from support.applied_world import ACCOUNT, FUNCTIONS, REGION, AppliedWorld
from support.cirrus_world import payload
from support.enforced_iam import Call, Enforcement, Place, allows, documents_of
from support.in_batches import in_batches
from support.terraform_walks import PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.terraform_walks import Beside

pytestmark = pytest.mark.xdist_group("terraform-beside")

PARENT, JOINED = "mosaic", "mosaic-joined"

BY_AWS_ALONE = {permission.statement for permission in PERMISSIONS if permission.aws}
"""Statements that no code of ours uses: the list says what AWS does with each."""


@pytest.fixture(scope="module")
def loop(beside: Beside) -> Enforcement:
    """The loop, run once with everything enforced; tests judge what it needed."""
    world = beside.world
    iam = world.client("iam")
    enforcement = Enforcement(Place(ACCOUNT, REGION))
    for name in FUNCTIONS:
        enforcement.documents[name] = documents_of(iam, world.role_of(name))
    for parent in (PARENT, JOINED):
        role = world.client("stepfunctions").describe_state_machine(
            stateMachineArn=world.machine(parent)
        )["roleArn"]
        enforcement.documents[parent] = documents_of(iam, role.rpartition("/")[2])
    enforcement.keys[f"{PREFIX}-callbacks"] = beside.outputs["kms_key_arn"]
    enforced = AppliedWorld(world.endpoint, PREFIX, enforcement)
    with pytest.MonkeyPatch.context() as patch:
        enforcement.install(patch)
        # The hooks give AWS a second: too little for moto on a busy machine, and not the point.
        patient = HookClients.config.merge(Config(connect_timeout=30, read_timeout=30))
        patch.setattr(HookClients, "config", patient)
        patch.setattr(own_time, "OWN_SECONDS", 60.0)
        _run_the_loop(enforced, enforcement, patch)
    return enforcement


def child(name: str, *, fails: bool = False, workflow: str = "sentinel-2-cog") -> dict[str, Any]:
    """A payload of the child workflow."""
    return payload(name, workflow, tasks={"fail": {}} if fails else {})


def _begin_join(
    world: AppliedWorld,
    enforcement: Enforcement,
    *members: dict[str, Any],
    url: str | None = None,
) -> str:
    """Start a parent that joins members, behind ``url`` where one is given."""
    execution = world.start(JOINED, payload("j", JOINED, tasks={"wait": {"children": members}}))
    with world.acting_as(JOINED):
        enforcement.check("sqs", "SendMessage", {"QueueUrl": world.queue_url})
    world.messages(1)
    if url is not None:
        _ask_for(world, url)
    world.process()
    return execution


def _ask_for(world: AppliedWorld, url: str) -> None:
    """Let the message that is in the queue name its list by a URL."""
    sqs = world.client("sqs")
    (message,) = sqs.receive_message(QueueUrl=world.queue_url, MessageAttributeNames=["All"])[
        "Messages"
    ]
    attributes = {
        name: {"DataType": each["DataType"], "StringValue": each["StringValue"]}
        for name, each in message["MessageAttributes"].items()
    }
    sqs.delete_message(QueueUrl=world.queue_url, ReceiptHandle=message["ReceiptHandle"])
    sqs.send_message(
        QueueUrl=world.queue_url,
        MessageBody=json.dumps({"join": {"members_url": url}}),
        MessageAttributes=attributes,
    )


def _begin(world: AppliedWorld, enforcement: Enforcement, *children: dict[str, Any]) -> str:
    """Start a parent; its sends, which moto makes, are checked as its role's."""
    execution = world.start(PARENT, payload("p", PARENT, tasks={"wait": {"children": children}}))
    for _ in children:
        with world.acting_as(PARENT):
            enforcement.check("sqs", "SendMessage", {"QueueUrl": world.queue_url})
    world.messages(len(children))
    world.process()
    return execution


def _work(world: AppliedWorld) -> None:
    """Let stream and queue run until nothing of them is left."""
    for _ in range(4):
        world.send_answers()
        world.process()


def _join_answer(world: AppliedWorld, execution: str) -> dict[str, Any]:
    """What a parent has of its join once it has ended; the whole list is where it says."""
    answer = dict(json.loads(world.ended(execution)["output"])["answer"])
    at = answer["members_at"]
    written = world.client("s3").get_object(Bucket=at["bucket"], Key=at["key"])["Body"].read()
    assert json.loads(written) == answer["members"]
    return answer


def _answers(world: AppliedWorld, execution: str) -> list[dict[str, Any]]:
    """What a parent has of its children once it has ended."""
    return list(json.loads(world.ended(execution)["output"])["answers"])


def _run_of(world: AppliedWorld, item: str) -> str:
    """The one run of a child's payload."""
    (found,) = [
        execution
        for execution in world.executions("sentinel-2-cog")
        if f'"{item}"' in world.describe(execution)["input"]
    ]
    return found


def _passes(world: AppliedWorld, patch: pytest.MonkeyPatch) -> Callable[[], dict[str, Any]]:
    """Passes, each three hours after the last one: what that settled is past its grace period."""
    ahead = timedelta()
    patch.setattr(reconciler, "utc_now", lambda: utc_now() + ahead)

    def one_pass() -> dict[str, Any]:
        nonlocal ahead
        ahead += timedelta(hours=3)
        return world.invoke("reconciler", {}, seconds=300)

    return one_pass


def _run_the_loop(
    world: AppliedWorld,
    enforcement: Enforcement,
    patch: pytest.MonkeyPatch,
) -> None:
    tag = uuid.uuid4().hex[:8]
    good, bad, lost_item, lost_and_bad = (f"{name}-{tag}" for name in ("good", "bad", "l", "lb"))

    # A child that succeeds, and one whose waits update-state has no time to settle: the
    # sender has none either at first, and then works them off.
    both = _begin(world, enforcement, child(good), child(bad, fails=True))
    world.send_answers()
    world.update_state(_run_of(world, good))
    world.send_answers()
    with pytest.MonkeyPatch.context() as no_time:
        no_time.setattr(Deadline, "has_time_left", lambda _: False)
        world.update_state(_run_of(world, bad))
        world.send_answers(seconds=0)
    world.send_answers()
    world.send_answers()
    assert _answers(world, both)[1] == {"error": "CirrusCallback.Failed"}

    # Their rows are written in batches, as more than a few are.
    # A payload that is completed already, and one whose workflow has no state machine:
    # cirrus marks it FAILED, no event comes of it, and its flag is off.
    with in_batches():
        known = _begin(world, enforcement, child(good))
        world.send_answers()
        attached = {"payload_id": _answers(world, known)[0]["payload_id"]}
        nowhere = _begin(world, enforcement, child(f"nowhere-{tag}", workflow="landsat"))
        world.send_answers()
        assert _answers(world, nowhere) == [{"error": "CirrusCallback.NotEnabled"}]

        # A join of one that ended and one that is sent; another whose list lies in S3.
        process = world.function("process")["Environment"]["Variables"]
        bucket, listed = process["CIRRUS_PAYLOAD_BUCKET"], child(f"listed-{tag}")
        joined = _begin_join(world, enforcement, child(f"joined-{tag}"), attached)
        world.client("s3").put_object(Bucket=bucket, Key="lists/a.json", Body=json.dumps([listed]))
        behind = _begin_join(world, enforcement, url=f"s3://{bucket}/lists/a.json")
        _work(world)
        for item in (f"joined-{tag}", f"listed-{tag}"):
            world.update_state(_run_of(world, item))
        _work(world)
        assert _join_answer(world, joined)["succeeded"] == 2
        assert _join_answer(world, behind)["succeeded"] == 1

    # Ends whose events are lost: the reconciler settles, and answers where the stream
    # records are lost as well.
    lost = [
        _begin(world, enforcement, child(lost_item)),
        _begin(world, enforcement, child(lost_and_bad, fails=True)),
    ]
    for item in (lost_item, lost_and_bad):
        world.ended(_run_of(world, item))
    one_pass = _passes(world, patch)
    first = one_pass()
    assert (first["settled"], first["failed"], first["stuck"]) == (2, 0, 2)
    second = one_pass()
    assert (second["answered"], second["failed"]) == (2, 0)
    assert "payload_id" in _answers(world, lost[0])[0]
    assert _answers(world, lost[1]) == [{"error": "CirrusCallback.Failed"}]
    world.new_records()

    # A join of which the stream tells nobody: neither that it is to be sent, nor how it ended.
    unheard = _begin_join(world, enforcement, child(f"unheard-{tag}"))
    world.new_records()
    one_pass()
    _work(world)
    world.update_state(_run_of(world, f"unheard-{tag}"))
    world.new_records()
    with in_batches():
        for _ in range(3):
            one_pass()
            world.new_records()
    assert _join_answer(world, unheard)["succeeded"] == 1


def test_every_call_of_the_loop_is_allowed(loop: Enforcement) -> None:
    """With the attached policies enforced, nothing is refused and every wait is answered."""
    assert loop.refused == []
    assert {call.role for call in loop.calls} == {*FUNCTIONS, PARENT, JOINED}


def test_every_wait_of_the_loop_was_answered(loop: Enforcement, beside: Beside) -> None:
    """The loop ran through: no row is left open, none stale."""
    waits = [row for row in beside.world.rows() if "registered_at" in row]
    assert {row.get("answer") for row in waits} == {"success", "failure"}


def _ours(loop: Enforcement) -> list[tuple[str, dict[str, Any]]]:
    """Every statement that the module attached, with the role it belongs to."""
    return [
        (role, statement)
        for role, documents in loop.documents.items()
        for document in documents
        for statement in document["Statement"]
        if "Sid" in statement and not statement["Sid"].startswith("AWS")
    ]


def test_each_statement_is_needed(loop: Enforcement) -> None:
    """Without any one statement of ours a call of the loop would be refused.

    Except those that AWS's services alone use, which are listed with their reasons.
    """
    unused = {
        (role, statement["Sid"])
        for role, statement in _ours(loop)
        if not loop.without(role, statement["Sid"])
    }
    assert {sid for _, sid in unused} <= BY_AWS_ALONE
    used = {sid for _, statement in _ours(loop) for sid in [statement["Sid"]]} - {
        sid for _, sid in unused
    }
    assert used.isdisjoint(BY_AWS_ALONE), "listed as AWS's own, and used by our code"


def test_each_action_is_needed(loop: Enforcement) -> None:
    """No statement allows an action that the loop did without."""
    idle = {
        (role, action)
        for role, statement in _ours(loop)
        if statement["Sid"] not in BY_AWS_ALONE
        for action in statement["Action"]
        if not any(
            call.role == role
            and call.action == action
            and allows([{"Statement": [statement]}], call.action, call.resource)
            for call in loop.calls
        )
    }
    assert idle == set()


def test_a_call_that_no_policy_allows_is_refused(beside: Beside, loop: Enforcement) -> None:
    """The enforcement has teeth: update-state may not read the tracking table in batches."""
    table = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{PREFIX}-callbacks"
    assert not allows(loop.documents["update_state"], "dynamodb:BatchGetItem", table)
    assert not allows(loop.documents["reconciler"], "dynamodb:DeleteItem", table)
    with pytest.MonkeyPatch.context() as patch:
        enforcement = Enforcement(loop.place, loop.documents)
        enforcement.install(patch)
        dynamodb = beside.world.client("dynamodb")
        request = {f"{PREFIX}-callbacks": {"Keys": [{"payload_id": {"S": "x"}}]}}
        with (
            enforcement.acting_as("update_state"),
            pytest.raises(ClientError, match="AccessDenied"),
        ):
            dynamodb.batch_get_item(RequestItems=request)
    assert enforcement.refused == [Call("update_state", "dynamodb:BatchGetItem", table)]


def test_other_deployments_are_out_of_reach(loop: Enforcement) -> None:
    """Executions of another prefix may be neither listed nor described."""
    states = f"arn:aws:states:{REGION}:{ACCOUNT}"
    documents = loop.documents["reconciler"]
    for action, kind in (
        ("states:ListExecutions", "stateMachine:other-workflow"),
        ("states:DescribeExecution", "execution:other-workflow:1"),
    ):
        assert not allows(documents, action, f"{states}:{kind}")
    listed = Call("reconciler", "states:ListExecutions", f"{states}:stateMachine:{PREFIX}-mosaic")
    assert allows(documents, listed.action, listed.resource)
