"""Whether stated bounds hold: thousands of measurements on the virtual bench, each against the plant's true value.

Each session draws a plant (mains voltage, contact times), an appliance, instants and lengths from its seed, switches
power on and off, and measures as a scenario does: by the rig's drivers, sampling, and evaluation of evidence. Four
measurements a session: a reading of power (not of the toaster, whose power moves), the energy, and both edges.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labgrid import Environment

from hil.evidence.documents import Event, Kind
from hil.evidence.event_intervals import Interval, instant, power_came, power_lost, power_readings
from hil.instruments.dialects import METERS
from hil.instruments.it8615 import It8615
from hil.perf.bounds.meter_errors import CREST_FACTORS, POWER_FACTORS, MeterErrors
from hil.ports import Load, Meter, ShapingLoad
from hil.rig.config.calibration.of_instruments import tell_meter
from hil.rig.config.limits import SafetyLimits
from hil.rig.config.rig_file import RigFile
from hil.rig.labgrid.protocols import load_driver, meter_driver
from hil.rig.labgrid.relays import CoilRelay
from hil.rig.recorder import Recorder
from hil.rig.sampling.energy import metered_energy, reading_of
from hil.rig.sampling.timer import Readings, Sampler, reading_age
from hil.rig.sampling.updates import observe_updates
from hil.rig.virtual.environment import ADDRESS_VARIABLE, TERMINAL_VARIABLES
from hil.rig.virtual.lockstep_clock import LockstepClock
from hil.rig.virtual.process import VirtualBenchProcess
from hil.units import RESISTIVE, CurrentShape, Ohm, Watt

SESSIONS = 2750
"""Four measurements each, three with the toaster: more than 10 000."""

RIGS = ("virtual.yaml", "virtual-wt310e.yaml")
"""One for each dialect of the power meter; sessions take turns."""

SAMPLE_S = 0.12
"""From one reading to the next at most."""

LOAD_LATENCY_S = 0.002
"""Longest time from a command to the load's current."""

LIMITS = SafetyLimits.model_validate({"power": "2500 W", "energy": "500 Wh", "session": "1 h"})
"""A cold toaster at 253 V draws 2250 W."""

APPLIANCES = ("toaster", "load")


@dataclass(frozen=True)
class Check:
    """One measurement: what it states, and what is true.

    :param what: ``power`` (W), ``energy`` (Wh), ``edges`` (s).
    """

    what: str
    stated: Interval
    truth: float

    @property
    def inside(self) -> bool:
        return self.stated.early <= self.truth <= self.stated.late

    @property
    def used(self) -> float:
        """How much of the bounds the error takes: 0 in their middle, 1 at either of them."""
        half = (self.stated.late - self.stated.early) / 2
        return abs(self.truth - (self.stated.early + half)) / half if half else 0.0


def drawn_shape(chance: random.Random) -> CurrentShape:
    """Return the shape of a current that the load can draw, within ``POWER_FACTORS`` and ``CREST_FACTORS``.

    A third are shifted sines, the others flow in pulses.
    """
    least, most = POWER_FACTORS
    if chance.random() < 1 / 3:
        return CurrentShape(chance.uniform(least, most))
    while True:
        shape = CurrentShape(chance.uniform(least, most), chance.uniform(*CREST_FACTORS))
        if not It8615.cannot_shape(Watt(0.0), shape):
            return shape


class Log:
    """Events in memory; nobody reads them after their session."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def write(self, event: Event) -> None:
        self.events.append(event)


class Site:
    """One virtual bench with what a scenario would measure and switch."""

    def __init__(self, bench: VirtualBenchProcess, target: Any, errors: MeterErrors) -> None:
        self.bench = bench
        self._errors = errors
        self._latency = 0.0
        """Of the load, in s."""
        self.clock = LockstepClock(bench)
        self.meter: Meter = meter_driver(target).port
        tell_meter(self.meter, errors.conditions)
        identity = self.meter.identity
        self._makers_limits = next(driver.limits for _, driver in METERS.loaded([]) if driver.serves.serve(identity))
        self._stated_period = self.meter.update_period
        self.load: Load = load_driver(target).port
        self.relays = {name: CoilRelay(target.get_driver("DigitalOutputProtocol", name=name)) for name in ("K1", "K2")}

    def truth(self) -> dict[str, Any]:
        """Return the plant's true values at the present instant."""
        return self.bench.ask({"op": "truth"})

    def session(self, seed: str) -> Iterator[Check]:
        """Carry out one session and give its four measurements."""
        chance = random.Random(seed)  # noqa: S311 - repeatable, and nothing to keep secret
        recorder = Recorder(log := Log(), self.clock)
        appliance = chance.choice(("toaster", "load", "load", "load"))
        self._begin(seed, chance, appliance)
        # a reading that comes so long after the last change knows nothing of what was before
        steady = reading_age(self.meter) + SAMPLE_S
        sampler = Sampler(self.meter, self.clock, Readings(self.clock, recorder, LIMITS, lambda reading, read_at: None))
        sampler.start()
        self.clock.sleep(chance.uniform(0.1, 0.3))
        cause = self._switch(recorder, "K1", closed=True)
        self.clock.sleep(steady + chance.uniform(0.0, 0.5))
        power = self._power(log.events)
        self.clock.sleep(chance.uniform(0.0, 1.0))
        came = self._edge()
        cut = self._switch(recorder, chance.choice(("K1", "K2", appliance)), closed=False)
        commanded = float(self.clock.now())
        self.clock.sleep(steady)
        sampler.stop()
        by_command = {"toaster": commanded, "load": commanded + self._latency}
        lost = by_command[cut.source] if cut.source in by_command else self._edge(cut.source)
        off_w = float(self.meter.off_threshold_w)
        if appliance == "load":
            yield power
        yield Check("energy", metered_energy(log.events, self.meter).interval, self.truth()["energy_wh"])
        yield Check("edges", power_came(log.events, instant(cause).early, off_w), came)
        yield Check("edges", power_lost(log.events, instant(cut).early, off_w), lost)

    def _begin(self, seed: str, chance: random.Random, appliance: str) -> None:
        plant = {"mains_voltage": chance.uniform(207.0, 253.0)}
        plant |= {f"contactor_{name}_time": chance.uniform(0.003, 0.04) for name in ("operate", "release")}
        plant["load_latency"] = self._latency = chance.uniform(0.0, LOAD_LATENCY_S)
        plant |= self._errors.plant(self._makers_limits)
        self.bench.reset(seed=seed, plant=plant, devices={}, node=None)
        self.clock.reset()
        self.meter.prepare()
        self.load.prepare()
        self.bench.plug(appliance)
        shape = drawn_shape(chance) if self._errors.shaped else RESISTIVE
        if shape != RESISTIVE and isinstance(self.load, ShapingLoad):
            self.load.draw_power(Watt(chance.uniform(self._errors.least_va, 1700.0) * shape.power_factor))
            self.load.shape_current(shape)
        # resistance: power follows the mains voltage
        elif chance.random() < 0.5:
            self.load.draw_power(Watt(chance.uniform(self._errors.least_va, 1700.0)))
        else:
            self.load.present_resistance(Ohm(chance.uniform(40.0, 2000.0)))
        self.load.set_input(on=True)
        self.relays["K2"].set(closed=True)
        self.clock.sleep(float(self.meter.settling))
        observe_updates(self.meter, self.clock, self._stated_period, self.bench)

    def _switch(self, recorder: Recorder, name: str, *, closed: bool) -> Event:
        if name == "toaster":
            self.bench.plug("none")
        elif name == "load":
            self.load.set_input(on=closed)
        else:
            self.relays[name].set(closed=closed)
        return recorder.observe(Kind.RELAY, name, {"closed": closed})

    def _power(self, events: Iterable[Event]) -> Check:
        reading = reading_of(power_readings(events)[-1][0])
        return Check("power", Interval(*self.meter.power_budget(reading).bounds(reading.power)), self.truth()["power"])

    def _edge(self, relay: str = "K1") -> float:
        return float(self.truth()["contacts"][relay]["edge"])


def measurements(
    rigs: Path,
    *,
    sessions: int = SESSIONS,
    seed: int = 1,
    errors: MeterErrors | None = None,
    names: Sequence[str] = RIGS,
) -> Iterator[Check]:
    """Give four measurements for each session; raises RigFault if the bench fails.

    :param rigs: the folder with the rig files ``names``.
    :param errors: of the meter; None: as in any run.
    """
    with ExitStack() as stack:
        sites = [stack.enter_context(_site(rigs / name, errors or MeterErrors())) for name in names]
        for number in range(sessions):
            yield from sites[number % len(sites)].session(f"{seed}/{number}")


def shares(checks: Iterable[Check]) -> dict[str, float]:
    """Return the share of measurements inside their bounds, by what was measured, and their number."""
    inside: dict[str, list[bool]] = {}
    for check in checks:
        inside.setdefault(check.what, []).append(check.inside)
    return {what: sum(found) / len(found) for what, found in inside.items()} | {
        "measurements": sum(map(len, inside.values()))
    }


@contextmanager
def _site(path: Path, errors: MeterErrors) -> Iterator[Site]:
    file = RigFile.load(path)
    bench = VirtualBenchProcess(instruments=file.bench_instruments)
    try:
        os.environ[ADDRESS_VARIABLE] = bench.address
        os.environ |= {TERMINAL_VARIABLES[role]: there for role, there in bench.terminals.items()}
        environment = Environment(config_file=str(path))
        try:
            yield Site(bench, environment.get_target("main"), errors)
        finally:
            environment.cleanup()
    finally:
        bench.close()
