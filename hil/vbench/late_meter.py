"""The lab meter as the plant feeds it: samples are taken when there is time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from hil.vbench.terminals import VirtualInstrument

if TYPE_CHECKING:
    from hil.vbench.terminals import MeterSample


class MeterInstrument(VirtualInstrument, Protocol):
    """A virtual instrument that the plant feeds with samples."""

    def update(self, sample: MeterSample) -> None:
        """Take the true values of the period that just ended."""

    def form(self) -> None:
        """Form the reading that these values make, ahead of the query for it."""


class LateMeter:
    """A meter that takes its samples when there is time: after the reply, while the test side works on it.

    Nobody can tell: whatever is asked of the instrument, and whatever begins anew, comes after the samples before it.
    """

    update: Callable[[MeterSample], None]
    """Takes a sample of the plant."""

    def __init__(self, meter: MeterInstrument) -> None:
        self._meter = meter
        self._samples: list[MeterSample] = []
        self.mend()

    def mend(self) -> None:
        """Measure as it should."""
        self.update = self._samples.append

    def fail(self, *, frozen: bool = False, gain: float = 1.0) -> None:
        """Take no more samples, so that the readings stand; or read current and power too high by this factor."""
        self.catch_up()
        samples = self._samples

        def drift(sample: MeterSample) -> None:
            samples.append(sample._replace(current=sample.current * gain, power=sample.power * gain))

        self.update = (lambda sample: None) if frozen else drift

    def catch_up(self) -> None:
        """Take the samples that wait."""
        if self._samples:
            for sample in self._samples:
                self._meter.update(sample)
            self._samples.clear()
            self._meter.form()  # of those that nobody can have read no reading is formed

    def execute(self, line: str) -> str | None:
        self.catch_up()
        return self._meter.execute(line)

    def power_on(self, seed: str) -> None:
        self._samples.clear()
        self.mend()
        self._meter.power_on(seed)
