"""A Map of waits beside a join, with few children."""

from __future__ import annotations

from bench import joins, large_join

CHILDREN = 12


def test_a_join_is_one_wait_whatever_the_number_of_its_members() -> None:
    """One answer and a dozen events, where a Map has one answer and six events a child."""
    of_map, of_join = joins.measure(CHILDREN, lambda *_: None)
    assert (of_map.form, of_join.form) == ("map", "join")
    assert (of_map.answers, of_join.answers) == (CHILDREN, 1)
    assert of_join.events < 12
    assert of_map.events >= 6 * CHILDREN


def test_a_join_of_many_loses_nobody() -> None:
    """The parent is told of each, and what is told on the way counts up to all of them."""
    told: list[tuple[str, int]] = []
    large = large_join.measure(3, lambda *each: told.append(each))
    assert (large.succeeded, large.is_good) == (3, True)
    assert told[-1] == ("ended", 3)
    assert set(large.peak_megabytes) == {"process", "update_state", "sender"}
    assert all(
        large.peak_megabytes[name] >= base > 0 for name, base in large.base_megabytes.items()
    )
