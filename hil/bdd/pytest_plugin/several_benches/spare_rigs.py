"""Which processes of a run on places have to stay: one for each item that may come back from a rig that fails.

PYTEST_DONT_REWRITE: the run's plugin imports this module before pytest loads it, which pytest would warn of.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping


def may_come(
    number: int,
    left: Collection[int],
    under_way: Mapping[int, Collection[int]],
    idle: Collection[int],
    can: Callable[[int, int], bool],
) -> bool:
    """Tell whether a process has to stay: items are left that it can run, or one may come back from another process
    whose rig fails, and no third process stays for it. Other jobs may wait for its place.

    :param left: items that no process has.
    :param under_way: what the other processes have, by their numbers; those that are gone are left out.
    :param idle: those of them that could take one more item. One that runs an item is no spare for that item.
    :param can: tells whether the rig of a process, by its number, can run an item.
    """
    kept = [
        index
        for other, indices in under_way.items()
        for index in indices
        if not any(can(each, index) for each in idle if each != other)
    ]
    return any(can(number, index) for index in (*left, *kept))
