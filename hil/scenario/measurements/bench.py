"""What is measured of the bench's own seeded faults: how soon they are found, and what the devices make of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.errors import RigFault
from hil.evidence.event_intervals import Interval, instant
from hil.scenario import integrity_checks
from hil.scenario.measurements.cuts import until_cut
from hil.scenario.measurements.lab import first_said
from hil.scenario.stimuli.bench import PLACES, SELF_TEST, seeded_faults, virtual_bench

if TYPE_CHECKING:
    from hil.evidence.observations import Timed
    from hil.scenario.observer import Observer

LOOK_EVERY_S = 0.1


def time_to_blame(observer: Observer, part: str, limit_s: float) -> Timed:
    """From the newest seeded fault to the rig fault that names ``part``; the bench is mended then.

    Raises RigFault if none comes, or one that names another part: then the bench cannot be trusted.
    """
    seeded = seeded_faults(observer.recorder)
    looked = seeded[-1].t
    try:
        while observer.clock.now() < seeded[-1].t + limit_s:
            looked = observer.clock.now()
            integrity_checks.as_told(observer.rig)
            observer.sleep(LOOK_EVERY_S)
    except RigFault as found:
        named = Interval(looked, observer.clock.now())
        virtual_bench(observer.rig).mend()
        if PLACES.get(part, part) not in (found.place or ""):
            raise
        # not its words: they hold the instrument's address, which belongs to the host and not to the evidence
        return named.since(instant(seeded[-1]))
    virtual_bench(observer.rig).mend()
    raise RigFault(f"nothing was found wrong with the {part} in {limit_s:g} s", place=SELF_TEST)


def fault_to_cut(observer: Observer, limit_s: float) -> Timed:
    """From the first seeded fault to zero power."""
    return until_cut(observer, instant(seeded_faults(observer.recorder)[0]), limit_s)


def fault_to_console(observer: Observer, device: str, words: str, limit_s: float) -> Timed:
    """From the newest seeded fault to the first line after it on the device's console that holds ``words``."""
    return first_said(observer, seeded_faults(observer.recorder)[-1], device, words, limit_s)
