"""The calls that the committed matrix has rows for, and a look at those that a test makes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.client import BaseClient

from faults.calls import COMMAND, LOCAL, call_of

if TYPE_CHECKING:
    import pytest

    from faults.calls import Call

PATH = Path(__file__).with_name("matrix.md")

UNTRIED = ("Pass._count > ",)
"""No scenario lets a pass run out of time: what it then counts is a metric, and answers nobody."""

_ROW = re.compile(r"^\| ([^|]+)<br>", re.MULTILINE)


def known() -> set[tuple[str, str]]:
    """Function and call, as the table names them."""
    _, *sections = PATH.read_text().split("\n## ")
    return {
        (section.partition("\n")[0], name) for section in sections for name in _ROW.findall(section)
    }


class Noted:
    """The functions' calls, as long as a test runs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: set[Call] = set()
        original = BaseClient._make_api_call

        def make_api_call(client: BaseClient, operation: str, parameters: dict[str, Any]) -> Any:
            call = call_of(client.meta.service_model.service_name, operation, parameters)
            if call is not None and call.function not in (COMMAND, LOCAL):
                self.calls.add(call)
            return original(client, operation, parameters)

        monkeypatch.setattr(BaseClient, "_make_api_call", make_api_call)

    def unknown(self) -> list[str]:
        """Those that the matrix does not have."""
        there = known()
        return sorted(
            f"{call.function}: {call.name}"
            for call in self.calls
            if (call.function, call.name) not in there
            and not any(step in call.name for step in UNTRIED)
        )
