"""Terraform for real: the module applied to moto, once for all tests that walk it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support import terraform_walks
from support.terraform_cli import environment, provider_served, why_not, working_copy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.terraform_walks import Beside, Complete


@pytest.fixture(scope="session")
def has_terraform() -> None:
    """Skip, and say why, where Terraform or its AWS provider is missing."""
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def terraform_environment(has_terraform: None) -> dict[str, str]:
    """The environment of Terraform commands that need no AWS."""
    return environment()


@pytest.fixture(scope="session")
def served(terraform_environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """The same, with one provider for all of them: each configures it again."""
    with provider_served(terraform_environment) as variables:
        yield variables


@pytest.fixture(scope="session")
def copied(has_terraform: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Module and examples, to initialise and read in."""
    return working_copy(tmp_path_factory.mktemp("copied"))


@pytest.fixture(scope="session")
def beside(has_terraform: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beside]:
    """The module beside an existing deployment."""
    with terraform_walks.beside(tmp_path_factory.mktemp("beside")) as applied:
        yield applied


@pytest.fixture(scope="session")
def complete(has_terraform: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Complete]:
    """``examples/complete``."""
    with terraform_walks.complete(tmp_path_factory.mktemp("complete")) as applied:
        yield applied
