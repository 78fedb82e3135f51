"""The world of the functional tests: the installed cirrus in moto."""

from __future__ import annotations

from functional.conftest import aws, world

__all__ = ["aws", "world"]
