"""The rules, in the order in which their documentation tells them."""

from __future__ import annotations

from cirrus_callbacks_plugin.lint.rules import (
    answer_keys,
    catch_to_fail,
    concurrency,
    error_name,
    express,
    heartbeat,
    not_waiting,
    own_id,
    payload_output,
    plain_json,
    result_size,
    retry_final,
    shadowed,
    timeout,
    token,
    uncaught,
    unknown_state,
    waiter,
    workflow_flag,
)

RULES = (
    token.RULE,
    not_waiting.RULE,
    express.RULE,
    payload_output.RULE,
    own_id.RULE,
    timeout.RULE,
    heartbeat.RULE,
    retry_final.RULE,
    error_name.RULE,
    shadowed.RULE,
    uncaught.RULE,
    catch_to_fail.RULE,
    concurrency.RULE,
    result_size.RULE,
    answer_keys.RULE,
    workflow_flag.RULE,
    waiter.RULE,
    unknown_state.RULE,
    plain_json.DUPLICATE_KEY,
    plain_json.COMMENT,
)
