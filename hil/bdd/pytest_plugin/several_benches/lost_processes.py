"""Processes of a run on places that were killed: each place is made safe and released, then a new process begins.

A place is given back by a program (:mod:`hil.fleet.errands`). A new process is forked only while none of these is under
way: a thread reads its answer, and threads and ``fork`` do not go together.

PYTEST_DONT_REWRITE: the run's plugin imports this module before pytest loads it, which pytest would warn of.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from hil.clock import utc_now
from hil.errors import RigFault
from hil.fleet.errands import Errand, begin_to_free
from hil.fleet.errands.begun import FREE_S
from hil.fleet.marks import clock_time

if TYPE_CHECKING:
    from hil.bdd.pytest_plugin.several_benches.parallel import BenchProcess
    from hil.bdd.pytest_plugin.several_benches.places import Places


@dataclass
class LostProcess:
    """A process that is gone without a last word.

    :param place: the place that it had, or was about to acquire; empty: none.
    :param reservation: token of its reservation; empty: none.
    :param why: how it ended.
    :ivar unsafe: why its place is not safe, or not released; empty: it is both.
    """

    bench: BenchProcess
    place: str
    reservation: str
    why: str
    unsafe: str = ""


class LostProcesses:
    """Keeps account of them.

    :param most: how many may be replaced: one for each bench of the run. A machine on which more are killed lacks
        memory, or someone ends them on purpose; each new one would switch a rig for nothing.
    :param say: told what is done.
    """

    def __init__(self, places: Places, most: int, say: Callable[[str], None]) -> None:
        self._places = places
        self._say = say
        self.most = most
        self.replaced = 0
        self._freed: list[LostProcess] = []
        self._errands: dict[int, tuple[Errand, LostProcess]] = {}
        """By the descriptor that tells the end of it."""

    @property
    def errands(self) -> list[int]:
        """The descriptors of what is under way: each is readable when it is done."""
        return list(self._errands)

    def take_up(self, lost: LostProcess) -> None:
        """Begin to make its place safe and to release it."""
        if not lost.place and not lost.reservation:
            self._freed.append(lost)
            return
        owner = self._places.owner.part(lost.bench.number)
        errand = begin_to_free(owner, lost.place, self._places.safe, reservation=lost.reservation)
        self._errands[errand.fileno()] = errand, lost
        if lost.place:
            until = clock_time((utc_now() + timedelta(seconds=FREE_S)).timestamp())
            self._say(f"{lost.why}; waits until {lost.place} is made safe and released, until {until} at the latest")

    def end_errand(self, descriptor: int) -> LostProcess:
        """Take up what came of an errand that is done, or wait for it; return for which process it was."""
        errand, lost = self._errands.pop(descriptor)
        try:
            lost.unsafe = errand.answer()["unsafe"]
        except RigFault as error:
            lost.unsafe = f"{error}. Its lease runs out, and the next job makes it safe"
        self._freed.append(lost)
        return lost

    def take_freed(self) -> list[LostProcess]:
        """Return those whose places are free by now, each once; none while an errand is under way."""
        if self._errands:
            return []
        freed, self._freed = self._freed, []
        return freed

    def why_not(self, lost: LostProcess, other_places: bool) -> str:
        """Return why a process is not replaced; empty: it may be.

        :param other_places: whether there may be a place for it beside its own.
        """
        if self.replaced >= self.most:
            return (
                f"it is not replaced: so many may be as the run has benches, {self.most}. See what ends them; the"
                " kernel's log tells if the machine lacks memory"
            )
        if lost.unsafe and not other_places:
            return "it is not replaced, since there is no other place for it"
        return ""
