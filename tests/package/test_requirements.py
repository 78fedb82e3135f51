"""What an installed distribution requires, for any Python that Lambda offers."""

from __future__ import annotations

from importlib.metadata import Distribution, PathDistribution
from typing import TYPE_CHECKING

import pytest

from cirrus_callbacks_plugin.package import sender
from cirrus_callbacks_plugin.package.requirements import holds_here, required_by

if TYPE_CHECKING:
    from pathlib import Path

LINES = """\
Requires-Dist: always>=1,<2
Requires-Dist: for-old ; python_version < "3.11"
Requires-Dist: for-windows ; sys_platform == "win32"
Requires-Dist: of-extra[more] (>=3) ; extra == 'lambda'
Requires-Dist: of-extra-for-old ; python_version < '3.11' and extra == "lambda"
Requires-Dist: of-another ; extra == 'lambda-dev'
"""


@pytest.fixture
def installed(tmp_path: Path) -> Distribution:
    """A distribution with requirements of every kind."""
    folder = tmp_path / "some-1.dist-info"
    folder.mkdir()
    text = f"Metadata-Version: 2.1\nName: some\nVersion: 1\n{LINES}"
    (folder / "METADATA").write_text(text)
    return PathDistribution(folder)


def test_what_any_python_of_lambda_needs_is_required(installed: Distribution) -> None:
    """Markers decide, not their spelling; what only Windows needs is left out."""
    assert [each.name for each in required_by(installed)] == ["always", "for-old"]
    of_extra = list(required_by(installed, "lambda"))
    assert [each.name for each in of_extra] == ["of-extra", "of-extra-for-old"]
    assert (of_extra[0].extras, str(of_extra[0].specifier)) == ({"more"}, ">=3")


def test_what_this_python_needs_must_be_installed(installed: Distribution) -> None:
    """An installer has seen to what holds here; what only an older Python needs may be missing."""
    always, for_old = required_by(installed)
    of_extra = next(required_by(installed, "lambda"))
    assert holds_here(always)
    assert holds_here(of_extra, "lambda")
    assert not holds_here(of_extra)
    assert holds_here(for_old) is for_old.marker.evaluate()  # type: ignore[union-attr]


def test_extras_of_a_requirement_are_followed(
    installed: Distribution,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What `of-extra[more]` needs for `more` is in the zip as well."""
    asked = []

    def required(of: object, extra: str = "") -> list[object]:
        asked.append(extra)
        return list(required_by(installed, "lambda"))[:1] if of == "plugin" else []

    monkeypatch.setattr(sender, "required_by", required)
    monkeypatch.setattr(
        sender, "distribution", lambda name: "plugin" if name == sender.DISTRIBUTION else name
    )
    assert sender._dependencies() == {"of-extra": "of-extra"}
    assert asked == ["lambda", "", "more"]
