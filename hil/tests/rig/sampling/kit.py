"""A meter that a test holds back, and what becomes of its readings."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hil.clock import Clock
from hil.evidence.documents import Event, Kind
from hil.evidence.run_folder.scenario_writer import ScenarioWriter
from hil.evidence.store import RunWriter
from hil.evidence.uncertainty import Budget, Conditions
from hil.ports import Identity, Reading
from hil.rig.config.limits import SafetyLimits
from hil.rig.recorder import Recorder
from hil.rig.sampling.timer import Readings
from hil.units import Ampere, Second, Volt, Watt, WattHour

LIMITS = SafetyLimits.model_validate({"power": "2000 W", "current": "9 A", "energy": "10 Wh", "session": "1 h"})
PATIENCE_S = 5.0
"""Longest that a test waits for a thread."""


def reading(power: float = 460.0, current: float = 2.0, energy: float = 1.0) -> Reading:
    return Reading(Volt(230.0), Ampere(current), Watt(power), WattHour(energy), Second(0.0))


class ExactMeter:
    """What a meter without any error says of itself."""

    conditions = Conditions()
    off_threshold_w = Watt(0.1)

    def verify(self) -> None:
        """Nobody changes its settings."""

    def power_budget(self, reading: Reading) -> Budget:
        return Budget("W")

    def voltage_budget(self, reading: Reading) -> Budget:
        return Budget("V")

    def current_budget(self, reading: Reading) -> Budget:
        return Budget("A")

    def energy_budget(self, energy: WattHour, loaded: Second, apparent: float) -> Budget:
        return Budget("Wh")


class HeldMeter(ExactMeter):
    """Answers one query for each item that is put into ``answers``: a reading, or an error to raise."""

    update_period = Second(0.1)
    settling = Second(0.0)

    def __init__(self) -> None:
        self.identity = Identity("maker", "model", "1", "1")
        self.asked: queue.Queue[bool] = queue.Queue()
        self.answers: queue.Queue[Reading | Exception] = queue.Queue()

    def prepare(self) -> None:
        pass

    def read(self) -> Reading:
        self.asked.put(True)
        answer = self.answers.get(timeout=PATIENCE_S)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def errors(self) -> list[str]:
        return []

    def close(self) -> None:
        pass


class Scene:
    """What the readings of one scenario become: events, and calls of a listener."""

    def __init__(self, clock: Clock, writer: ScenarioWriter) -> None:
        self.recorder = Recorder(writer, clock)
        self.heard: list[Reading] = []
        self.readings = Readings(clock, self.recorder, LIMITS, lambda reading, _: self.heard.append(reading))

    def events(self) -> list[Event]:
        return [event for event in self.recorder.events if event.kind is Kind.READING]


@contextmanager
def scenes(folder: Path) -> Iterator[Callable[[Clock], Scene]]:
    """Give scenes whose evidence goes to ``folder``."""
    run = RunWriter.create(folder / "run", {}, {})
    writers: list[ScenarioWriter] = []

    def make(clock: Clock) -> Scene:
        writers.append(run.scenario(len(writers) + 1, "scene"))
        return Scene(clock, writers[-1])

    yield make
    for writer in writers:
        writer.close()
