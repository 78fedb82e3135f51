"""A Map of waits beside a join, with few children."""

from __future__ import annotations

from bench import joins

CHILDREN = 12


def test_a_join_is_one_wait_whatever_the_number_of_its_members() -> None:
    """One answer and a dozen events, where a Map has one answer and six events a child."""
    of_map, of_join = joins.measure(CHILDREN, lambda *_: None)
    assert (of_map.form, of_join.form) == ("map", "join")
    assert (of_map.answers, of_join.answers) == (CHILDREN, 1)
    assert of_join.events < 12
    assert of_map.events >= 6 * CHILDREN
