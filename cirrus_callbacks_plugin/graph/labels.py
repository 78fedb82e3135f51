"""Short labels for long ids: no two ids that differ have one label."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.naming import middle_cut

if TYPE_CHECKING:
    from collections.abc import Sequence

_BEFORE = 4
"""Letters that are shown before the first one that differs."""


def labels_of(titles: Sequence[str], most: int) -> dict[str, str]:
    """A label of at most so many letters for each title, all of them different.

    The middle is cut. Where titles would be alike then (scenes of one day differ in their
    middle), what is shown begins where they begin to differ; where they still would be, each
    ends with a number of its own.
    """
    labels = {title: middle_cut(title, most) for title in titles}
    for group in _alike(labels):
        first = max(_alike_until(group) - _BEFORE, 1)
        labels.update({title: middle_cut(f"\u2026{title[first:]}", most) for title in group})
    taken = set(labels.values())
    for group in _alike(labels):
        number = 0
        for title in group[1:]:
            label = labels[title]
            while label in taken:
                number += 1
                mark = f" #{number + 1}"
                label = middle_cut(labels[title], most - len(mark)) + mark
            taken.add(label)
            labels[title] = label
    return labels


def _alike_until(group: Sequence[str]) -> int:
    """How many letters all titles of a group begin with alike."""
    shortest = min(map(len, group))
    letters = zip(*group, strict=False)
    return next((at for at, each in enumerate(letters) if len(set(each)) > 1), shortest)


def _alike(labels: dict[str, str]) -> list[list[str]]:
    """The titles that share a label with others."""
    groups: dict[str, list[str]] = defaultdict(list)
    for title, label in labels.items():
        groups[label].append(title)
    return [group for group in groups.values() if len(group) > 1]
