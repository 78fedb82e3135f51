"""What an installed distribution requires, for any Python that Lambda offers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.requirements import Requirement

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.metadata import Distribution

# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
_PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
_LINUX = {"os_name": "posix", "platform_system": "Linux", "sys_platform": "linux"}


def required_by(of: Distribution, extra: str = "") -> Iterator[Requirement]:
    """The requirements of a distribution that hold in Lambda.

    Args:
        of: the distribution.
        extra: yield what this extra adds; otherwise what is required without any.
    """
    for line in of.requires or []:
        requirement = Requirement(line)
        if bool(extra) is not _holds(requirement, "") and _holds(requirement, extra):
            yield requirement


def holds_here(requirement: Requirement, extra: str = "") -> bool:
    """True where this very Python needs a requirement, so that an installer has seen to it."""
    marker = requirement.marker
    return marker is None or marker.evaluate({"extra": extra})


def _holds(requirement: Requirement, extra: str) -> bool:
    marker = requirement.marker
    return marker is None or any(
        marker.evaluate(
            {
                **_LINUX,
                "extra": extra,
                "python_version": python,
                "python_full_version": f"{python}.0",
            },
        )
        for python in _PYTHONS
    )
