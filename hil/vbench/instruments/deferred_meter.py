"""The lab meter as the plant feeds it: samples are taken when there is time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

from hil.vbench.io.front_panel import FrontPanel
from hil.vbench.plant.instrument_errors import ALL_DRAWN, DRAWN_LATENCY, GivenErrors, latency
from hil.vbench.plant.terminals import VirtualInstrument

if TYPE_CHECKING:
    from hil.vbench.plant.terminals import MeterSample

ROUNDING_S: Final = 1e-9
"""A sample shows at its very instant, however that was reckoned."""


class MeterInstrument(VirtualInstrument, Protocol):
    """A virtual instrument that the plant feeds with samples."""

    def power_on(self, seed: str, given: GivenErrors = ALL_DRAWN) -> None:
        """Go back to the power-on state; errors that are not given follow from ``seed``."""

    def update(self, sample: MeterSample) -> None:
        """Take the true values of the period that just ended."""

    def form(self) -> None:
        """Form the reading that these values make, ahead of the query for it."""


class DeferredMeter:
    """A meter that takes its samples when there is time: after the reply, while the test side works on it.

    This cannot be observed: each query and each reset takes the samples before it first.

    :param now: returns the present instant in seconds of virtual time.
    """

    update: Callable[[MeterSample], None]
    """Takes a sample of the plant."""

    def __init__(self, meter: MeterInstrument, now: Callable[[], float]) -> None:
        self._meter = meter
        self._now = now
        self.panel: FrontPanel = getattr(meter, "panel", None) or FrontPanel()
        self._latency = 0.0
        self._samples: deque[MeterSample] = deque()
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

        if frozen:
            samples.clear()
        self.update = (lambda sample: None) if frozen else drift

    def catch_up(self) -> None:
        """Take the samples that wait, as far as the instrument shows them by now."""
        samples = self._samples
        if not samples or samples[0].t > (shown := self._now() - self._latency + ROUNDING_S):
            return
        while samples and samples[0].t <= shown:
            self._meter.update(samples.popleft())
        self._meter.form()  # of those that nobody can have read no reading is formed

    def shows(self, sample: MeterSample) -> float:
        """Return the instant at which the instrument shows this sample."""
        return sample.t + self._latency

    def execute(self, line: str) -> str | None:
        """See :class:`hil.vbench.plant.terminals.VirtualInstrument`; forms the reading first."""
        self.catch_up()
        return self._meter.execute(line)

    def power_on(self, seed: str, given: GivenErrors = ALL_DRAWN) -> None:
        """Go back to the power-on state; errors that are not given follow from ``seed``."""
        self._samples.clear()
        self.mend()
        self._latency = latency(seed, given.latency, DRAWN_LATENCY)
        self._meter.power_on(seed, given)
