"""Tables that refuse calls for a while, as DynamoDB does where it is asked for too much."""

from __future__ import annotations

import io
import json
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.local.deployment import OWN_CALLS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cirrus_callbacks_plugin.local.changes import Application

_TARGET = "DynamoDB_20120810."
_REFUSAL = json.dumps(
    {
        "__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
        "message": "The level of configured provisioned throughput for the table was exceeded.",
    },
).encode()


@dataclass(slots=True)
class Throttle:
    """The next calls on a table, each of which is refused.

    The SDK's own attempts count: a boto3 client calls DynamoDB ten times before it raises, the
    hooks' clients twice.

    Attributes:
        table: the table's name.
        calls: how many calls.
        happened: how many were refused so far.
    """

    table: str
    calls: int
    happened: int = 0

    def release(self) -> None:
        """Refuse no further call."""
        self.calls = self.happened

    def __str__(self) -> str:
        """For messages."""
        return f"a throttled call on {self.table}"


@dataclass(slots=True)
class Throttling:
    """The throttles of a test, in front of moto's server.

    The stack's own calls, such as those that a test's questions make, are never refused.

    Attributes:
        tell: told of each refusal, for the timeline.
    """

    throttles: list[Throttle] = field(default_factory=list)
    tell: Callable[[str], None] = lambda _: None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def around(self, application: Application) -> Application:
        """A WSGI application that refuses what is to be refused."""

        def answered(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            refused = self._refused(environ)
            if refused is None:
                return application(environ, start_response)  # type: ignore[no-any-return]
            self.tell(refused)
            start_response(
                "400 Bad Request",
                [("Content-Type", "application/x-amz-json-1.0")],
            )
            return [_REFUSAL]

        return answered

    def _refused(self, environ: dict[str, Any]) -> str | None:
        target = str(environ.get("HTTP_X_AMZ_TARGET", ""))
        is_own = OWN_CALLS in environ.get("HTTP_USER_AGENT", "")
        active = [each for each in self.throttles if each.happened < each.calls]
        if not active or is_own or not target.startswith(_TARGET):
            return None
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        tables = _tables(json.loads(body or b"{}"))
        with self._lock:
            for each in active:
                if each.table in tables and each.happened < each.calls:
                    each.happened += 1
                    return f"{target.removeprefix(_TARGET)} on {each.table} is throttled"
        return None


def _tables(request: dict[str, Any]) -> set[str]:
    """The tables that a call is about; single, batch and transaction calls name them apart."""
    tables = {request.get("TableName"), *request.get("RequestItems", {})}
    for item in request.get("TransactItems", ()):
        tables |= {operation.get("TableName") for operation in item.values()}
    return {table for table in tables if isinstance(table, str)}
