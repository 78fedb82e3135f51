"""What the hooks and the sender add: bare and wrapped handlers side by side, as ratios.

Everything runs against moto in this process, so a call costs about the same for both sides
and no network is measured: the ratios tell what the plugin adds in work and calls, not in
milliseconds of AWS. Nothing is asserted.
"""

from __future__ import annotations

import os
import statistics
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 6
WAITERS = 1000
ANSWERED = 5000


@dataclass(frozen=True)
class Result:
    """One comparison.

    Attributes:
        what: what was measured.
        bare: processor seconds without the plugin, or of the ideal.
        ours: processor seconds with it.
        note: what else there is to say.
    """

    what: str
    bare: float
    ours: float
    note: str = ""

    @property
    def ratio(self) -> float:
        """How many times as long."""
        return self.ours / self.bare


def timed(work: Callable[[], object]) -> float:
    """Processor seconds that a piece of work takes in all threads of this process."""
    start = time.process_time()
    work()
    return time.process_time() - start


def side_by_side(
    bare: Callable[[int], Callable[[], object]],
    ours: Callable[[int], Callable[[], object]],
) -> tuple[float, float]:
    """Medians of both, run by turns; each prepares its round before its time counts."""
    first: list[float] = []
    second: list[float] = []
    for number in range(-1, ROUNDS):  # the first round warms up
        pair = [(first, bare), (second, ours)]
        for times, prepare in pair if number % 2 else reversed(pair):
            seconds = timed(prepare(number))
            if number >= 0:
                times.append(seconds)
    return statistics.median(first), statistics.median(second)


def fresh_world(stack: ExitStack) -> Any:
    """A deployment in moto whose executions end at once, as if nobody ran them."""
    from moto import mock_aws

    from cirrus_callbacks_plugin.local.moto_corrections.corrected import batches_executed
    from support.cirrus_world import World

    stack.enter_context(mock_aws())
    stack.enter_context(batches_executed())
    world = World()
    os.environ.update(world.names.environment(), CIRRUS_CALLBACKS_WORKFLOWS="*")
    world.add_workflow("sentinel-2-cog")
    return world


def process_batches(world: Any, size: int, tokens: int) -> Result:
    """``process`` with a batch of new payloads."""
    from cirrus.lambda_functions.process import lambda_handler as bare

    from cirrus_callbacks_plugin.lambda_functions.process import lambda_handler as wrapped
    from support.cirrus_world import Context, payload

    def prepare(handler: Any, side: str, with_tokens: int) -> Callable[[int], Any]:
        def of_round(number: int) -> Callable[[], object]:
            for index in range(size):
                name = f"{side}-{size}-{tokens}-{number}-{index}"
                world.send(payload(name), name if index < with_tokens else None)
            event = world.receive()
            world.delete(event)
            return lambda: handler(event, Context())

        return of_round

    times = side_by_side(prepare(bare, "bare", 0), prepare(wrapped, "ours", tokens))
    return Result(f"process: {size} message(s), {tokens} with a token", *times)


def update_states(world: Any, waiters: int) -> Result:
    """``update-state`` of a payload with some waiters."""
    from cirrus.lambda_functions.update_state import lambda_handler as bare

    from cirrus_callbacks_plugin.lambda_functions.update_state import lambda_handler as wrapped
    from support.cirrus_world import Context

    def prepare(handler: Any, side: str, rows: int) -> Callable[[int], Any]:
        def of_round(number: int) -> Callable[[], object]:
            event = ended_payload(world, f"{side}-{waiters}-{number}", rows)
            return lambda: handler(event, Context(900))

        return of_round

    times = side_by_side(prepare(bare, "bare", 0), prepare(wrapped, "ours", waiters))
    return Result(f"update-state: {waiters} waiter(s)", *times)


def ended_payload(world: Any, item: str, rows: int, answered: int = 0) -> dict[str, Any]:
    """A payload in progress with open and answered rows, and the event of its end."""
    from cirrus.lib.statedb import StateDB

    from cirrus_callbacks_plugin.waits.row import Wait, shard
    from support.cirrus_world import payload, payload_id

    about = payload_id(item)
    arn = world.run_arn(item)
    states, waits = StateDB(), world.waits()
    states.claim_processing(payload_id=about, execution_arn=arn)
    states.set_processing(about)
    items = []
    for index in range(rows + answered):
        token = f"{item}-{index:05}-" + "t" * 600  # as long as Step Functions' own
        times = {"settled_at": waits.now(), "answered_at": waits.now()} if index >= rows else {}
        row = Wait(
            about,
            token,
            workflow="sentinel-2-cog",
            registered_at=waits.now(),
            waiting=None if times else shard(token),
            cirrus_version="2.0.0",
            **times,
        )
        items.append({"PutRequest": {"Item": row.to_item()}})
    for start in range(0, len(items), 25):
        request = {waits.name: items[start : start + 25]}
        world.dynamodb.batch_write_item(RequestItems=request)
    event: dict[str, Any] = world.event_about(arn, about={"id": about, **payload(item)})
    return event


def settling(world: Any) -> Result:
    """Settling a thousand waiters against the same calls with nothing between them."""
    from cirrus.lambda_functions.update_state import lambda_handler as bare

    from cirrus_callbacks_plugin.aws.side_by_side import run_side_by_side
    from cirrus_callbacks_plugin.lambda_functions.update_state import lambda_handler
    from cirrus_callbacks_plugin.waits.outcome import Outcome
    from support.cirrus_world import Context, payload_id

    bare_event = ended_payload(world, "ideal", WAITERS)
    waits, about = world.waits(), payload_id("ideal")
    outcome = Outcome("SUCCEEDED", world.run_arn("ideal"))

    def ideal() -> None:
        bare(bare_event, Context(900))
        for page in waits.open_rows(about):
            run_side_by_side(lambda row: waits.settle(row.key, outcome), page)

    seconds = timed(ideal)
    event = ended_payload(world, "settled", WAITERS)
    ours = timed(lambda: lambda_handler(event, Context(900)))
    return Result(f"settling {WAITERS} waiters", seconds, ours, "against the same calls alone")


def sending(world: Any) -> Result:
    """The sender on a thousand settled rows against the same calls with nothing between."""
    from cirrus_callbacks_plugin.aws.side_by_side import run_side_by_side
    from cirrus_callbacks_plugin.lambda_functions.sender import lambda_handler
    from cirrus_callbacks_plugin.waits.row import Wait, shard
    from support.cirrus_world import Context

    waits = world.waits()
    while world.new_stream_records():
        pass

    def rows(side: str) -> list[Any]:
        made = []
        for number in range(WAITERS):
            row = Wait(
                f"c/workflow-w/{side}-{number}",
                f"{side}-{number}",
                workflow_state="SUCCEEDED",
                registered_at=waits.now(),
                settled_at=waits.now(),
                waiting=shard(f"{side}-{number}"),
            )
            made.append(waits.register(row))
        return made

    world.sfn.meta.events.register_last("before-call.stepfunctions.SendTaskSuccess", _accepted)
    ideal_rows = rows("ideal")

    def ideal() -> None:
        read = waits.read([row.key for row in ideal_rows])
        run_side_by_side(answer, list(read.values()))

    def answer(row: Any) -> None:
        world.sfn.send_task_success(taskToken=row.task_token, output="{}")
        waits.mark_answered(row.key, "success", answer_error=None, retention_days=60)

    seconds = timed(ideal)
    while world.new_stream_records():
        pass
    rows("ours")
    records: list[Any] = []
    while batch := world.new_stream_records():
        records += batch
    accept_answers()
    ours = timed(lambda: lambda_handler({"Records": records}, Context(900)))
    return Result(f"sender: {WAITERS} rows", seconds, ours, "against the same calls alone")


def accept_answers() -> None:
    """Let the sender's client take every token: moto's tokens are of executions in a thread."""
    from cirrus_callbacks_plugin.lambda_functions.clients import clients

    clients().stepfunctions.meta.events.register_last(
        "before-call.stepfunctions.SendTaskSuccess",
        _accepted,
    )


def _accepted(**_: object) -> Any:
    class Response:
        status_code = 200

    return Response(), {"ResponseMetadata": {"HTTPStatusCode": 200}}


def answered_rows(world: Any) -> tuple[int, float]:
    """Pages and read units of update-state's Query with answered rows in the partition."""
    from support.cirrus_world import payload_id

    ended_payload(world, "busy", 0, ANSWERED)
    pages, units, start = 0, 0.0, {}
    while True:
        page = world.dynamodb.query(
            TableName=world.names.callbacks_table,
            ConsistentRead=True,
            KeyConditionExpression="payload_id = :p",
            FilterExpression="attribute_not_exists(settled_at)",
            ExpressionAttributeValues={":p": {"S": payload_id("busy")}},
            **start,
        )
        pages += 1
        if not page.get("LastEvaluatedKey"):
            break
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
    size = sum(
        len(name) + len(next(iter(value.values())))
        for row in world.dynamodb.query(
            TableName=world.names.callbacks_table,
            KeyConditionExpression="payload_id = :p",
            ExpressionAttributeValues={":p": {"S": payload_id("busy")}},
            Limit=1,
        )["Items"]
        for name, value in row.items()
    )
    units = ANSWERED * size / 4096  # a consistent read unit is 4 KB; moto counts none
    return pages, units


def measure() -> tuple[list[Result], tuple[int, float]]:
    """Run everything."""
    results: list[Result] = []
    with ExitStack() as stack:
        world = fresh_world(stack)
        batches = ((1, 0), (1, 1), (10, 0), (10, 1), (10, 10))
        results += [process_batches(world, size, tokens) for size, tokens in batches]
        results += [update_states(world, waiters) for waiters in (0, 1, 10)]
    with ExitStack() as stack:
        results.append(settling(fresh_world(stack)))
    with ExitStack() as stack:
        results.append(sending(fresh_world(stack)))
    with ExitStack() as stack:
        return results, answered_rows(fresh_world(stack))


def to_json(results: list[Result], answered: tuple[int, float]) -> dict[str, Any]:
    """One object with stable keys."""
    pages, units = answered
    rows = [{**asdict(result), "ratio": round(result.ratio, 3)} for result in results]
    busy = {"rows": ANSWERED, "pages": pages, "read_units": round(units, 1)}
    return {"comparisons": rows, "answered_rows": busy}
