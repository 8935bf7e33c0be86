"""How often a meter updated between two readings, when their stamps alone do not tell.

A meter updates on a grid of its own: once a period, at a phase that is not known. The readings around the two in
question were taken on the same grid, so only some phases agree with all of them. Readings with the same values are of
one update, readings with other values are not; that narrows the phases further.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class Seen(NamedTuple):
    """One update of the meter, seen by a reading or by several."""

    instants: tuple[tuple[float, float], ...]
    """Of each reading, the earliest and the latest instant at which it may have been taken, in s."""

    since: int
    """At least so many updates lie between the one seen before it and this one: 1 if its values differ, 0 if not."""


def updates_between(seen: Sequence[Seen], index: int, period: float) -> tuple[int, int] | None:
    """Return how many updates lie between ``seen[index - 1]`` and ``seen[index]``, at least and at most.

    ``None`` if no phase agrees with all readings: then they were not taken on such a grid, or a stamp is wrong.

    :param seen: what was seen around the two, in order.
    :param period: the meter's update period in s, greater than 0.
    """
    edges = sorted({instant % period for each in seen for span in each.instants for instant in span})
    found = [
        count
        for early, late in pairwise([edges[-1] - period, *edges])
        if (count := _at_phase(seen, index, period, (early + late) / 2)) is not None
    ]
    if not found:
        return None
    return min(fewest for fewest, _ in found), max(most for _, most in found)


def _at_phase(seen: Sequence[Seen], index: int, period: float, phase: float) -> tuple[int, int] | None:
    """Return the same for a meter that updates at ``phase`` and once a period from then on."""
    spans = [
        (
            max(math.floor((early - phase) / period) for early, _ in each.instants),
            min(math.floor((late - phase) / period) for _, late in each.instants),
        )
        for each in seen
    ]
    lowest = [spans[0][0]]
    for each, (low, _) in zip(seen[1:], spans[1:], strict=True):
        lowest.append(max(low, lowest[-1] + each.since))
    if any(low > high for low, (_, high) in zip(lowest, spans, strict=True)):
        return None
    highest = [spans[-1][1]]
    for each, (_, high) in zip(reversed(seen[1:]), reversed(spans[:-1]), strict=True):
        highest.append(min(high, highest[-1] - each.since))
    highest.reverse()
    return max(seen[index].since, lowest[index] - highest[index - 1]), highest[index] - lowest[index - 1]
