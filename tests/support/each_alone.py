"""Many rows written one by one, for fakes of the tracking table that know no batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.aws.side_by_side import run_side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cirrus_callbacks_plugin.waits.table import Settlement


class SettlesEach:
    """Gives ``settle_all`` to a fake that has ``settle``."""

    settle: Callable[..., bool]

    def settle_all(
        self,
        settlements: Sequence[Settlement],
        *,
        call: Callable[[Callable[[], Any]], Any] = lambda work: work(),
    ) -> list[bool | Exception]:
        """Each row by a call of its own."""

        def settle(each: Settlement) -> bool:
            more = {"noted_run": each.noted_run} if each.noted_run else {}
            result: bool = call(lambda: self.settle(each.key, each.outcome, **more))
            return result

        return run_side_by_side(settle, settlements)
