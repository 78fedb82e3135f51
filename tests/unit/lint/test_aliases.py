"""YAML's aliases: what they repeat is looked into once, wherever it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cirrus_callbacks_plugin.asl.nodes import Node
from support.linted import findings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LEVELS = 24
"""Two aliases each: sixteen million values, were each of them looked at."""
ENOUGH = 200_000


@pytest.fixture
def visits(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How often the members of a node were asked for."""
    counted = [0]
    members = Node.members.fget  # type: ignore[attr-defined]

    def counting(node: Node) -> Mapping[str, Node]:
        counted[0] += 1
        assert counted[0] <= ENOUGH, "aliases are walked one by one"
        made: Mapping[str, Node] = members(node)
        return made

    monkeypatch.setattr(Node, "members", property(counting))
    return iter([counted])


def doubled(first: str, indent: str = "") -> str:
    """A mapping of which each member has the one before it twice."""
    lines = [f"{indent}l0: &l0 {first}"]
    for level in range(1, LEVELS):
        before = f"*l{level - 1}"
        lines.append(f"{indent}l{level}: &l{level} {{a: {before}, b: {before}}}")
    return "\n".join(lines)


def wait(more: str = "", body: str = "{}", output: str = "") -> str:
    return f"""
    Wait:
      Type: Task
      Resource: arn:aws:states:::sqs:sendMessage.waitForTaskToken
      Parameters:
        QueueUrl: ${{process_queue_url}}
        MessageBody: {body}
        MessageAttributes:
          cirrus-task-token: {{DataType: String, StringValue.$: $$.Task.Token}}
          cirrus-waiter-payload-id: {{DataType: String, StringValue.$: $.id}}
      {more}
      TimeoutSeconds: 60
      ResultPath: $.answer
      {output}
      End: true
"""


def machine(states: str) -> str:
    return f"  StartAt: Wait\n  States:{states}"


FILES = {
    "beside a machine": f"{doubled('{x: 1}')}\nmachine:\n{machine(wait())}",
    "in its message": f"{doubled('{x: 1}')}\nmachine:\n{machine(wait(body='*l23'))}",
    "with a mention": (
        f"{doubled('{x.$: $$.Execution.Id}')}\nmachine:\n{machine(wait(body='*l23'))}"
    ),
    "with a token": f"{doubled('{x.$: $$.Task.Token}')}\nmachine:\n{machine(wait(body='*l23'))}",
    "in what is selected": (
        f"{doubled('{x.$: $.payload_id}')}\nmachine:\n"
        f"{machine(wait(output='ResultSelector: *l23'))}"
    ),
    "a machine in each": f"{doubled('{StartAt: A, States: {A: {Type: Pass, End: true}}}')}"
    f"\nmachine:\n{machine(wait())}",
    "in a resource": f"{doubled('{x: {Ref: A}}')}\nmachine:\n{machine(wait(body='*l23'))}",
}


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_aliases_of_aliases(text: str, visits: list[list[int]]) -> None:
    """The nodes that are looked at are counted: they are those that stand in the file."""
    assert "timeout" not in {each.rule.id for each in findings(text, "x.yaml")}
    (counted,) = visits
    assert counted[0] <= ENOUGH


def test_aliases_of_states(visits: list[list[int]]) -> None:
    """Maps in Maps by aliases: no more states are read than a machine can hold, and some more."""
    lines = ["m0: &m0 {StartAt: A, States: {A: {Type: Pass, End: true}}}"]
    for level in range(1, LEVELS):
        part = f"{{Type: Map, ItemProcessor: *m{level - 1}, Next: B}}"
        states = f"{{A: {part}, B: {part.replace('Next: B', 'End: true')}}}"
        lines.append(f"m{level}: &m{level} {{StartAt: A, States: {states}}}")
    lines.append(f"machine:\n{machine(wait())}")
    lines.append(f"    All: {{Type: Map, ItemProcessor: *m{LEVELS - 1}, End: true}}")
    findings("\n".join(lines), "x.yaml")
    (counted,) = visits
    assert counted[0] <= ENOUGH


def test_merges_of_merges(visits: list[list[int]]) -> None:
    """``<<`` of lists of mappings that merge others: a key is taken once."""
    lines = ["m0: &m0 {TimeoutSeconds: 60, Type: Pass}"]
    lines += [
        f"m{level}: &m{level}\n  <<: [*m{level - 1}, *m{level - 1}]\n  k{level}: 1"
        for level in range(1, LEVELS)
    ]
    lines.append(f"machine:\n{machine(wait(more=f'<<: *m{LEVELS - 1}'))}")
    text = "\n".join(lines)
    assert "duplicate-key" not in {each.rule.id for each in findings(text, "x.yaml")}
    (counted,) = visits
    assert counted[0] <= ENOUGH


def test_what_a_merge_brings_in() -> None:
    """A key of its own outranks a merged one, and the first of several the others."""
    text = f"""
a: &a {{TimeoutSeconds: 0, HeartbeatSeconds: 0}}
b: &b {{HeartbeatSeconds: 30}}
machine:
{machine(wait(more="<<: [*b, *a]"))}
"""
    told = {each.rule.id for each in findings(text, "x.yaml")}
    assert "number" not in told
    assert "heartbeat" in told


def test_an_alias_that_carries_the_token() -> None:
    """A part that stands in two places is a carrier in the one that the product reads."""
    text = f"""
callback: &callback {{task_token.$: $$.Task.Token}}
machine:
{machine(wait(body="{other: *callback, process: [{callback: *callback}]}"))}
"""
    text = text.replace("cirrus-task-token", "note")
    assert "token" not in {each.rule.id for each in findings(text, "x.yaml")}
