"""How test side and virtual bench take turns, thousands of times a second: as this machine does it fastest.

On one processor a turn is a switch of processes; on two, with both looking for the next message instead of sleeping,
it is a message between caches, and what need not be done before the answer (the meter's next sample there, the encoding
of evidence here) is done by both at the same time. Which is faster depends on the machine, and on what else runs on it:
two processors that share a core or have other work lose by looking. So both are tried for some milliseconds. Where
several benches share the processors, each has one for both its sides, and neither looks without sleeping.
"""

from __future__ import annotations

import contextlib
import os
import statistics
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hil.clock import stopwatch
from hil.instruments.visa.raw_socket import LineSession

if TYPE_CHECKING:
    from hil.rig.virtual.process import VirtualBenchProcess

PATIENCE_S = 0.0005
"""How long each side looks before it sleeps: several times what an answer takes, so it hardly ever sleeps in a run."""

TRIALS = 60
"""Turns by which a way is judged; about 10 ms."""

OVERLAP = 1.3
"""How much longer a bare turn on two processors may take: a turn of a scenario then has work that both share."""


@contextlib.contextmanager
def tuned_lockstep(bench: VirtualBenchProcess, number: int = 1, of: int = 1) -> Iterator[None]:
    """Choose for as long as the context lasts; the bench, ``number`` of so many, is reset by it."""
    allowed = os.sched_getaffinity(0)
    processors = sorted(allowed)
    first = (os.getpid() if of == 1 else number) % len(processors)
    here, there = processors[first], processors[(first + 1) % len(processors)]
    bench.reset(seed="turns", plant={}, devices={}, node=None)
    try:
        together = _time_of_a_turn(bench, here, here, 0.0)
        if of == 1 and here != there and _time_of_a_turn(bench, here, there, PATIENCE_S) < together * OVERLAP:
            LineSession.patience = PATIENCE_S
        else:
            _arrange(bench, here, here, 0.0)
        yield
    finally:
        LineSession.patience = 0.0
        os.sched_setaffinity(0, allowed)


def _time_of_a_turn(bench: VirtualBenchProcess, here: int, there: int, patience: float) -> float:
    _arrange(bench, here, there, patience)
    turns = []
    for _ in range(TRIALS):
        elapsed = stopwatch()
        bench.advance(0.0, {})
        turns.append(elapsed())
    return statistics.median(turns)


def _arrange(bench: VirtualBenchProcess, here: int, there: int, patience: float) -> None:
    os.sched_setaffinity(0, {here})
    os.sched_setaffinity(bench.process, {there})
    bench.be_patient(patience)
