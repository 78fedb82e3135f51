"""AWS's list prices, as far as waiting costs anything; docs/reference/figures.md shows the same."""

from __future__ import annotations

from dataclasses import dataclass

AS_OF = "July 2025"
"""When they were last confirmed: us-east-1 and us-west-2, no free tier, no savings plan."""


@dataclass(frozen=True, slots=True)
class Price:
    """A price in dollars.

    Attributes:
        what: what is paid for.
        dollars: for so many of it.
        per: so many.
        source: AWS's page.
    """

    what: str
    dollars: float
    per: int
    source: str

    def of(self, number: float) -> float:
        """Dollars for a number of it."""
        return number * self.dollars / self.per


_DYNAMODB = "https://aws.amazon.com/dynamodb/pricing/on-demand/"
_LAMBDA = "https://aws.amazon.com/lambda/pricing/"

TRANSITIONS = Price(
    "state transitions of a standard workflow",
    0.025,
    1_000,
    "https://aws.amazon.com/step-functions/pricing/",
)
WRITE_UNITS = Price("write request units of DynamoDB", 0.625, 1_000_000, _DYNAMODB)
READ_UNITS = Price("read request units of DynamoDB", 0.125, 1_000_000, _DYNAMODB)
INVOCATIONS = Price("invocations of Lambda", 0.20, 1_000_000, _LAMBDA)
GIGABYTE_SECONDS = Price("GB-seconds of Lambda, x86", 16.6667, 1_000_000, _LAMBDA)

PRICES = (TRANSITIONS, WRITE_UNITS, READ_UNITS, INVOCATIONS, GIGABYTE_SECONDS)
