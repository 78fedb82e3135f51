"""Who makes an AWS call: which function of the product, for which step of the protocol.

Read off the stack at the moment of the call, so no call of the product goes unnoticed and
none of cirrus's own is taken for one.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore import xform_name

import cirrus_callbacks_plugin
from cirrus_callbacks_plugin.aws import side_by_side
from simulation.fake_aws.shapes import shape_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

PACKAGE = str(Path(cirrus_callbacks_plugin.__file__).parent) + "/"
_BETWEEN = (
    *("/botocore/", "/boto3/", "/moto/"),
    *("/tests/faults/", "/tests/support/", "/tests/simulation/"),
)
"""What stands between a caller and the wire."""

_PAGES = "aws/pages.py"
"""Is given the client's method; the call stands where it is named."""

_PLUMBING = (
    "aws/side_by_side.py",
    "hooks/own_time.py",
    "aws/batch_reads.py",
    "aws/statements.py",
    "waits/batches.py",
    "protocol/marks.py",
    "aws/error_codes.py",
    _PAGES,
    "lambda_functions/wrapped.py",
)
_PLUMBING_FUNCTIONS = (
    "WaitsTable._update",
    "WaitsTable._write",
    "WaitsTable._among_many",
    "JoinsTable._telling",
    "_Settler._call",
    "Answerer.send",
    "Joins.answer_all",
    "WaitsTable.read_items",
    "Joins.read",
    "JoinsTable.joins",
    "JoinsTable._put",
    "JoinsTable._change",
)

_MANY = {
    "Answerer.answer_all": "Answerer.answer",
    "Answerer._mark_all": "Answerer.mark",
    "WaitsTable.settle_all": "WaitsTable.settle",
    "WaitsTable.mark_all": "WaitsTable.mark_answered",
    "JoinsTable.tell_all": "JoinsTable.tell",
}
"""Steps that do the same to many rows."""

_FUNCTIONS = (
    ("hooks/process.py", "process"),
    ("hooks/update_state.py", "update-state"),
    ("sender/batch.py", "sender"),
    ("lambda_functions/sender.py", "sender"),
    ("reconcile/passes.py", "reconciler"),
    ("reconcile/walk.py", "reconciler"),
    ("reconcile/heartbeats.py", "reconciler"),
    ("lambda_functions/reconciler.py", "reconciler"),
)
COMMAND = "command"
"""What operators run."""

LOCAL = "local"
"""What runs on a person's own machine only."""


@dataclass(frozen=True, order=True)
class Call:
    """A kind of call: the same one wherever it is made for the same purpose.

    Attributes:
        function: which of the product's functions makes it, or which command.
        operation: AWS's name of it.
        target: what it is about.
        step: the functions of the product that it is made by, the caller's first.
        shape: the conditions and options that decide its answer.
        site: where in the source it stands: file, function and method.
    """

    function: str
    operation: str
    target: str
    step: str
    shape: str
    site: str = field(compare=False, default="")

    @property
    def name(self) -> str:
        """What the table calls it."""
        return f"{self.operation} ({self.target}), {self.step}"

    @property
    def is_write(self) -> bool:
        """True where the call changes something at AWS."""
        return self.operation.startswith(_WRITES)


_WRITES = (
    "BatchExecuteStatement",
    "PutItem",
    "UpdateItem",
    "DeleteItem",
    "DeleteMessageBatch",
    "SendTask",
)


def call_of(service: str, operation: str, parameters: dict[str, Any]) -> Call | None:
    """The call that is being made on this thread; None where it is not the product's."""
    frames = list(_frames())
    function = _function(frames)
    if function is None:
        return None
    return Call(
        function,
        operation,
        _target(service, parameters),
        _step(frames),
        shape_of(service, operation, parameters),
        _site(frames, operation),
    )


def _frames() -> Iterator[FrameType]:
    """The product's frames from the call outwards, over the threads of ``side_by_side``."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and any(part in frame.f_code.co_filename for part in _BETWEEN):
        frame = frame.f_back
    if frame is None or not frame.f_code.co_filename.startswith(PACKAGE):
        return
    last = frame
    while frame is not None:
        if frame.f_code.co_filename.startswith(PACKAGE):
            last = frame
            yield frame
        frame = frame.f_back
    if last.f_code.co_name == "attempt" and last.f_code.co_filename == side_by_side.__file__:
        yield from _waiting_for(last.f_locals["work"])


def _waiting_for(work: Any) -> Iterator[FrameType]:
    """The frames of the thread whose ``each`` does this work in a pool."""
    for top in list(sys._current_frames().values()):
        frame: FrameType | None = top
        while frame is not None and not (
            frame.f_code is side_by_side.run_side_by_side.__code__
            and frame.f_locals.get("work") is work
        ):
            frame = frame.f_back
        if frame is not None:
            while frame is not None:
                if frame.f_code.co_filename.startswith(PACKAGE):
                    yield frame
                frame = frame.f_back
            return


def _function(frames: list[FrameType]) -> str | None:
    """Which command the outermost frames belong to, or which function the innermost.

    (A test may let the local stack invoke one function while another one is under way.)
    """
    functions = dict(_FUNCTIONS)
    for frame in reversed(frames):
        path = _path(frame)
        if path in functions:
            paths = [_path(each) for each in frames]
            inner = next(each for each in paths if each in functions or each.startswith("local/"))
            return functions.get(inner, LOCAL)
        if path.startswith("cli/") and path.removesuffix(".py") not in _SHARED:
            return COMMAND
        if path.startswith("local/"):
            return LOCAL
    return None


_SHARED = {f"cli/{name}" for name in ("main", "commands", "operating", "repairing", "screen")}


def _site(frames: list[FrameType], operation: str) -> str:
    caller = next(frame for frame in frames if _path(frame) != _PAGES)
    return f"{_path(caller)} {_qualname(caller)} {xform_name(operation)}"


def _path(frame: FrameType) -> str:
    return frame.f_code.co_filename.removeprefix(PACKAGE)


def _qualname(frame: FrameType) -> str:
    return frame.f_code.co_qualname.partition(".<locals>")[0]


def _step(frames: list[FrameType]) -> str:
    """The innermost two functions that say what the call is for."""
    told: list[str] = []
    for frame in frames:
        path = _path(frame)
        name = _MANY.get(_qualname(frame), _qualname(frame))
        if path in _PLUMBING or name in _PLUMBING_FUNCTIONS:
            continue
        shown = f"{Path(path).stem}.{name}" if "." not in name else name
        if shown not in told:
            told.append(shown)
        if len(told) == 2:
            break
    return " > ".join(reversed(told))


def _target(service: str, parameters: dict[str, Any]) -> str:
    if service != "dynamodb":
        return {"stepfunctions": "Step Functions"}.get(service, service.upper())
    requested = parameters.get("RequestItems")
    table = str(next(iter(requested)) if requested else parameters.get("TableName", ""))
    if "Statements" in parameters:
        return "tracking table"
    if "IndexName" in parameters:
        return f"index {parameters['IndexName']}"
    return "tracking table" if table.endswith("-callbacks") else "state table"
