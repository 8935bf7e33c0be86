"""The AC/DC adapter that the bench has before a DC load: a DC load on 230 V AC would be destroyed.

A bare bridge rectifier would not do: its 325 V are beyond the 150 V of such a load. So the bench's adapter is a
regulated supply with power factor correction, as a laboratory would take: mains in at power factor 1, 48 V DC out, 93 %
efficient (usual figures for a 300 W class supply; ours), off below 85 V AC. It draws nothing without load.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hil.vbench.plant.waveform import SINE

if TYPE_CHECKING:
    from hil.vbench.plant.appliances import ElectronicLoad

OUTPUT_VOLTAGE: Final = 48.0
"""V DC."""

EFFICIENCY: Final = 0.93
START_VOLTAGE: Final = 85.0
"""V rms at the input, below which there is no output."""


class AdaptedLoad:
    """A DC load behind the adapter, as the cable's outlet sees it."""

    waveform = SINE
    """The adapter corrects its power factor."""

    def __init__(self, load: ElectronicLoad) -> None:
        self.load = load

    @staticmethod
    def output(voltage: float) -> float:
        """Return V DC at ``voltage`` (V rms) of the mains side."""
        return OUTPUT_VOLTAGE if voltage >= START_VOLTAGE else 0.0

    def current(self, voltage: float) -> float:
        """Return A rms on the mains side."""
        direct = self.output(voltage)
        return direct * self.load.current(direct) / EFFICIENCY / voltage if direct else 0.0

    def pass_time(self, duration: float, voltage: float) -> tuple[float, float]:
        """Let ``duration`` seconds pass; return the integrals of I² (A²s) and P (J) on the mains side."""
        current = self.current(voltage)
        return current * current * duration, voltage * current * duration
