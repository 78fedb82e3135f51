"""Environment names and defaults: the one module that knows them.

Everything is read when it is used, never at import, and nothing is kept between
invocations: a changed variable holds from the next invocation on.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

STATE_DB = "CIRRUS_STATE_DB"
TABLE = "CIRRUS_CALLBACKS_TABLE"
WORKFLOWS = "CIRRUS_CALLBACKS_WORKFLOWS"
RETENTION_DAYS = "CIRRUS_CALLBACKS_RETENTION_DAYS"
PROCESS_HANDLER = "CIRRUS_CALLBACKS_PROCESS_HANDLER"
UPDATE_STATE_HANDLER = "CIRRUS_CALLBACKS_UPDATE_STATE_HANDLER"

DEFAULT_RETENTION_DAYS = 60
_STATE_SUFFIX = "-state"
_TABLE_SUFFIX = "-callbacks"
_MAX_RETENTION_DAYS = 3650


@dataclass(frozen=True, slots=True)
class Tables:
    """Names of the two tables: cirrus's state table and the tracking table."""

    state: str
    callbacks: str

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Tables:
        """Read both names; the tracking table's follows from the state table's.

        Raises:
            ConfigurationError: ``CIRRUS_STATE_DB`` is unset, or the tracking table's
                name is not given and cannot be derived.
        """
        env = os.environ if environ is None else environ
        state = env.get(STATE_DB, "")
        if not state:
            raise ConfigurationError(f"{STATE_DB} is not set: name cirrus's state table in it")
        named = env.get(TABLE, "")
        if named:
            return cls(state, named)
        if not state.endswith(_STATE_SUFFIX):
            raise ConfigurationError(
                f"{TABLE} is not set, and the tracking table's name cannot be derived from "
                f"{STATE_DB}={state!r}, which does not end in '{_STATE_SUFFIX}': set {TABLE}",
            )
        return cls(state, state.removesuffix(_STATE_SUFFIX) + _TABLE_SUFFIX)


@dataclass(frozen=True, slots=True)
class EnabledWorkflows:
    """The per-workflow flag: which workflows may be waited *for*.

    Attributes:
        names: workflow names, or None for every workflow.
    """

    names: frozenset[str] | None

    @classmethod
    def parse(cls, text: str) -> EnabledWorkflows:
        """Read ``a, b``, ``*`` (all) or an empty text (none)."""
        names = frozenset(name.strip() for name in text.split(",") if name.strip())
        return cls(None if "*" in names else names)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> EnabledWorkflows:
        """Read ``CIRRUS_CALLBACKS_WORKFLOWS``; unset means none."""
        env = os.environ if environ is None else environ
        return cls.parse(env.get(WORKFLOWS, ""))

    def __contains__(self, workflow: object) -> bool:
        return self.names is None or workflow in self.names


def retention_days(environ: Mapping[str, str] | None = None) -> int:
    """Days for which an answered row is kept.

    Raises:
        ConfigurationError: ``CIRRUS_CALLBACKS_RETENTION_DAYS`` is no whole number
            from 1 to 3650.
    """
    env = os.environ if environ is None else environ
    text = env.get(RETENTION_DAYS, "") or str(DEFAULT_RETENTION_DAYS)
    try:
        days = int(text)
    except ValueError:
        days = 0
    if not 1 <= days <= _MAX_RETENTION_DAYS:
        raise ConfigurationError(
            f"{RETENTION_DAYS}={text!r}: give a whole number of days from 1 to "
            f"{_MAX_RETENTION_DAYS}",
        )
    return days


def handler_path(variable: str, environ: Mapping[str, str] | None = None) -> str | None:
    """Dotted path of the cirrus handler to wrap, where one is set."""
    env = os.environ if environ is None else environ
    return env.get(variable) or None
