"""The graph of waits: who is who, what goes round, where to begin."""

from __future__ import annotations

import io
import json

from hypothesis import given
from hypothesis import strategies as st

from cirrus_callbacks_plugin.cirrus.state_table import Record
from cirrus_callbacks_plugin.cli.json_stream import write_members
from cirrus_callbacks_plugin.graph.layers import places_of
from cirrus_callbacks_plugin.graph.model import Identities, graph_of
from cirrus_callbacks_plugin.protocol.error_names import NOT_TAKEN
from cirrus_callbacks_plugin.reconcile.cycles import cycles_of
from cirrus_callbacks_plugin.waits.row import Wait
from support.waiting_graph import CHAIN, CYCLE, DIAMOND, NOW, graph, hundreds, payload

PAIRS = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("abcdefgh")), max_size=16)
ARN = "arn:aws:states:us-west-2:123456789012:execution:x-w:run"


def _reached(below: dict[str, set[str]], start: str) -> set[str]:
    seen: set[str] = set()
    left = list(below.get(start, ()))
    while left:
        name = left.pop()
        if name not in seen:
            seen.add(name)
            left.extend(below.get(name, ()))
    return seen


@given(PAIRS)
def test_a_node_is_in_a_cycle_where_it_reaches_itself(pairs: list[tuple[str, str]]) -> None:
    """And in one group with exactly those that it reaches and that reach it."""
    below: dict[str, set[str]] = {}
    for waiter, child in pairs:
        below.setdefault(waiter, set()).add(child)
    groups = cycles_of("abcdefgh", {name: sorted(found) for name, found in below.items()})
    found = {name: set(group) for group in groups for name in group}
    for name in "abcdefgh":
        ahead = _reached(below, name)
        if name in ahead:
            assert found[name] == {other for other in ahead if name in _reached(below, other)}
        else:
            assert name not in found


@given(PAIRS)
def test_every_node_hangs_below_a_top(pairs: list[tuple[str, str]]) -> None:
    """So that a tree shows all; and no top below another one, unless both are in its cycle."""
    made = graph(pairs)
    below = {name: set(children) for name, children in made.below.items()}
    reached = {name for top in made.tops for name in (top, *_reached(below, top))}
    assert reached == set(made.nodes)
    for top in made.tops:
        others = [other for other in made.tops if other != top]
        assert all(top not in _reached(below, other) for other in others)


@given(PAIRS)
def test_no_two_nodes_stand_in_one_place(pairs: list[tuple[str, str]]) -> None:
    """And what is waited for stands to the right, unless the wait goes round."""
    made = graph(pairs)
    places = places_of(made)
    assert set(places) == set(made.nodes)
    assert len(set(places.values())) == len(places)
    for waiter, children in made.below.items():
        for child in children:
            if not made.is_cyclic(waiter, child):
                assert places[waiter][0] < places[child][0]


def test_hundreds_of_nodes_fill_a_screen() -> None:
    """Neither one endless column nor one endless row."""
    places = places_of(graph(hundreds()))
    columns = max(x for x, _ in places.values())
    rows = max(y for _, y in places.values())
    assert 1 / 2 < (columns * 340) / (rows * 56) < 3
    many = places_of(graph([("one", str(number)) for number in range(400)]))
    assert max(y for _, y in many.values()) < 60


def test_a_chain_longer_than_the_stack() -> None:
    """Thousands of waits in a line are drawn like three."""
    made = graph([(str(number), str(number + 1)) for number in range(3000)])
    assert made.cycles == ()
    assert made.tops == (payload("0"),)
    assert max(x for x, _ in places_of(made).values()) == 3000


def test_shapes() -> None:
    """A chain and a diamond have one top and no cycle; a cycle is found below its top."""
    assert graph(CHAIN).tops == graph(DIAMOND).tops == (payload("a"),)
    assert graph(DIAMOND).cycles == ()
    made = graph(CYCLE)
    assert made.tops == (payload("top"),)
    assert [set(group) for group in made.cycles] == [{payload(name) for name in "xyz"}]
    assert not made.is_cyclic(payload("y"), payload("leaf"))
    assert graph([("x", "x")]).cycles == ((payload("x"),),)
    assert graph([("a", "b"), ("b", "a"), ("b", "c"), ("c", "d"), ("d", "c")]).tops == (
        payload("a"),
    )


def _row(waiter: str | None, arn: str | None, name: str = "t") -> Wait:
    return Wait(
        payload("child"), name, waiter_payload_id=waiter, waiter_execution_arn=arn, answer="stale"
    )


def test_an_execution_is_known_as_its_payload() -> None:
    """From another row that told both, or from the runs that a record lists."""
    rows = [_row(None, ARN, "a"), _row(payload("parent"), ARN, "b")]
    identities = Identities()
    identities.learn(rows, {})
    assert identities.waiter_of(rows[0]) == (payload("parent"), "payload")
    identities = Identities()
    identities.learn([], {payload("parent"): Record("PROCESSING", "PROCESSING_x", ("old", ARN))})
    assert identities.waiter_of(rows[0]) == (payload("parent"), "payload")
    assert Identities().waiter_of(rows[0]) == (ARN, "execution")
    unknown, kind = Identities().waiter_of(_row(None, None, "secret"))
    assert kind == "unknown"
    assert "secret" not in unknown


def test_titles_and_outcomes() -> None:
    """People see a payload's short id, a run's name, a wait's digest; and what it was told."""
    rows = [
        (_row(None, ARN, "a"), None),
        (_row(None, "odd", "b"), None),
        (_row(None, None, "c"), None),
    ]
    made = graph_of(rows, {}, Identities())
    titles = [node.title for node in made.nodes.values()]
    assert titles[:3] == ["x-w:run", "w/child", "odd"]
    assert titles[3].startswith("somebody (")
    assert made.nodes[ARN].execution_arn == ARN
    assert [edge.outcome for edge in made.edges] == [NOT_TAKEN] * 3
    failed = Wait("p", "t", answer="failure", answer_error="CirrusCallback.Failed", answered_at="x")
    (edge,) = graph_of([(failed, None)], {}, Identities()).edges
    assert (edge.outcome, edge.age_seconds(NOW)) == ("CirrusCallback.Failed", None)


def test_json_has_no_token() -> None:
    """Digests stand for tokens; the keys are stable."""
    out = io.StringIO()
    write_members(out, graph(CYCLE).json_members(NOW))
    told = json.loads(out.getvalue())
    assert "token-" not in json.dumps(told)
    assert set(told) == {"nodes", "edges", "cycles", "focus", "is_cut"}
    assert [edge["in_cycle"] for edge in told["edges"]] == [False, True, True, True, False]
    assert told["edges"][0]["age_seconds"] == 5 * 3600
