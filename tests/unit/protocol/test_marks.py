"""Marks of answers, collected while others are still sent."""

from __future__ import annotations

from cirrus_callbacks_plugin.protocol.marks import Marks
from cirrus_callbacks_plugin.waits.row import Key, Wait
from cirrus_callbacks_plugin.waits.table import Mark


def key(number: int) -> Key:
    return Key("p", f"t-{number}")


def marked(marks: Marks, count: int) -> Marks:
    """Marks after so many answers."""
    for number in range(count):
        row = Wait("p", f"t-{number}", workflow="w", registered_at="now")
        marks.add(row, Mark(key(number), "success"))
    return marks


def test_each_batch_is_written_once_and_the_rest_at_the_end() -> None:
    """Seven marks, three a batch."""
    written: list[list[Key]] = []

    def write(batch: list[tuple[Wait, Mark]]) -> list[bool | Exception]:
        written.append([mark.key for _, mark in batch])
        return [True] * len(batch)

    marks = marked(Marks(write, 3), 7)
    assert written == [[key(0), key(1), key(2)], [key(3), key(4), key(5)]]
    marks.finish()
    marks.finish()
    assert written[2:] == [[key(6)]]
    assert marks.failed == {}


def test_what_a_mark_met_is_its_rows_own() -> None:
    """The others of its batch are marked."""
    met = ValueError()
    marks = marked(Marks(lambda batch: [True, met, True][: len(batch)], 3), 3)
    assert marks.failed == {key(1): met}


def test_a_batch_that_raises_concerns_each_of_its_rows() -> None:
    """No row counts as marked that is not, whichever thread wrote its batch."""
    met = RuntimeError("can't start new thread")

    def write(_: object) -> list[bool | Exception]:
        raise met

    assert marked(Marks(write, 3), 4).failed == {key(each): met for each in range(3)}
