"""The network in this process: botocore's requests are answered in memory, each after a latency.

One seam: what sends bytes (``URLLib3Session.send``). Clients build, sign and parse as they do
on AWS, and their pools of threads wait as they do there. What the answering itself costs is
taken off the processor time that is measured.
"""

from __future__ import annotations

import io
import json
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from unittest import mock
from urllib.parse import parse_qs

from botocore.awsrequest import AWSResponse
from botocore.httpsession import URLLib3Session
from urllib3.response import HTTPResponse

from simulation.fake_aws.errors import FakeError, NotCovered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from botocore.awsrequest import AWSPreparedRequest

    from bench.peers.stores import Stores

_SERVICES = {
    "DynamoDB_20120810": "dynamodb",
    "AWSStepFunctions": "stepfunctions",
    "AmazonSQS": "sqs",
}
_PUBLISHED = (
    b"<PublishBatchResponse><PublishBatchResult><Failed/><Successful/></PublishBatchResult>"
    b"</PublishBatchResponse>"
)


@dataclass(frozen=True, slots=True)
class Figures:
    """What a piece of work took.

    Attributes:
        cpu: processor seconds of its threads, what answers on AWS's side left out.
        wall: seconds.
        calls: requests, by the operation's name.
    """

    cpu: float = 0.0
    wall: float = 0.0
    calls: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: Figures) -> Figures:
        return Figures(self.cpu + other.cpu, self.wall + other.wall, self.calls + other.calls)

    def to_json(self) -> dict[str, Any]:
        """With stable keys."""
        calls = dict(sorted(self.calls.items()))
        return {"cpu": round(self.cpu, 5), "wall": round(self.wall, 5), "calls": calls}


@dataclass(slots=True)
class Network:
    """What every client of this process calls.

    Attributes:
        stores: the deployment that answers now.
    """

    stores: Stores
    _latency: float = 0.0
    _calls: Counter[str] = field(default_factory=Counter)
    _answering: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Stand in the network's place."""
        send = lambda _, request: self._send(request)  # noqa: E731 - the session is not needed
        with mock.patch.object(URLLib3Session, "send", send):
            yield

    def measure(self, latency: float, work: Callable[[], object]) -> Figures:
        """Do some work, each of its calls taking ``latency`` seconds.

        What is called outside of it takes no time.
        """
        self._latency, self._answering, self._calls = latency, 0.0, Counter()
        cpu, wall = time.process_time(), time.perf_counter()
        work()
        wall = time.perf_counter() - wall
        cpu = time.process_time() - cpu - self._answering
        self._latency = 0.0
        return Figures(cpu, wall, self._calls)

    def _send(self, request: AWSPreparedRequest) -> AWSResponse:
        if self._latency:
            time.sleep(self._latency)
        began = time.thread_time()
        with self._lock:
            operation, status, headers, body = self._answer(request)
            self._calls[operation] += 1
            raw = HTTPResponse(io.BytesIO(body), headers, status, preload_content=False)
            self._answering += time.thread_time() - began
        return AWSResponse(request.url, status, raw.headers, raw)

    def _answer(self, request: AWSPreparedRequest) -> tuple[str, int, dict[str, str], bytes]:
        target = request.headers.get("X-Amz-Target")
        if target is None:
            return self._answer_others(request)
        named, _, operation = _text(target).partition(".")
        if named not in _SERVICES:
            raise NotCovered(target)
        try:
            told = self.stores.call(_SERVICES[named], operation, json.loads(request.body))
        except FakeError as error:
            refused = {"__type": error.code, "message": error.message, **error.response}
            return operation, 400, {}, json.dumps(refused).encode()
        return operation, 200, {}, json.dumps(told, default=datetime.timestamp).encode()

    @staticmethod
    def _answer_others(request: AWSPreparedRequest) -> tuple[str, int, dict[str, str], bytes]:
        """S3 keeps what it is given to itself, and SNS takes everything."""
        if request.method == "PUT":
            return "PutObject", 200, {"ETag": '"kept"'}, b""
        (action,) = parse_qs(_text(request.body)).get("Action", [request.url])
        if action != "PublishBatch":
            raise NotCovered(action)
        return action, 200, {}, _PUBLISHED


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
