"""The same in real time: do the bounds of an edge hold its true instant, with the delays of this machine in them?

Power is switched on and off on the virtual bench that follows the wall clock, while a thread reads the meter and the
loop is kept busy now and then, as a ledger's answer would. Both clocks are this machine's; what lies between their
origins is measured, to the time of one question.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Mapping
from pathlib import Path

from labgrid import Environment

from hil.clock import stopwatch
from hil.evidence.documents import Kind
from hil.evidence.event_intervals import instant, power_came, power_lost
from hil.perf.bounds.measurements import LIMITS, SAMPLE_S, Check, Log
from hil.rig.labgrid.protocols import load_driver, meter_driver
from hil.rig.labgrid.relays import CoilRelay
from hil.rig.realtime.clock import RigClock
from hil.rig.recorder import Recorder
from hil.rig.sampling.threaded import ThreadedSampler
from hil.rig.sampling.timer import Readings, reading_age
from hil.rig.sampling.updates import observe_updates
from hil.rig.virtual.environment import ADDRESS_VARIABLE
from hil.rig.virtual.process import VirtualBenchProcess
from hil.units import Watt

CYCLES = 40
LOAD_W = Watt(900.0)
QUESTIONS = 200
"""From which the least difference of both clocks is taken: the bench tells the instant of its last step."""

BUSY_S = 0.03
"""For so long the loop is away at a time."""

BUSY_EACH_S = 0.2
END_S = 5.0


class WallSite:
    """A virtual bench in real time, its meter read by a thread; a context manager.

    :param rig: a rig file with a virtual bench on the wall clock.
    :param busy: whether the loop is kept from its work now and then.
    :param plant: parameters of the plant, e.g. of the meter's errors.
    """

    def __init__(self, rig: Path, *, busy: bool = True, plant: Mapping[str, float] | None = None) -> None:
        self._plant = dict(plant or {})
        self.bench = VirtualBenchProcess()
        os.environ[ADDRESS_VARIABLE] = self.bench.address
        self._environment = Environment(config_file=str(rig))
        target = self._environment.get_target("main")
        self.meter = meter_driver(target).port
        self.load = load_driver(target).port
        self.relays = {name: CoilRelay(target.get_driver("DigitalOutputProtocol", name=name)) for name in ("K1", "K2")}
        self.clock = RigClock()
        self.log = Log()
        self._recorder = Recorder(self.log, self.clock)
        readings = Readings(self.clock, self._recorder, LIMITS, lambda reading, read_at: None)
        self.sampler = ThreadedSampler(self.meter, self.clock, readings)
        self._busy = busy

    def __enter__(self) -> WallSite:
        self.bench.reset(seed="wall", plant=self._plant, devices={}, node=None, clock="wall")
        self.bench.plug("load")
        self.meter.prepare()
        self.load.prepare()
        self.load.draw_power(LOAD_W)
        self.load.set_input(on=True)
        self.relays["K2"].set(closed=True)
        self.clock.sleep(float(self.meter.settling))
        observe_updates(self.meter, self.clock, self.meter.update_period)
        self.sampler.start()
        if self._busy:
            self._be_busy()
        return self

    def __exit__(self, *_: object) -> None:
        self.sampler.stop()
        self.sampler.ended(END_S)
        self.clock.close()
        self._environment.cleanup()
        self.bench.close()

    def switch(self, *, closed: bool) -> tuple[float, float]:
        """Switch K1; return the instant of its command by the rig's clock, and of its contact by the bench's."""
        began = self.clock.now()
        self.relays["K1"].set(closed=closed)
        event = self._recorder.observe(Kind.RELAY, "K1", {"closed": closed}, before=self.clock.now() - began)
        self.clock.sleep(reading_age(self.meter) + SAMPLE_S)
        return instant(event).early, float(self.bench.ask({"op": "truth"})["contacts"]["K1"]["edge"])

    def between_clocks(self) -> float:
        """Return by how much the rig's clock is ahead of the bench's."""
        differences = []
        for _ in range(QUESTIONS):
            told = float(self.bench.ask({"op": "truth"})["now"])
            differences.append(self.clock.now() - told)
            self.clock.sleep(0.001)
        return min(differences)

    def _be_busy(self) -> None:
        elapsed = stopwatch()
        while elapsed() < BUSY_S:
            pass
        self.clock.call_at(self.clock.now() + BUSY_EACH_S, self._be_busy)


def edges(
    rig: Path, *, cycles: int = CYCLES, seed: int = 1, plant: Mapping[str, float] | None = None
) -> Iterator[Check]:
    """Give two measurements for each cycle: when power came, and when it was lost."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, and nothing to keep secret
    with WallSite(rig, plant=plant) as site:
        ahead = site.between_clocks()
        for _ in range(cycles):
            for closed, find in ((True, power_came), (False, power_lost)):
                site.clock.sleep(chance.uniform(0.0, 0.2))
                begun = len(site.log.events)
                after, true = site.switch(closed=closed)
                # the reading before the switch, and all since
                yield Check(
                    "edges",
                    find(site.log.events[max(0, begun - 2) :], after, float(site.meter.off_threshold_w)),
                    true + ahead,
                )
