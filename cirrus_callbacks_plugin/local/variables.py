"""What state machines may refer to as ``${name}`` on one's own machine."""

from __future__ import annotations

import re
from collections.abc import Mapping  # noqa: TC003 - a field's type
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.local.deployment import Names

_TASK = re.compile(
    r"tasks\.(?P<task>[\w-]+)\.(?:lambda\.function_arn|(?P<batch>batch)\.(?P<attribute>\w+))"
)
"""FilmDrop's references to the tasks of a deployment (``modules/cirrus/workflow``)."""
_PARTITION = "aws"
_LETTERS = re.compile(r"[^a-z0-9]")
_QUEUES = ("processqueue", "processsqs")
"""What people call cirrus's process queue in templates, in any spelling."""


@dataclass(frozen=True, slots=True)
class Variables:
    """Values of names in state machines.

    Attributes:
        names: of the deployment in which they run.
        given: the user's own values; they outrank ours.
        queue: a text; a name that holds it stands for the process queue.
        functions: logical ids of lambda functions, and what each is called.
    """

    names: Names
    given: Mapping[str, str] = field(default_factory=dict)
    queue: str | None = None
    functions: Mapping[str, str] = field(default_factory=dict)

    def value_of(self, name: str) -> str | None:
        """The value of a name; None where it is not known."""
        known = {**self.known(), **self.given}
        if name in known:
            return known[name]
        task = _TASK.fullmatch(name)
        if task is not None:
            if task["batch"]:
                return f"arn:{_PARTITION}:batch:{self.names.region}:task-batch/{task['task']}"
            return self._function(task["task"])
        logical_id = name.partition(".")[0]
        if logical_id in self.functions:
            return self._function(self.functions[logical_id])
        return self._queue(name)

    def known(self) -> dict[str, str]:
        """The names that every state machine may use."""
        names = self.names
        return {
            "process_queue_url": names.process_queue_url,
            "process_queue_arn": names.process_queue_arn,
            "payload_bucket": names.payload_bucket,
            "prefix": names.prefix,
            "region": names.region,
            "account": names.account,
            # The names that FilmDrop's modules give to two of them.
            "CIRRUS_PROCESS_QUEUE_URL": names.process_queue_url,
            "CIRRUS_PROCESS_QUEUE_ARN": names.process_queue_arn,
            # CloudFormation's pseudo parameters, and the parameter of cirrus-geo's templates.
            "AWS::Region": names.region,
            "AWS::AccountId": names.account,
            "AWS::Partition": _PARTITION,
            "AWS::StackName": names.prefix,
            "ResourcePrefix": names.prefix,
        }

    def advice(self, name: str) -> str:
        """What to do about a name that has no value."""
        names = ", ".join(each for each in self.known() if "::" not in each)
        return (
            f"it is not one of {names}: give it with --var {name}=VALUE, or write '$${{' where the "
            "text itself is meant"
        )

    def _function(self, name: str) -> str:
        names = self.names
        return f"arn:{_PARTITION}:lambda:{names.region}:{names.account}:function:{name}"

    def _queue(self, name: str) -> str | None:
        """The process queue, where a name is called so: its ARN where the name ends in that."""
        letters = _LETTERS.sub("", name.lower())
        is_queue = any(each in letters for each in _QUEUES)
        if not is_queue and not (self.queue and self.queue.lower() in name.lower()):
            return None
        if letters.endswith("arn"):
            return self.names.process_queue_arn
        return (
            self.names.process_queue if letters.endswith("name") else self.names.process_queue_url
        )
