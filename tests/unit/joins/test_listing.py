"""The list of a join's members, as its row holds it."""

from __future__ import annotations

import gzip

import pytest

from cirrus_callbacks_plugin.joins.listing import read_list
from cirrus_callbacks_plugin.joins.members import MemberError, Payload, pack
from cirrus_callbacks_plugin.joins.rows import Definition

GOOD = pack((Payload({"process": [], "id": "\ud800é"}),))


def definition(packed: bytes) -> Definition:
    """A row."""
    return Definition(f"join:{'0' * 32}", packed, None, 1)


def test_a_row_gives_back_what_was_put_into_it() -> None:
    """Whatever JSON allows, lone surrogates too."""
    assert pack(read_list(definition(GOOD), lambda: None, None).members) == GOOD


@pytest.mark.parametrize(
    "packed",
    [b"", b"[]", GOOD[:-9], GOOD[:12] + b"\0" * 9 + GOOD[21:], gzip.compress(b"{"), b"\x1f\x8b"],
    ids=["empty", "not gzipped", "cut", "broken", "no JSON", "a head alone"],
)
def test_a_row_that_somebody_spoiled_is_a_list_that_breaks_the_rules(packed: bytes) -> None:
    """The join is told so: its record would block a shard for ever otherwise."""
    with pytest.raises(MemberError, match="cannot be read"):
        read_list(definition(packed), lambda: None, None)
