"""What every test shares: no AWS but moto's, no variable of the caller's."""

from __future__ import annotations

import functools
import gc
import os
import sys
from pathlib import Path
from typing import Any

import botocore.hooks
import botocore.session
import pytest
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))

os.environ.setdefault("AWS_DEFAULT_REGION", "us-west-2")
# How long an example takes is the machine's affair. All else as hypothesis chose, here or in CI.
settings.register_profile("no-deadline", settings(), deadline=None)
settings.load_profile("no-deadline")
# Each session reads AWS's models again, and looks through the folders of all services first.
botocore.session.create_loader = functools.cache(botocore.session.create_loader)

_made = botocore.hooks.EventAliaser.__init__
_NAMES_OF_EVENTS: dict[str, str] = {}


def _made_with_kept_names(self: Any, emitter: Any, aliases: dict[str, str] | None = None) -> None:
    """Each session works out again by which names its handlers are called: 10 ms each."""
    _made(self, emitter, aliases)
    if aliases is None or aliases == botocore.hooks.EVENT_ALIASES:
        self._alias_name_cache = _NAMES_OF_EVENTS


botocore.hooks.EventAliaser.__init__ = _made_with_kept_names  # type: ignore[method-assign]
_ARE_IMPORTS_KEPT = pytest.StashKey[bool]()
_LONGEST = Path(__file__).parent / "terraform"
"""Tests that wait one for another, for Terraform most of the time."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest chains, which nothing else can make shorter."""
    items.sort(key=lambda item: not item.path.is_relative_to(_LONGEST))


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """After its first test a worker has imported nearly all: no garbage is looked for there."""
    if not item.config.stash.get(_ARE_IMPORTS_KEPT, False):
        item.config.stash[_ARE_IMPORTS_KEPT] = True
        gc.collect()
        gc.freeze()


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of the machine reaches a test."""
    for name in list(os.environ):
        if name.startswith(("CIRRUS_", "AWS_", "POWERTOOLS_", "SLIPCOVER_")):
            monkeypatch.delenv(name)
    for name in ("COLUMNS", "LINES"):  # how wide a terminal is
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
