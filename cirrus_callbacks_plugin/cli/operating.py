"""What the operators' commands share: which deployment, and what becomes of AWS's refusals."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cirrus_callbacks_plugin.operations.aws import Aws, naming_aws_errors
from cirrus_callbacks_plugin.operations.deployment import Deployment, find

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Command = TypeVar("Command", bound="Callable[..., Any]")

_OPTIONS = (
    click.option(
        "--deployment",
        metavar="NAME",
        help="The deployment of this name, as cirrus published it in SSM.",
    ),
    click.option("--prefix", metavar="P", help="The deployment whose names begin with P."),
    click.option("--region", help="The AWS region."),
    click.option("--profile", help="The AWS profile."),
    click.option("--endpoint-url", metavar="URL", help="Where AWS is: a local stack, say."),
    click.option("--json", "is_json", is_flag=True, help="Print one JSON object, nothing else."),
)


@dataclass(frozen=True, slots=True)
class Where:
    """Which deployment was asked for."""

    deployment: str | None
    prefix: str | None
    region: str | None
    profile: str | None
    endpoint_url: str | None

    @contextmanager
    def found(self) -> Iterator[Deployment]:
        """The deployment; what AWS refuses in the block becomes one message.

        Raises:
            AwsRefusedError: AWS could not be asked.
            ConfigurationError: there is no such deployment.
        """
        named = self.deployment or self.prefix
        with naming_aws_errors(f"the deployment {named}" if named else "the deployment"):
            aws = Aws.of(self.region, self.profile, self.endpoint_url)
            yield find(aws, deployment=self.deployment, prefix=self.prefix)


def on_deployment(command: Command) -> Command:
    """Add the options that name a deployment; the command gets them as ``where``.

    Raises:
        UsageError: (the command) two of the ways to name one are given.
    """
    import functools

    @functools.wraps(command)
    def with_where(
        *args: Any,
        deployment: str | None,
        prefix: str | None,
        region: str | None,
        profile: str | None,
        endpoint_url: str | None,
        **kept: Any,
    ) -> Any:
        if deployment and prefix:
            raise click.UsageError("Give one of --deployment and --prefix.")
        where = Where(deployment, prefix, region, profile, endpoint_url)
        return command(*args, where=where, **kept)

    wrapped: Any = with_where
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped  # type: ignore[no-any-return]
