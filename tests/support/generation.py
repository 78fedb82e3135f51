"""What differs for tests between the generations of cirrus; which one is installed.

The functional tests run against each of them (``make test-0.7`` and so on), on a world of
that cirrus (``older_world``); ``elsewhere`` lists the few that cannot, with the reason.
"""

from __future__ import annotations

import importlib
import json
from typing import Any

from cirrus_callbacks_plugin.cirrus.generations import NEWEST, V0_7
from cirrus_callbacks_plugin.cirrus.installed import adapter
from cirrus_callbacks_plugin.cirrus.state_table import COMPLETED_STATES

GENERATION = adapter().generation
VERSION = adapter().version
COMPLETED = GENERATION.completed
"""How the state table spells success."""

IS_OLDEST = GENERATION is V0_7
PREDECESSOR = not GENERATION.lists_run_at_claim
"""True on cirrus 0.x, which lists a run once it has started."""
IS_NEWEST = GENERATION is NEWEST


def body_for_queue(body: str) -> str:
    """What a producer puts on the process queue: on the oldest cirrus a notification."""
    return json.dumps({"Type": "Notification", "Message": body}) if IS_OLDEST else body


def state_db() -> Any:
    """An instance of the installed cirrus's own StateDB."""
    kind, _ = adapter().state_setters()
    return kind()


def write_state(payload_id: str, state: str, runs: tuple[str, ...]) -> None:
    """Give a payload a state, and the runs before it, as cirrus's own code writes them.

    Success may be spelled either way.
    """
    state = COMPLETED if state in COMPLETED_STATES else state
    states = state_db()
    for position, arn in enumerate(runs):
        if position:
            states.set_failed(payload_id, "an earlier run failed")
        if PREDECESSOR:
            states.claim_processing(payload_id)
        else:
            states.claim_processing(payload_id=payload_id, execution_arn=arn)
        if state == "CLAIMED" and position == len(runs) - 1:
            return
        states.set_processing(*((payload_id, arn) if PREDECESSOR else (payload_id,)))
    if state in ("FAILED", "INVALID"):
        getattr(states, f"set_{state.lower()}")(payload_id, f"{state} before")
    elif state not in ("PROCESSING", "CLAIMED"):
        getattr(states, f"set_{state.lower()}")(payload_id)


def run_elsewhere(payload_id: str, arn: str, state: str = "CLAIMED") -> None:
    """List another run of a payload, as another invocation of cirrus would, and end it.

    ``CLAIMED`` leaves it in progress: claimed from cirrus 1 on, started on 0.x.
    """
    write_state(payload_id, "PROCESSING" if PREDECESSOR and state == "CLAIMED" else state, (arn,))


def bare_handler(name: str) -> Any:
    """Cirrus's own handler, without any hook."""
    from cirrus_callbacks_plugin.cirrus.installed import cirrus_handler

    return cirrus_handler(name)


def forget_queue_urls() -> None:
    """Cirrus >= 0.15 keeps queues' URLs from one invocation to the next."""
    for library in ("cirrus.lib.utils", "cirrus.lib2.utils"):
        try:
            getattr(importlib.import_module(library), "QUEUE_URLS", {}).clear()
        except ModuleNotFoundError:
            continue


def forget_clients() -> None:
    """Let cirrus build its clients again: it keeps them from one invocation to the next."""
    for library in ("cirrus.lib.utils", "cirrus.lib2.utils"):
        try:
            module = importlib.import_module(library)
        except ModuleNotFoundError:
            continue
        for name in ("get_client", "get_resource"):
            getattr(getattr(module, name, None), "cache_clear", lambda: None)()
