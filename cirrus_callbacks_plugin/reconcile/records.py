"""The state table's records as a pass needs them: each payload's read once for all its rows."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.aws.batch_reads import MAX_KEYS
from cirrus_callbacks_plugin.cirrus.state_table import Record, StateKey, StateTable

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.aws.pacing import Pace

MOST_KEPT = 20_000
"""Records kept at once, some 15 MB: waits for one payload lie far apart in the index."""

RecordByPayload = Mapping[str, "Record | Exception | None"]
"""By payload id: the record, None where there is none, or why it is not known."""


@dataclass(slots=True, eq=False, repr=False)
class Records:
    """Records that were read in this pass.

    A judgement may rest on a record that is as old as the pass: before an act it is read again
    (:meth:`read_now`).

    Attributes:
        states: cirrus's state table.
        pace: how often it is asked, a hundred records each time.
    """

    states: StateTable
    pace: Pace
    _kept: OrderedDict[str, Record | Exception | None] = field(default_factory=OrderedDict)

    def of(self, payload_ids: Iterable[str]) -> RecordByPayload:
        """The records of some payloads; those not kept are read."""
        wanted = dict.fromkeys(payload_ids)
        missing = [each for each in wanted if each not in self._kept]
        read = self.read_now(missing)
        answer: dict[str, Record | Exception | None] = {}
        for each in wanted:
            answer[each] = read[each] if each in read else self._kept[each]
        for each, record in answer.items():
            if not isinstance(record, Exception):  # what failed may succeed for the next row
                self._kept[each] = record
                self._kept.move_to_end(each)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return answer

    def read_now(self, payload_ids: Iterable[str]) -> RecordByPayload:
        """The same, as they are now; one call that fails fails for its hundred payloads."""
        ids = list(dict.fromkeys(payload_ids))
        answer: dict[str, Record | Exception | None] = {}
        keys = {each: StateKey.of(each) for each in ids}
        answer.update({each: None for each, key in keys.items() if key is None})
        with_key = [each for each in ids if keys[each] is not None]
        for start in range(0, len(with_key), MAX_KEYS):
            part = with_key[start : start + MAX_KEYS]
            answer.update(self._read({each: keys[each] for each in part}))  # type: ignore[misc]
        return answer

    def _read(self, keys: Mapping[str, StateKey]) -> RecordByPayload:
        malformed: dict[StateKey, Exception] = {}
        try:
            records = self.states.read(
                keys.values(),
                before_call=self.pace.wait,
                on_malformed=malformed.__setitem__,
            )
        except Exception as error:  # noqa: BLE001 - handed on: its rows are counted and named
            return dict.fromkeys(keys, error)
        return {each: malformed.get(key) or records.get(key) for each, key in keys.items()}
