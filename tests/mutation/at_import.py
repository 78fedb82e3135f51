"""Mutants in what runs when a module is imported: constants, defaults, fields of classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mutation.children import KILLED, SURVIVED, Job, limit
from mutation.reach import could_notice, file_of
from mutation.session import BUDGET_SECONDS, Loop, options, run_items
from mutation.swap import Changed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mutation.mutants import Mutant
    from mutation.reach import Reach
    from mutation.session import Say

UNITS = "tests/unit/"
_IMPORT_SECONDS = 20.0


def job_at_import(
    number: int,
    mutant: Mutant,
    root: Path,
    scratch: Path,
    reached: Mapping[str, Reach],
) -> Job:
    """A session from its very beginning, in a process that has not imported the module."""
    names = could_notice(mutant, str(root / mutant.path), reached, seconds=BUDGET_SECONDS)
    # Most are noticed by unit tests, which import little.
    parts = (
        [name for name in names if name.startswith(UNITS)],
        [name for name in names if not name.startswith(UNITS)],
    )

    def work(say: Say) -> int:
        Changed(root, mutant).install()
        for part in filter(None, parts):
            say("collection")
            limit(_IMPORT_SECONDS)
            if _session(part, reached, scratch, say) == KILLED:
                return KILLED
        return SURVIVED

    return Job(str(number), work)


def _session(
    names: Sequence[str],
    reached: Mapping[str, Reach],
    scratch: Path,
    say: Say,
) -> int:
    ended: list[int] = []
    loop = Loop(lambda session: ended.append(run_items(session, names, reached, say)))
    files = dict.fromkeys(file_of(name) for name in names)
    pytest.main([*options(scratch), *files], plugins=[loop])
    return ended[0] if ended else KILLED  # it does not even import
