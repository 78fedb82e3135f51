"""Strategies for join requests: valid ones, mutated, nested, huge, hostile."""

from __future__ import annotations

import hashlib
from typing import Any

from hypothesis import strategies as st

from fuzz.aws import BUCKET
from fuzz.documents import Literal, Object

_PACKS_BADLY = "".join(hashlib.sha256(str(each).encode()).hexdigest() for each in range(12_000))
"""768,000 characters that gzip leaves at over 350 KB."""

_DEEP = 20_000
KEYS = ("process", "features", "url")
"""With one of these beside it ``join`` is a key like any other."""

_own_carriers = {
    "type": "FeatureCollection",
    "features": [],
    "process": [{"workflow": "child", "callback": {"task_token": "a-member's-own"}}],
}
"""A member's own waiters do not concern the join."""

_member = st.sampled_from(
    [
        "scenes/workflow-child/a",
        {"payload_id": "scenes/workflow-child/b"},
        {"url": f"s3://{BUCKET}/in.json"},
        _own_carriers,
        # --- none ---
        "no-workflow",
        {"payload_id": "é" * 2000},
        {"payload_id": "a/workflow-child/\ud800"},
        {"url": "ftp://x"},
        {"url": f"s3://{BUCKET}/in.json", "callback": {"task_token": "a-member's-own"}},
        {"join": {"members": []}},
        {},
        7,
        None,
        Literal("[" * 100 + "]" * 100),
        Literal("[" * _DEEP + "]" * _DEEP),
        Literal("9" * 5000),
    ],
)
_members = (
    st.lists(_member, max_size=4)
    | _member
    | st.sampled_from(
        [
            [],
            ["scenes/workflow-child/a"] * 10_001,
            [{"process": [], "text": _PACKS_BADLY}],
            Literal('[{"process": ' * _DEEP + "1" + "}]" * _DEEP),
        ],
    )
)
_url = st.sampled_from([f"s3://{BUCKET}/list.json", "s3://bucket", "s3:///key", "", 7, None, []])
_option = st.sampled_from(
    [
        *(("succeed_on", value) for value in ("all", "any", 1, 2.0, 99, 0, True, "some", None)),
        *(("answer", value) for value in ("early", "settled", "late", None)),
        *(("deadline_seconds", value) for value in (60, 31_536_000, 59, 1e300, "60", None)),
        *(("name", value) for value in ("scenes", "n" * 129, "\x00", "\ud800", "", 7)),
        ("members", []),
        ("members_url", f"s3://{BUCKET}/list.json"),
        ("callback", {"task_token": "in-the-join"}),
        ("unknown", 1),
        ("succeed_on", Literal("1e999")),
        ("deadline_seconds", Literal("9" * 5000)),
    ],
)


@st.composite
def joins(draw: Any) -> Any:
    """What stands under ``join``; a name maybe twice."""
    name = draw(st.sampled_from(["members"] * 4 + ["members_url"]))
    first = (name, draw(_members if name == "members" else _url))
    options = draw(st.lists(_option, max_size=3))
    return Object([(each, value, False) for each, value in (first, *options)])
