"""Every page of a DynamoDB query or scan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


def pages(call: Callable[..., Any], request: Mapping[str, Any]) -> Iterator[Any]:
    """Call ``query`` or ``scan`` until no page is left, and yield each response.

    botocore's paginators do the same, but read a model file of their own first: a cost that
    every cold start of cirrus's functions would pay.

    Args:
        call: the client's method.
        request: its arguments; ``ExclusiveStartKey`` is given from the second page on.
    """
    asked = dict(request)
    while True:
        page = [call(**asked)]
        asked["ExclusiveStartKey"] = page[0].get("LastEvaluatedKey")
        yield page.pop()  # kept here, it would live on until the next one is there
        if not asked["ExclusiveStartKey"]:
            return
