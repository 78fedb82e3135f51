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
    refuse_second_and_late_answers,
    tell_what_was_not_answered,
)
from cirrus_callbacks_plugin.local.moto_corrections.attempts import (
    stop_between_retries,
    time_each_attempt,
)
from cirrus_callbacks_plugin.local.moto_corrections.aws_values import (
    give_results_as_json,
    tell_times_as_text,
)
from cirrus_callbacks_plugin.local.moto_corrections.choice_states import (
    assign_in_rules,
    choose_the_first_rule,
    fail_on_an_absent_variable,
)
from cirrus_callbacks_plugin.local.moto_corrections.choices import compare_as_specified
from cirrus_callbacks_plugin.local.moto_corrections.clock import follow_the_clock
from cirrus_callbacks_plugin.local.moto_corrections.definitions import (
    let_end_be_false,
    read_each_definition_alone,
    say_why_a_definition_is_refused,
)
from cirrus_callbacks_plugin.local.moto_corrections.distributed_maps import (
    fail_with_a_child_execution,
)
from cirrus_callbacks_plugin.local.moto_corrections.durations import (
    let_tasks_take_their_time,
    take_positive_seconds_alone,
    take_whole_numbers_of_iterations,
    wait_until_instants,
)
from cirrus_callbacks_plugin.local.moto_corrections.endings import (
    measure_states_as_json,
    say_why_an_execution_ended,
    tell_of_ends,
)
from cirrus_callbacks_plugin.local.moto_corrections.error_names import (
    keep_failures_of_dynamodb_tasks,
    keep_the_names_of_errors,
    match_errors_by_name,
    name_the_missing_heartbeat,
)
from cirrus_callbacks_plugin.local.moto_corrections.event_sources import leave_events_to_the_stack
from cirrus_callbacks_plugin.local.moto_corrections.executions import name_executions
from cirrus_callbacks_plugin.local.moto_corrections.function_code import lead_to_the_code
from cirrus_callbacks_plugin.local.moto_corrections.functions import run_local_functions
from cirrus_callbacks_plugin.local.moto_corrections.intrinsics import run_intrinsics
from cirrus_callbacks_plugin.local.moto_corrections.item_readers import (
    list_objects_as_aws_does,
    read_json_lines,
)
from cirrus_callbacks_plugin.local.moto_corrections.jsonata import (
    evaluate_expressions,
    know_where_expressions_stand,
    let_output_and_arguments_be_caught,
)
from cirrus_callbacks_plugin.local.moto_corrections.jsonata_fields import check_what_fields_hold
from cirrus_callbacks_plugin.local.moto_corrections.lookups import (
    keep_names_of_members,
    keep_names_of_methods,
    keep_names_of_services,
    keep_parsed_definitions,
    keep_the_retention_of_queues,
    query_one_partition,
)
from cirrus_callbacks_plugin.local.moto_corrections.maps import (
    map_over_lists_alone,
    run_any_number_of_iterations,
    run_forty_iterations_at_once,
)
from cirrus_callbacks_plugin.local.moto_corrections.parallels import run_branches
from cirrus_callbacks_plugin.local.moto_corrections.patches import Patches
from cirrus_callbacks_plugin.local.moto_corrections.paths import (
    find_by_path,
    put_results_by_path,
    read_texts_as_json,
    refuse_what_is_no_path,
)
from cirrus_callbacks_plugin.local.moto_corrections.progress import (
    begin_where_the_trail_ends,
    follow_the_execution,
)
from cirrus_callbacks_plugin.local.moto_corrections.redrive import (
    redrive_executions,
    tell_of_redrives,
)
from cirrus_callbacks_plugin.local.moto_corrections.sdk_tasks import (
    call_every_local_service,
    check_parameters_of_the_sdk,
    name_errors_of_the_sdk,
)
from cirrus_callbacks_plugin.local.moto_corrections.statements import (
    execute_conditional_updates,
)
from cirrus_callbacks_plugin.local.moto_corrections.task_parameters import judge_messages
from cirrus_callbacks_plugin.local.moto_corrections.terraform_calls import answer_terraform
from cirrus_callbacks_plugin.local.moto_corrections.variables import (
    assign_at_the_end,
    read_variables,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    from cirrus_callbacks_plugin.local.clock import StackClock
    from cirrus_callbacks_plugin.local.moto_corrections.functions import Invoke

LOOKUPS: tuple[Callable[[Patches], None], ...] = (
    keep_names_of_members,
    keep_names_of_methods,
    keep_names_of_services,
    keep_parsed_definitions,
    keep_the_retention_of_queues,
    query_one_partition,
)
"""The corrections that change nothing but how long moto takes."""

READING: tuple[Callable[[Patches], None], ...] = (
    read_each_definition_alone,
    let_end_be_false,
    read_texts_as_json,
    find_by_path,
    put_results_by_path,
    run_intrinsics,
    compare_as_specified,
    refuse_what_is_no_path,
    read_json_lines,
    judge_messages,
    wait_until_instants,
    assign_in_rules,
)
"""The corrections that a definition meets when it is read."""

ALL: tuple[Callable[[Patches], None], ...] = (
    execute_conditional_updates,
    # How states run; before what changes the attempts of some of them.
    time_each_attempt,
    stop_between_retries,
    follow_the_execution,
    begin_where_the_trail_ends,
    run_forty_iterations_at_once,
    run_any_number_of_iterations,
    map_over_lists_alone,
    fail_with_a_child_execution,
    run_branches,
    redrive_executions,
    tell_of_redrives,
    let_tasks_take_their_time,
    take_positive_seconds_alone,
    take_whole_numbers_of_iterations,
    # Errors and ends.
    match_errors_by_name,
    keep_the_names_of_errors,
    name_the_missing_heartbeat,
    keep_failures_of_dynamodb_tasks,
    call_every_local_service,
    name_errors_of_the_sdk,
    check_parameters_of_the_sdk,
    say_why_an_execution_ended,
    measure_states_as_json,
    # Variables and choices.
    read_variables,
    assign_at_the_end,
    fail_on_an_absent_variable,
    choose_the_first_rule,
    # Tokens.
    keep_the_cause,
    give_retries_a_fresh_token,
    refuse_second_and_late_answers,
    # Other services.
    answer_terraform,
    leave_events_to_the_stack,
    lead_to_the_code,
    # Paths, values, messages.
    *READING,
    say_why_a_definition_is_refused,
    tell_times_as_text,
    give_results_as_json,
    list_objects_as_aws_does,
    name_executions,
    # JSONata; after what judges timestamps in JSONPath.
    evaluate_expressions,
    know_where_expressions_stand,
    let_output_and_arguments_be_caught,
    check_what_fields_hold,
    *LOOKUPS,
)
"""The corrections that need nothing but moto."""

_applied = False


@contextlib.contextmanager
def corrected(
    invoke: Invoke | None = None,
    clock: StackClock | None = None,
    corrections: tuple[Callable[[Patches], None], ...] = ALL,
    on_unanswered: Callable[[str, str | None], None] | None = None,
    on_end: Callable[[], None] | None = None,
) -> Iterator[None]:
    """Correct moto until the end of the block; a second block at the same time is refused.

    Args:
        invoke: runs lambda tasks; None leaves them to moto.
        clock: what timeouts, heartbeats and Wait states follow; None: the machine's clock.
        corrections: which corrections to apply.
        on_unanswered: told the token of a task that is over without an answer, and the name of
            its error; None for a task that was stopped.
        on_end: called whenever an execution has ended.

    Raises:
        RuntimeError: moto is corrected already: two stacks in one process would run each
            other's functions.
    """
    global _applied  # noqa: PLW0603 - moto is one per process, and so is this
    if _applied:
        raise RuntimeError("One local stack runs in this process already")
    _applied = True
    try:
        with _patched(corrections, clock) as patches:
            if invoke is not None:
                run_local_functions(patches, invoke)
            if on_unanswered is not None:
                tell_what_was_not_answered(patches, on_unanswered)
            if on_end is not None:
                tell_of_ends(patches, on_end)
            if clock is not None:
                follow_the_clock(patches, clock)
            yield
    finally:
        _applied = False


@contextlib.contextmanager
def correctly_read() -> Iterator[None]:
    """Read definitions in this block as :func:`corrected` has them read, in it or before it."""
    with contextlib.nullcontext() if _applied else corrected(corrections=READING):
        yield


def lookups_kept() -> AbstractContextManager[object]:
    """Take the time that moto needs no further: answers stay those of unpatched moto."""
    return _patched(LOOKUPS)


def batches_executed() -> AbstractContextManager[object]:
    """Have batches of updates executed as AWS does; all other answers stay unpatched moto's."""
    return _patched((execute_conditional_updates,))


@contextlib.contextmanager
def _patched(
    corrections: Iterable[Callable[[Patches], None]], clock: StackClock | None = None
) -> Iterator[Patches]:
    """Some corrections until the end of the block, in which others may be applied as well."""
    patches = Patches(clock)
    try:
        for correct in corrections:
            correct(patches)
        yield patches
    finally:
        patches.undo()
