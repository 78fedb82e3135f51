"""What a project says under ``custom.callbacks`` in its ``cirrus.yml``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from cirrus_callbacks_plugin import config
from cirrus_callbacks_plugin.config import EnabledWorkflows
from cirrus_callbacks_plugin.errors import ConfigurationError, ServerlessProjectError

_WHERE = "custom.callbacks"
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400}
_DAY = 86_400
_SCHEDULE = re.compile(
    r"rate\((1 (minute|hour|day)|([2-9]|[1-9][0-9]+) (minutes|hours|days))\)"
    r"|cron\([^ ]+( [^ ]+){5}\)",
)


@dataclass(frozen=True, slots=True)
class ServerlessSettings:
    """The settings; a text may hold Serverless variables, known only at deployment.

    Attributes:
        workflows: the flag: names of workflows that may be waited for, ``*`` for all.
        retention_days: how long an answered row is kept.
        grace_seconds: rows younger than this are not repaired.
        redelivery_seconds: after this the process queue delivers a message no more.
        heartbeat: send a heartbeat for every open row at every pass of the reconciler.
        cycles: the reconciler tells the youngest wait of a cycle.
        schedule: when the reconciler runs.
        deletion_protection: refuse to delete the tracking table.
        queue_seconds: how long the process queue keeps a message.
        joins_url: where whole lists of joins are written, ``s3://bucket/prefix/``; empty: in
            cirrus's payload bucket; None: nowhere.
        has_payload_bucket: whether the project names one; no setting of the plugin's.
    """

    workflows: str = ""
    retention_days: int | str = config.DEFAULT_RETENTION_DAYS
    grace_seconds: int | str = config.DEFAULT_GRACE_SECONDS
    redelivery_seconds: int | str = config.DEFAULT_REDELIVERY_SECONDS
    heartbeat: bool = False
    cycles: bool = False
    schedule: str = "rate(5 minutes)"
    deletion_protection: bool = True
    queue_seconds: int | str = config.DEFAULT_QUEUE_SECONDS
    joins_url: str | None = ""
    has_payload_bucket: bool = True

    @classmethod
    def from_project(cls, custom: Any, provider: Any = None) -> ServerlessSettings:
        """Read them from the project's ``custom``, and the bucket from its ``provider``.

        Raises:
            ServerlessProjectError: a setting is unknown or not what it must be.
        """
        environment = provider.get("environment") if isinstance(provider, Mapping) else None
        settings = cls._given(custom)
        return replace(
            settings, has_payload_bucket=bool((environment or {}).get(config.PAYLOAD_BUCKET))
        )

    @classmethod
    def _given(cls, custom: Any) -> ServerlessSettings:
        given = custom.get("callbacks") if isinstance(custom, Mapping) else None
        if given is None:
            return cls()
        if not isinstance(given, Mapping):
            raise ServerlessProjectError(f"{_WHERE}: give settings by name, as 'workflows: \"*\"'")
        settable = [each.name for each in fields(cls) if each.name != "has_payload_bucket"]
        known = {_camel(name): name for name in settable}
        unknown = [str(name) for name in given if name not in known]
        if unknown:
            raise ServerlessProjectError(
                f"{_WHERE}: {', '.join(unknown)} is not a setting; there are {', '.join(known)}",
            )
        values = {
            known[name]: value
            for name, value in given.items()
            if value is not None or known[name] == "joins_url"
        }
        if "workflows" in values:
            values["workflows"] = _flag(values["workflows"])
        settings = cls(**values)
        settings.check()
        return settings

    def check(self) -> None:
        """Refuse what could only fail in Lambda.

        Raises:
            ServerlessProjectError: a setting is not what it must be; says which.
        """
        for name in ("heartbeat", "cycles", "deletion_protection"):
            if not isinstance(getattr(self, name), bool):
                raise ServerlessProjectError(f"{_WHERE}.{_camel(name)}: give true or false")
        if not isinstance(self.schedule, str) or not _SCHEDULE.fullmatch(self.schedule):
            raise ServerlessProjectError(
                f"{_WHERE}.schedule: {self.schedule!r} is not an EventBridge schedule: "
                "rate(5 minutes), rate(1 hour) or cron(0/10 * * * ? *)",
            )
        if not isinstance(self.joins_url, (str, type(None))):
            raise ServerlessProjectError(f"{_WHERE}.joinsUrl: give s3://bucket/prefix/, or null")
        variables = {**self.reconciler, config.JOINS_URL: self.joins_url or ""}
        environment = {name: text for name, text in variables.items() if "${" not in text}
        try:
            config.ReconcilerSettings.from_env(environment)
        except ConfigurationError as error:
            raise ServerlessProjectError(f"{_WHERE}: {error}") from error

    @property
    def enabled(self) -> EnabledWorkflows:
        """The flag for the stream's filter.

        Where a variable decides, the filter lets every new row through: the sender, which
        gets the variable's value, decides.
        """
        return EnabledWorkflows.parse("" if "${" in self.workflows else self.workflows)

    @property
    def interval_seconds(self) -> int:
        """From one pass of the reconciler to the next; a cron expression does not tell."""
        match = _RATE.fullmatch(self.schedule)
        if match is None:
            return config.DEFAULT_INTERVAL_SECONDS
        return min(int(match[1]) * _SECONDS[match[2]], _DAY)

    @property
    def sender(self) -> dict[str, str]:
        """The sender's own variables."""
        flag = {config.WORKFLOWS: self.workflows} if self.workflows else {}
        return {config.RETENTION_DAYS: str(self.retention_days), **flag}

    @property
    def reconciler(self) -> dict[str, str]:
        """The reconciler's own variables."""
        return {
            config.RETENTION_DAYS: str(self.retention_days),
            config.GRACE_SECONDS: str(self.grace_seconds),
            config.REDELIVERY_SECONDS: str(self.redelivery_seconds),
            config.QUEUE_SECONDS: str(self.queue_seconds),
            config.HEARTBEAT: str(self.heartbeat).lower(),
            config.CYCLES: str(self.cycles).lower(),
            config.INTERVAL_SECONDS: str(self.interval_seconds),
        }


def _camel(name: str) -> str:
    """``retention_days`` as Serverless spells settings: ``retentionDays``."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _flag(value: Any) -> str:
    """A list of names, or the text that the variable itself takes."""
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ServerlessProjectError(
            f'{_WHERE}.workflows: give a list of workflow names, or "*" (quoted) for all',
        )
    return ",".join(names)
