"""Definitions as people have them, each in every form in which people keep them.

A file of ``corpus/`` is one kind of definition, rebuilt, with what is to be found in it: others'
machines, about which nothing is said, and parents, sound and not, in both query languages.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cirrus_callbacks_plugin.lint.inspection import inspect
from cirrus_callbacks_plugin.lint.settings import LintSettings
from support.template_forms import FORMS, written

CORPUS = {
    path.stem: json.loads(path.read_text())
    for path in sorted((Path(__file__).parent / "corpus").glob("*.json"))
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", CORPUS)
def test_what_is_found(name: str, form: str, tmp_path: Path) -> None:
    """The same findings in every form, at the same states; everything is read."""
    kind: dict[str, Any] = CORPUS[name]
    file = written(form, kind["definition"], tmp_path)
    inspection = inspect([str(file)], LintSettings(**kind.get("known", {})))
    assert (inspection.unusable, inspection.unread) == ((), ())
    found = [
        [each.severity.value, each.rule.id, each.problem.path.partition("States.")[2]]
        for each in inspection.findings
    ]
    expected = [
        [severity, rule, path.partition("States.")[2]] for severity, rule, path in kind["expected"]
    ]
    assert sorted(found) == sorted(expected)
    assert len(inspection.passed_over) == kind.get("passed_over", 0)
