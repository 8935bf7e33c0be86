"""Whether stated bounds hold: thousands of measurements on the virtual bench, each against the plant's true value.

Each session draws a plant (mains voltage, contact times), an appliance, instants and lengths from its seed, switches
power on and off, and measures as a scenario does: by the rig's drivers, sampling, and evaluation of evidence. Four
measurements a session: a reading of power (not of the toaster, whose power moves), the energy, and both edges.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labgrid import Environment

from hil.clock import LockstepClock
from hil.evidence.documents import Event, Kind
from hil.evidence.timing import Interval, instant, power_came, power_lost, power_readings
from hil.ports import Load, Meter
from hil.rig.file import RigFile, SafetyLimits
from hil.rig.recorder import Recorder
from hil.rig.relays import CoilRelay
from hil.rig.sampling.energy import metered_energy, reading_of
from hil.rig.sampling.timer import Readings, Sampler
from hil.rig.variables import ADDRESS_VARIABLE, TERMINAL_VARIABLES
from hil.rig.virtual_bench import VirtualBenchProcess
from hil.units import Ohm, Watt

SESSIONS = 2750
"""Four measurements each, three with the toaster: more than 10 000."""

RIGS = ("virtual.yaml", "virtual-wt310e.yaml")
"""One for each dialect of the power meter; sessions take turns."""

STEADY_S = 0.35
"""A reading that comes so long after the last change knows nothing of what was before."""

LIMITS = SafetyLimits.model_validate({"power": "2500 W", "energy": "500 Wh", "session": "1 h"})
"""A cold toaster at 253 V draws 2250 W."""

APPLIANCES = ("toaster", "load")

AFTER_S = 0.5
"""From the loss of power to the last reading."""


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


class Log:
    """Events in memory; nobody reads them after their session."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def write(self, event: Event) -> None:
        self.events.append(event)


class Site:
    """One virtual bench with what a scenario would measure and switch."""

    def __init__(self, bench: VirtualBenchProcess, target: Any) -> None:
        self.bench = bench
        self.clock = LockstepClock(bench)
        self.meter: Meter = target.get_driver("PowerMeterDriver", name="meter").port
        self.load: Load = target.get_driver("LoadDriver", name="load").port
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
        sampler = Sampler(self.meter, self.clock, Readings(self.clock, recorder, LIMITS, lambda reading, read_at: None))
        sampler.start()
        self.clock.sleep(chance.uniform(0.1, 0.3))
        cause = self._switch(recorder, "K1", closed=True)
        self.clock.sleep(STEADY_S + chance.uniform(0.0, 0.5))
        power = self._power(log.events)
        self.clock.sleep(chance.uniform(0.0, 1.0))
        came = self._edge()
        cut = self._switch(recorder, chance.choice(("K1", "K2", appliance)), closed=False)
        commanded = float(self.clock.now())
        self.clock.sleep(AFTER_S)
        sampler.stop()
        lost = commanded if cut.source in APPLIANCES else self._edge(cut.source)
        if appliance == "load":
            yield power
        yield Check("energy", metered_energy(log.events, self.meter), self.truth()["energy_wh"])
        yield Check("edges", power_came(log.events, instant(cause).early), came)
        yield Check("edges", power_lost(log.events, instant(cut).early), lost)

    def _begin(self, seed: str, chance: random.Random, appliance: str) -> None:
        plant = {"mains_voltage": chance.uniform(207.0, 253.0)}
        plant |= {f"contactor_{name}_time": chance.uniform(0.003, 0.04) for name in ("operate", "release")}
        self.bench.reset(seed=seed, plant=plant, devices={}, node=None)
        self.clock.reset()
        self.meter.prepare()
        self.load.prepare()
        self.bench.plug(appliance)
        # resistance: power follows the mains voltage
        if chance.random() < 0.5:
            self.load.draw_power(Watt(chance.uniform(20.0, 1700.0)))
        else:
            self.load.present_resistance(Ohm(chance.uniform(40.0, 2000.0)))
        self.load.set_input(on=True)
        self.relays["K2"].set(closed=True)
        self.clock.sleep(float(self.meter.settling))

    def _switch(self, recorder: Recorder, name: str, *, closed: bool) -> Event:
        if name == "toaster":
            self.bench.plug("none")
        elif name == "load":
            self.load.set_input(on=closed)
        else:
            self.relays[name].set(closed=closed)
        return recorder.write(Kind.RELAY, name, {"closed": closed})

    def _power(self, events: Iterable[Event]) -> Check:
        reading = reading_of(power_readings(events)[-1][0])
        return Check("power", Interval(*self.meter.power_budget(reading).bounds(reading.power)), self.truth()["power"])

    def _edge(self, relay: str = "K1") -> float:
        return float(self.truth()["contacts"][relay]["edge"])


def measurements(rigs: Path, *, sessions: int = SESSIONS, seed: int = 1) -> Iterator[Check]:
    """Give four measurements for each session; raises RigFault if the bench fails.

    :param rigs: the folder with the rig files ``RIGS``.
    """
    with ExitStack() as stack:
        sites = [stack.enter_context(_site(rigs / name)) for name in RIGS]
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
def _site(path: Path) -> Iterator[Site]:
    file = RigFile.load(path)
    bench = VirtualBenchProcess(instruments=file.bench_instruments)
    try:
        os.environ[ADDRESS_VARIABLE] = bench.address
        os.environ |= {TERMINAL_VARIABLES[role]: there for role, there in bench.terminals.items()}
        environment = Environment(config_file=str(path))
        try:
            yield Site(bench, environment.get_target("main"))
        finally:
            environment.cleanup()
    finally:
        bench.close()
