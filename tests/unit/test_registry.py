"""Hooks of the group ``cirrus.hooks``, ours outermost."""

from __future__ import annotations

from importlib.metadata import EntryPoint, EntryPoints
from typing import Any

import pytest

from cirrus_callbacks_plugin.errors import ConfigurationError
from cirrus_callbacks_plugin.hooks import registry

OWN = EntryPoint("process", "cirrus_callbacks_plugin.hooks.process:process", "cirrus.hooks")
THEIRS = EntryPoint("process", f"{__name__}:theirs", "cirrus.hooks")
seen: list[Any] = []


def theirs(handler: Any) -> Any:
    """Another package's hook: it notes what it is given."""

    def lambda_handler(event: Any, context: Any) -> Any:
        seen.append(event)
        return [*handler(event, context), "theirs"]

    return lambda_handler


def with_hooks(monkeypatch: pytest.MonkeyPatch, *entries: EntryPoint) -> None:
    """As the installed distributions would register them."""
    monkeypatch.setattr(registry, "entry_points", EntryPoints(entries).select)


def test_the_distributions_hooks_are_registered() -> None:
    """``pip install`` makes both discoverable."""
    for name in ("process", "update_state"):
        wrapped = registry.apply_hooks(name, lambda event, _: event)
        assert wrapped({"no": "token"}, None) == {"no": "token"}


def test_a_third_partys_hook_stands_inside_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other packages can add theirs; no other hook sees a task token."""
    monkeypatch.setattr(
        "cirrus_callbacks_plugin.hooks.process.Services.from_env",
        lambda: (_ for _ in ()).throw(ConfigurationError("no table")),
    )
    import sys

    monkeypatch.setitem(sys.modules, THEIRS.module, sys.modules[__name__])
    for entries in ((THEIRS, OWN), (OWN, THEIRS)):
        seen.clear()
        with_hooks(monkeypatch, *entries)
        wrapped = registry.apply_hooks("process", lambda event, _: [event["Records"]])
        plain = {"body": '{"process": []}'}
        token = {"body": '{"process": [{"callback": {"task_token": "SECRET"}}]}'}
        with pytest.raises(Exception, match="could not be registered"):
            wrapped({"Records": [plain, token]}, None)
        assert seen == [{"Records": [plain]}]


def test_what_is_registered_elsewhere_is_no_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another group may use the same name, and the group holds both handlers' hooks."""
    with_hooks(
        monkeypatch,
        OWN,
        EntryPoint("process", "no_such_module_anywhere:one", "other.group"),
        EntryPoint("update_state", "no_such_module_anywhere:two", "cirrus.hooks"),
    )
    wrapped = registry.apply_hooks("process", lambda event, _: event)
    assert wrapped({"no": "token"}, None) == {"no": "token"}


@pytest.mark.parametrize("entries", [(), (THEIRS,)])
def test_missing_metadata_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
    entries: tuple[EntryPoint, ...],
) -> None:
    """A zip without the .dist-info folder would run cirrus without callbacks: say so."""
    with_hooks(monkeypatch, *entries)
    with pytest.raises(ConfigurationError, match=r"\.dist-info folder must be installed"):
        registry.apply_hooks("process", lambda *_: None)


@pytest.mark.parametrize("value", ["no_such_module_anywhere:hook", "json:no_such_hook"])
def test_a_broken_hook_is_named(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """Leaving it out in silence would change what is deployed."""
    with_hooks(monkeypatch, EntryPoint("process", value, "cirrus.hooks"), OWN)
    with pytest.raises(ConfigurationError, match=value):
        registry.apply_hooks("process", lambda *_: None)
