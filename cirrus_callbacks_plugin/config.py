"""Environment names and defaults: the one module that knows them.

Everything is read when it is used, never at import, and nothing is kept between
invocations: a changed variable holds from the next invocation on.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

STATE_DB = "CIRRUS_STATE_DB"
PAYLOAD_BUCKET = "CIRRUS_PAYLOAD_BUCKET"
PAYLOAD_ROOT_PREFIX = "CIRRUS_PAYLOAD_ROOT_PREFIX"
"""Cirrus's own, of ``process``: commands look at them there, and the functions read neither."""

TABLE = "CIRRUS_CALLBACKS_TABLE"
WORKFLOWS = "CIRRUS_CALLBACKS_WORKFLOWS"
RETENTION_DAYS = "CIRRUS_CALLBACKS_RETENTION_DAYS"
PROCESS_HANDLER = "CIRRUS_CALLBACKS_PROCESS_HANDLER"
UPDATE_STATE_HANDLER = "CIRRUS_CALLBACKS_UPDATE_STATE_HANDLER"

GRACE_SECONDS = "CIRRUS_CALLBACKS_GRACE_SECONDS"
REDELIVERY_SECONDS = "CIRRUS_CALLBACKS_REDELIVERY_SECONDS"
HEARTBEAT = "CIRRUS_CALLBACKS_HEARTBEAT"
INTERVAL_SECONDS = "CIRRUS_CALLBACKS_INTERVAL_SECONDS"
FAILURES_URL = "CIRRUS_CALLBACKS_FAILURES_URL"
PAYLOADS_URL = "CIRRUS_CALLBACKS_PAYLOADS_URL"
JOINS_URL = "CIRRUS_CALLBACKS_JOINS_URL"
QUEUE_SECONDS = "CIRRUS_CALLBACKS_QUEUE_SECONDS"
CYCLES = "CIRRUS_CALLBACKS_CYCLES"

DEFAULT_RETENTION_DAYS = 60
DEFAULT_GRACE_SECONDS = 900
DEFAULT_REDELIVERY_SECONDS = 5400
DEFAULT_INTERVAL_SECONDS = 300
DEFAULT_QUEUE_SECONDS = 1_209_600
"""No queue keeps a message longer."""
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


def read_retention_days(environ: Mapping[str, str] | None = None) -> int:
    """Days for which an answered row is kept.

    Raises:
        ConfigurationError: ``CIRRUS_CALLBACKS_RETENTION_DAYS`` is not a whole number
            from 1 to 3650.
    """
    return _whole_number(
        RETENTION_DAYS,
        DEFAULT_RETENTION_DAYS,
        "days",
        1,
        _MAX_RETENTION_DAYS,
        environ=environ,
    )


@dataclass(frozen=True, slots=True)
class ReconcilerSettings:
    """What the reconciler's environment says; operators' commands work by the same.

    Attributes:
        grace: rows younger than this are not repaired.
        redelivery: after this the queue delivers a message no more.
        interval: the schedule's interval; a pass ends before the next one starts.
        heartbeat: send a heartbeat for every open row at every pass.
        retention_days: days for which an answered row is kept.
        payloads_url: where cirrus 2 keeps payloads (``s3://bucket/root-prefix``); None where
            that is not told.
        queue: after this the queue keeps a message no more, received or not.
        joins_url: where whole lists of a join's members are written; None: nowhere.
        cycles: tell the youngest wait of a cycle; cycles are counted in any case.
    """

    grace: timedelta = timedelta(seconds=DEFAULT_GRACE_SECONDS)
    redelivery: timedelta = timedelta(seconds=DEFAULT_REDELIVERY_SECONDS)
    interval: timedelta = timedelta(seconds=DEFAULT_INTERVAL_SECONDS)
    heartbeat: bool = False
    retention_days: int = DEFAULT_RETENTION_DAYS
    payloads_url: str | None = None
    queue: timedelta = timedelta(seconds=DEFAULT_QUEUE_SECONDS)
    joins_url: str | None = None
    cycles: bool = False

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> ReconcilerSettings:
        """Read the nine variables.

        Raises:
            ConfigurationError: one is not what it must be.
        """
        env = os.environ if environ is None else environ
        day = 86_400

        def seconds(variable: str, default: int, least: int, most: int) -> timedelta:
            number = _whole_number(variable, default, "seconds", least, most, environ=env)
            return timedelta(seconds=number)

        return cls(
            grace=seconds(GRACE_SECONDS, DEFAULT_GRACE_SECONDS, 0, day),
            # SQS keeps a message for 14 days at most
            redelivery=seconds(REDELIVERY_SECONDS, DEFAULT_REDELIVERY_SECONDS, 0, 14 * day),
            interval=seconds(INTERVAL_SECONDS, DEFAULT_INTERVAL_SECONDS, 60, day),
            heartbeat=_yes(HEARTBEAT, env),
            retention_days=read_retention_days(env),
            payloads_url=read_payloads_url(env),
            queue=seconds(QUEUE_SECONDS, DEFAULT_QUEUE_SECONDS, 0, 14 * day),
            joins_url=read_joins_url(env),
            cycles=_yes(CYCLES, env),
        )


def read_failures_url(environ: Mapping[str, str] | None = None) -> str | None:
    """Where the records lie that the sender could not handle (``s3://bucket/prefix/``).

    Set by Terraform for the reconciler, which counts them; None where it is not set.
    """
    env = os.environ if environ is None else environ
    return env.get(FAILURES_URL) or None


def read_payloads_url(environ: Mapping[str, str] | None = None) -> str | None:
    """Where cirrus 2 keeps payloads (``s3://bucket/root-prefix``); None where it is not set.

    Set by Terraform for the sender and the reconciler: an output's URL follows from it.

    Raises:
        ConfigurationError: it is not such a URL.
    """
    env = os.environ if environ is None else environ
    url = env.get(PAYLOADS_URL, "")
    bucket, slash, _ = url.removeprefix("s3://").partition("/")
    if url and not (url.startswith("s3://") and bucket and slash):
        raise ConfigurationError(
            f"{PAYLOADS_URL}={url!r}: give s3://bucket/root-prefix, the values of cirrus's own "
            f"{PAYLOAD_BUCKET} and {PAYLOAD_ROOT_PREFIX} ('cirrus' where that is not set)",
        )
    return url or None


def read_joins_url(environ: Mapping[str, str] | None = None) -> str | None:
    """Where the whole list of a join's members is written; None where it is not set.

    Raises:
        ConfigurationError: the variable does not hold such a URL.
    """
    env = os.environ if environ is None else environ
    url = env.get(JOINS_URL, "")
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    is_folder = url.startswith("s3://") and bool(bucket) and (not prefix or prefix.endswith("/"))
    if url and not is_folder:
        raise ConfigurationError(f"{JOINS_URL}={url!r}: give s3://bucket/prefix/")
    return url or None


def _yes(variable: str, environ: Mapping[str, str]) -> bool:
    text = environ.get(variable, "").strip().lower() or "false"
    if text not in ("true", "false"):
        raise ConfigurationError(f"{variable}={text!r}: give true or false")
    return text == "true"


def _whole_number(
    variable: str,
    default: int,
    unit: str,
    least: int,
    most: int,
    *,
    environ: Mapping[str, str] | None,
) -> int:
    env = os.environ if environ is None else environ
    text = env.get(variable, "") or str(default)
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        raise ConfigurationError(
            f"{variable}={text!r}: give a whole number of {unit} from {least} to {most}",
        )
    return number


def handler_path(variable: str, environ: Mapping[str, str] | None = None) -> str | None:
    """Dotted path of the cirrus handler to wrap, where one is set."""
    env = os.environ if environ is None else environ
    return env.get(variable) or None
