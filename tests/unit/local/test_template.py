"""Templates of state machines are filled in as Terraform's templatefile does."""

from __future__ import annotations

import pytest

from cirrus_callbacks_plugin.asl.template import TemplateError, render


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("${name}", "value"),
        ("${ name }-${name}", "value-value"),
        ("$${name}", "${name}"),
        ("%%{ if }", "%{ if }"),
        ("$name $.path $$.Execution.Id {}", "$name $.path $$.Execution.Id {}"),
        ("States.Format('{}', $.a)", "States.Format('{}', $.a)"),
    ],
)
def test_marks_are_filled_in(text: str, filled: str) -> None:
    """Names are replaced, doubled marks stand for themselves, JSONPath is left alone."""
    assert render(text, {"name": "value"}) == filled


@pytest.mark.parametrize("text", ["\n${other}", "\n%{ if true }", "\n${name", '\n${upper("a")}'])
def test_what_cannot_be_filled_in_is_told_by_line(text: str) -> None:
    """An unknown name, a directive and an expression are errors that name the line."""
    with pytest.raises(TemplateError, match=r"^line 2: "):
        render(text, {"name": "value"})


def test_a_value_is_not_filled_in_again() -> None:
    """A value that looks like a mark stays as it is."""
    assert render("${name}", {"name": "${name}"}) == "${name}"
