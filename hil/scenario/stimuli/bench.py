"""Faults seeded in a virtual bench: to see that the rig finds them, and what the devices make of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.errors import AuthorError, RigFault
from hil.evidence.documents import Kind
from hil.evidence.timing import Interval, instant, power_lost
from hil.scenario import integrity_checks as inspection
from hil.scenario.measurements.energy_and_timing import AFTERMATH_S, take

if TYPE_CHECKING:
    from hil.evidence.documents import Event
    from hil.evidence.limits import Measurement
    from hil.rig.virtual_bench import VirtualBenchProcess
    from hil.scenario.scenario import Trial

SELF_TEST = "self-test of the bench"

LOOK_EVERY_S = 0.1

PLACES = {"lab meter": "meter"}
"""Parts that errors name by another word."""


RELAY_FAULTS = {"welds shut": "welded", "ignores its coil": "ignores its coil"}
"""What a scenario calls the ways in which a relay fails."""


def seed(trial: Trial, part: str, fault: str, amount: float = 0.0) -> None:
    """Let a part of the virtual bench fail from now on; AuthorError before the devices are switched on.

    :param amount: of a drift, as a fraction of the reading; of bouncing, in seconds.
    """
    trial.tap()
    _bench(trial).seed_fault(part, fault, amount)
    trial.recorder.write(Kind.FAULT, SELF_TEST, {"what": f"{part} {fault}", "who": "bench"})


def blames(trial: Trial, part: str, measurement: Measurement, patience_s: float) -> None:
    """Wait for the rig fault that names ``part``, mend the bench, and measure the time since the fault was seeded.

    Raises RigFault if none comes, or one that names another part: then the bench cannot be trusted.
    """
    trial.declare(measurement)
    seeded = _seeded(trial)
    try:
        while trial.clock.now() < seeded[-1].t + patience_s:
            inspection.as_told(trial)
            trial.sleep(LOOK_EVERY_S)
    except RigFault as found:
        t = trial.clock.now()
        _bench(trial).mend()
        if PLACES.get(part, part) not in (found.place or ""):
            raise
        # not its words: they hold the instrument's address, which belongs to the host and not to the evidence
        trial.settle_finding(measurement.find_value(t - seeded[-1].t))
        return
    _bench(trial).mend()
    raise RigFault(f"nothing was found wrong with the {part} in {patience_s:g} s", place=SELF_TEST)


def fault_to_cut(trial: Trial, measurement: Measurement) -> None:
    """From the first seeded fault to zero power."""
    trial.declare(measurement)
    trial.sleep(AFTERMATH_S)
    seeded = _seeded(trial)

    def find() -> Interval:
        began = instant(seeded[0])
        return power_lost(trial.recorder.events, began.early).since(began)

    take(trial, measurement, find)


def _seeded(trial: Trial) -> list[Event]:
    """Return the faults that were seeded in this scenario; raises AuthorError if none was."""
    seeded = [each for each in trial.recorder.events if each.kind is Kind.FAULT and each.source == SELF_TEST]
    if not seeded:
        raise AuthorError("no fault of the bench was seeded", remedy="When the lab meter freezes, as a seeded fault")
    return seeded


def _bench(trial: Trial) -> VirtualBenchProcess:
    if trial.rig.bench is None:
        raise AuthorError("faults can be seeded in a virtual bench only")
    return trial.rig.bench
