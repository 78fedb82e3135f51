"""What sender and reconciler work through, for tests in which nobody joins."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from cirrus_callbacks_plugin.joins.service import JoinClients, Joins, JoinSettings

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.cirrus.state_table import StateTable
    from cirrus_callbacks_plugin.protocol.answer import Answerer


def plain_joins(answerer: Answerer, states: StateTable) -> Joins:
    """Joins on an answerer and a state table; the clients that only joins need are not there."""
    return Joins(answerer, states, JoinClients(s3=_nobody, sqs=_nobody), JoinSettings())


def _nobody() -> NoReturn:
    raise AssertionError("nobody joins here")
