"""How a payload ended, as a settle writes it into a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a payload ended: what a settle writes into a row.

    Attributes:
        workflow_state: the state as the deployment's state table spells it; None leaves
            the row's own (``PROCESSING``) for an answer that names no state.
        execution_arn: the run that ended, where one is known.
        error: the run's error text.
        output_payload_url: where the run's output payload is (cirrus 2.0 on).
        answer_error: the error to send where it does not follow from the state.
    """

    workflow_state: str | None
    execution_arn: str | None = None
    error: str | None = None
    output_payload_url: str | None = None
    answer_error: str | None = None

    def attributes(self) -> dict[str, Any]:
        """The attributes that are set, by name."""
        values = {
            "workflow_state": self.workflow_state,
            "execution_arn": self.execution_arn,
            "error": self.error,
            "output_payload_url": self.output_payload_url,
            "answer_error": self.answer_error,
        }
        return {name: value for name, value in values.items() if value is not None}
