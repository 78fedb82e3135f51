"""Every correction of moto, and the block in which they hold.

Written against moto 5.2.5. Each correction is a function with a test that shows unpatched
moto to be wrong: that test fails once moto has mended the fault, and the correction can
go. A new correction is a function in the file of its topic and a name in :data:`ALL`.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.local.moto_corrections.answers import (
    give_retries_a_fresh_token,
    keep_the_cause,
    name_the_missing_heartbeat,
    refuse_second_and_late_answers,
)
from cirrus_callbacks_plugin.local.moto_corrections.aws_values import (
    give_results_as_json,
    tell_times_as_text,
)
from cirrus_callbacks_plugin.local.moto_corrections.choices import compare_as_specified
from cirrus_callbacks_plugin.local.moto_corrections.clock import follow_the_clock
from cirrus_callbacks_plugin.local.moto_corrections.event_sources import leave_events_to_the_stack
from cirrus_callbacks_plugin.local.moto_corrections.executions import name_executions
from cirrus_callbacks_plugin.local.moto_corrections.functions import run_local_functions
from cirrus_callbacks_plugin.local.moto_corrections.intrinsics import run_intrinsics
from cirrus_callbacks_plugin.local.moto_corrections.item_readers import (
    list_objects_as_aws_does,
    read_json_lines,
)
from cirrus_callbacks_plugin.local.moto_corrections.patches import Patches
from cirrus_callbacks_plugin.local.moto_corrections.paths import (
    find_by_path,
    put_results_by_path,
    read_texts_as_json,
    refuse_what_is_no_path,
)
from cirrus_callbacks_plugin.local.moto_corrections.task_parameters import judge_messages
from cirrus_callbacks_plugin.local.moto_corrections.terraform_calls import answer_terraform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cirrus_callbacks_plugin.local.clock import StackClock
    from cirrus_callbacks_plugin.local.moto_corrections.functions import Invoke

READING: tuple[Callable[[Patches], None], ...] = (
    read_texts_as_json,
    find_by_path,
    put_results_by_path,
    run_intrinsics,
    compare_as_specified,
    refuse_what_is_no_path,
    read_json_lines,
    judge_messages,
)
"""The corrections that a definition meets when it is read."""

ALL: tuple[Callable[[Patches], None], ...] = (
    keep_the_cause,
    give_retries_a_fresh_token,
    refuse_second_and_late_answers,
    name_the_missing_heartbeat,
    answer_terraform,
    leave_events_to_the_stack,
    *READING,
    tell_times_as_text,
    give_results_as_json,
    list_objects_as_aws_does,
    name_executions,
)
"""The corrections that need nothing but moto."""

_applied = False


@contextlib.contextmanager
def corrected(
    invoke: Invoke | None = None,
    clock: StackClock | None = None,
    corrections: tuple[Callable[[Patches], None], ...] = ALL,
) -> Iterator[None]:
    """Correct moto until the end of the block; a second block at the same time is refused.

    Args:
        invoke: runs lambda tasks; None leaves them to moto.
        clock: what timeouts, heartbeats and Wait states follow; None: the machine's clock.
        corrections: which corrections to apply.

    Raises:
        RuntimeError: moto is corrected already: two stacks in one process would run each
            other's functions.
    """
    global _applied  # noqa: PLW0603 - moto is one per process, and so is this
    if _applied:
        raise RuntimeError("One local stack runs in this process already")
    _applied = True
    patches = Patches()
    try:
        for correct in corrections:
            correct(patches)
        if invoke is not None:
            run_local_functions(patches, invoke)
        if clock is not None:
            follow_the_clock(patches, clock)
        yield
    finally:
        patches.undo()
        _applied = False


@contextlib.contextmanager
def correctly_read() -> Iterator[None]:
    """Read definitions in this block as :func:`corrected` has them read, in it or before it."""
    with contextlib.nullcontext() if _applied else corrected(corrections=READING):
        yield
