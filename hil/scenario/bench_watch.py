"""What looks after the bench while a scenario runs: a part that fails must not look like a device that does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.judge.messages import Meter
from hil.rig.recorder import sent_by
from hil.rig.safety.load_comparison import LoadComparison
from hil.rig.safety.weld_detection import ContactWatch
from hil.scenario import integrity_checks
from hil.scenario.plan import SUPPLY

if TYPE_CHECKING:
    from hil.clock import Timer
    from hil.ports import Reading
    from hil.rig.rig import Rig
    from hil.scenario.observer import Observer

LOOK_AFTER_BENCH_S = 60.0
"""How often the bench is inspected while a scenario runs."""


class BenchWatch:
    """Told of readings, switching and talk; raises RigFault for a part of the bench that cannot be right."""

    def __init__(self, rig: Rig, observer: Observer) -> None:
        self._rig = rig
        self._observer = observer
        self._contacts = ContactWatch(float(rig.meter.off_threshold_w))
        self._load: LoadComparison | None = None
        self._timer: Timer | None = None

    def start(self) -> None:
        """Inspect the bench now, and then once a minute in whatever wait that falls."""
        integrity_checks.under_way(self._rig)
        clock = self._rig.clock
        self._timer = clock.call_at(clock.now() + LOOK_AFTER_BENCH_S, self.start)

    def stop(self) -> None:
        """Inspect it no more."""
        if self._timer is not None:
            self._timer.cancel()

    def compare_load(self) -> None:
        """From now on hold the lab meter against the programmable load."""
        rig = self._rig
        self._load = LoadComparison(rig.meter, rig.load, rig.clock, self._power_by_socket)

    def load_told(self, power: float | None) -> None:
        """Know what constant power in W the load was told to draw; None: it varies, or its input is off."""
        if self._load is not None:
            self._load.told(power)

    def on_reading(self, reading: Reading, read_at: float) -> None:
        """Take the next reading of the lab meter, before the observer has it."""
        if self._observer.power_flows() and reading.power < self._observer.off_w:
            integrity_checks.load_as_told(self._rig)
        if not self._contacts.idle:
            self._contacts.on_reading(reading, read_at)
        if self._load is not None:
            self._load.on_reading(reading, read_at)

    def on_switch(self, name: str, *, closed: bool) -> None:
        """A relay was switched and read back."""
        self._contacts.on_switch(name, self._rig.clock.now(), closed=closed)

    def on_talk(self, device: str) -> None:
        """A device said something, on its link or its console."""
        self._contacts.on_talk(SUPPLY[device], device, self._rig.clock.now())

    def _power_by_socket(self, since: float) -> float | None:
        """Return the mean power in W by the METER messages of a socket under test; None if it sent no two since."""
        if "socket" not in self._observer.devices_under_test():
            return None
        told = [
            (frame.t, message.energy_mwh)
            for frame, message in self._observer.messages(Meter)
            if frame.t >= since and frame.direction == sent_by("socket")
        ]
        if len(told) < 2 or told[-1][0] <= told[0][0]:
            return None
        return (told[-1][1] - told[0][1]) * 3.6 / (told[-1][0] - told[0][0])
