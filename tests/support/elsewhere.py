"""Functional tests that an older generation cannot run, and what it does instead.

By the test's name; ``tests/functional/conftest.py`` skips them with the reason.
"""

from __future__ import annotations

from cirrus_callbacks_plugin.cirrus.generations import V0_7, V0_15, V1, Generation

NO_OUTPUT = "output payloads are stored, and have a URL, from cirrus 2 on"
NO_CLAIM = "cirrus 0.x knows no CLAIMED, and lists a run once it has started"
NO_DETAILS = "only cirrus 2 looks at inputDetails"
NO_PUBLISH = "only cirrus >= 1 publishes items once it has written the state"
LEFT_PROCESSING = "cirrus 0.15 leaves PROCESSING, without a run, when a start is throttled"
WHOLE_BATCH = "cirrus 0.7 raises for the whole batch, whatever is wrong with one message"
NO_URL = "cirrus 0.7 follows no url; the hook does, for messages with a token"
SWALLOWS = "cirrus 0.7 swallows events that it cannot parse"

OF_0_X = (V0_7, V0_15)
BEFORE_2 = (V0_7, V0_15, V1)
OLDEST = (V0_7,)

NOT_ON: dict[str, tuple[tuple[Generation, ...], str]] = {
    "test_success_resumes_the_parent_with_the_childs_output": (BEFORE_2, NO_OUTPUT),
    "test_what_no_cirrus_runs_again_is_settled_at_once[SUCCEEDED]": (BEFORE_2, NO_OUTPUT),
    "test_claimed_is_waited_for_and_its_restart_answers": (OF_0_X, NO_CLAIM),
    "test_a_start_overtaken_by_another_invocation_stays_open": (OF_0_X, NO_CLAIM),
    "test_an_event_without_input_raises_as_cirrus_does_and_settles_nothing": (
        BEFORE_2,
        NO_DETAILS,
    ),
    "test_a_handler_that_raises_after_its_write_still_settles": (OF_0_X, NO_PUBLISH),
    "test_an_error_fails_the_parent_by_its_type[cirrus.lib.errors.InvalidInput-INVALID-"
    "CirrusCallback.Invalid]": (OF_0_X, "0.x stores this error as FAILED"),
    "test_an_error_fails_the_parent_by_its_type[stactask.exceptions.InvalidInput-INVALID-"
    "CirrusCallback.Invalid]": (OLDEST, "0.7 stores this error as FAILED"),
    "test_a_throttled_start_raises_and_leaves_the_waiter_open": ((V0_15,), LEFT_PROCESSING),
    "test_a_malformed_event_fails_as_it_does_without_the_hook": (OLDEST, SWALLOWS),
    "test_an_event_older_than_the_seen_run_settles_nothing": (OLDEST, WHOLE_BATCH),
    "test_a_workflow_without_state_machine_fails_its_waiter": (OLDEST, WHOLE_BATCH),
    "test_cirrus_raising_for_one_message_leaves_the_waits_of_the_others_right": (
        OLDEST,
        WHOLE_BATCH,
    ),
    "test_a_payload_that_completed_meanwhile_is_settled_though_cirrus_raised": (
        OLDEST,
        WHOLE_BATCH,
    ),
    "test_what_cirrus_sees_and_keeps_holds_no_token": (OLDEST, WHOLE_BATCH),
    "test_a_row_shared_with_a_processed_message_is_still_settled": (OLDEST, WHOLE_BATCH),
    "test_cirruss_exception_wins_over_a_failed_registration": (OLDEST, WHOLE_BATCH),
    "test_a_settle_that_fails_afterwards_fails_nothing": (OLDEST, WHOLE_BATCH),
    "test_an_event_that_writes_no_state_adds_no_call": (BEFORE_2, NO_DETAILS),
    "test_what_does_not_fit_goes_on_in_the_sender": (BEFORE_2, NO_OUTPUT),
    "test_a_payload_behind_a_url_costs_one_get_where_it_has_a_token": (OLDEST, NO_URL),
    "test_rows_settled_in_step_3_cost_one_update_each": (OLDEST, WHOLE_BATCH),
    "test_a_continuation_waits_for_the_answers_of_its_batch": (OLDEST, WHOLE_BATCH),
    "test_cirruss_own_time_is_not_the_hooks": (OLDEST, WHOLE_BATCH),
    "test_sender.py": (OLDEST, f"its rows come of a start that fails; {WHOLE_BATCH}"),
    "test_a_replacement_that_cirrus_drops_as_a_duplicate_is_never_started": (
        OLDEST,
        "cirrus 0.7 drops duplicates of what it started only",
    ),
    "test_a_direct_invocation_registers_too": (OLDEST, "cirrus 0.7 takes SQS messages only"),
    "test_an_object_is_no_carrier": (OLDEST, NO_URL),
    "test_a_refused_payload_keeps_its_id_or_is_named_by_its_message": (OLDEST, WHOLE_BATCH),
    "test_an_event_that_cirrus_cannot_take_leaves_nobody_waiting": (
        OF_0_X,
        "cirrus 0.x takes these events otherwise",
    ),
    "test_a_stuck_payload_is_warned_about": (
        OLDEST,
        "cirrus 0.7's logging setup, in this process, replaces everybody's handlers",
    ),
    "test_a_claim_whose_run_never_started": (OF_0_X, NO_CLAIM),
    "test_policy_is_read_at_every_pass": (OF_0_X, NO_CLAIM),
    "test_a_lost_failure_is_told_by_its_type": (
        OF_0_X,
        "0.x finds a run's error in its history, which the reconciler does not read",
    ),
    "test_a_flag_that_is_off_does_not_hide_why_a_payload_is_invalid": (OLDEST, WHOLE_BATCH),
}


def why_not(module: str, test: str, generation: Generation) -> str | None:
    """Why a test cannot run on a generation; None where it can.

    Args:
        module: its file's name.
        test: its name, with or without its parameters in brackets.
        generation: the installed cirrus's.
    """
    for name in (test, test.partition("[")[0], module):
        generations, reason = NOT_ON.get(name, ((), ""))
        if generation in generations:
            return reason
    return None
