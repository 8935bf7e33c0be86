"""What a DL3021 does in the course of time, as steps: transients, lists, and tests of a source's protection."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from hil.vbench.instruments.dl3021.player import Step
from hil.vbench.instruments.load_base import half_ramp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hil.vbench.instruments.dl3021.settings import Staircase, StepList, Transient

SMOOTHED: Final = 0.01
"""Seconds; of a transient with a shorter period the mains see the mean: the reservoir of the bench's adapter, which
bridges half a period of the mains, evens it out (:mod:`hil.vbench.plant.dc_adapter`)."""

WAITING: Final = 0.01
"""Seconds between two looks at the voltage while a test waits for it."""

_ROUNDING: Final = 1e-9


def continuous(transient: Transient) -> Iterator[Step]:
    """Yield level A and level B by turns, for ever."""
    a_seconds, b_seconds = transient.a_width / 1e3, transient.b_width / 1e3
    period = a_seconds + b_seconds
    if period < SMOOTHED:
        mean = (transient.a_level * a_seconds + transient.b_level * b_seconds) / period
        yield Step(mean, math.inf)
        return
    while True:
        if a_seconds:
            yield Step(transient.a_level, a_seconds, transient.rising)
        if b_seconds:
            yield Step(transient.b_level, b_seconds, transient.falling)


def pulse(transient: Transient) -> Iterator[Step]:
    """Yield level A for its width, then level B."""
    yield Step(transient.a_level, transient.a_width / 1e3, transient.rising)
    back = 2.0 * half_ramp(transient.a_level - transient.b_level, transient.falling)
    yield Step(transient.b_level, back, transient.falling)


def cycles(sequence: StepList) -> Iterator[Step]:
    """Yield the steps of a list, as often as it says."""
    done = 0
    while sequence.cycles == 0 or done < sequence.cycles:
        for number in range(sequence.count):
            step = sequence.step(number)
            yield Step(step.level, step.width, step.slew if sequence.function == "CURR" else math.inf)
        done += 1


def staircase(test: Staircase, volts: Callable[[], float]) -> Iterator[Step]:
    """Yield rising levels until the voltage falls below that of the test, or the last level has been held."""
    while volts() < test.starting_voltage:
        yield Step(0.0, WAITING)
    if test.delay:
        yield Step(0.0, test.delay / 1e3)
    level = test.start
    while level <= test.most + _ROUNDING:
        yield Step(level, test.step_delay / 1e3)
        if volts() < test.trip_voltage:
            return
        level += test.step
