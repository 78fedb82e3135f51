"""What is built while Lambda starts a function, before its first invocation.

The start-up phase has a full processor and ten seconds of its own; an invocation of a
256 MB function has a seventh of one. Elsewhere (a local stack, a test) nothing is built at
import.
"""

from __future__ import annotations

import contextlib
import gc
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextlib.contextmanager
def nothing_collected(*, but_at_the_end: bool = False) -> Iterator[None]:
    """In Lambda, look for no garbage meanwhile, and never again among what is there then.

    What is imported and built at the start stays: the searches of it take a fifth of the time of
    cirrus's start.

    Args:
        but_at_the_end: look once, for half a megabyte that cirrus's imports leave.
    """
    if "AWS_LAMBDA_RUNTIME_API" not in os.environ or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        if but_at_the_end:
            gc.collect()
        gc.freeze()  # or the first invocation would begin with a search of it all
        gc.enable()


def build_at_start(build: Callable[[], object]) -> None:
    """In Lambda, build what the first invocation would build; elsewhere do nothing.

    What goes wrong is tried again by the first invocation, and raised or logged there.
    """
    if "AWS_LAMBDA_RUNTIME_API" in os.environ:
        with contextlib.suppress(Exception):
            build()


def build_clients_at_start(build: Callable[[], object]) -> None:
    """In Lambda, build AWS clients, where that reads no credentials but the environment's.

    Otherwise they are built by the first invocation: a snapshot of SnapStart has none yet,
    and fetches them once it is restored.
    https://docs.aws.amazon.com/lambda/latest/dg/snapstart-activate.html
    """
    if (
        "AWS_ACCESS_KEY_ID" in os.environ
        and os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") != "snap-start"
    ):
        build_at_start(build)
