"""The shape of a current on sinusoidal mains: how much of volts times amperes is power, and how high its peaks are."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

SINE_CREST_FACTOR: Final = math.sqrt(2.0)


class Waveform(NamedTuple):
    """Shape of a current, without its size.

    The power factor says nothing of its cause: a displaced sine (a motor) and a distorted one (a rectifier) can have
    the same.
    """

    power_factor: float = 1.0
    """Active over apparent power, 0 to 1; negative where power flows back into the mains."""
    crest_factor: float = SINE_CREST_FACTOR
    """Peak over rms of the current."""

    @property
    def reactive(self) -> float:
        """The part of apparent power that is not active: sqrt(1 - power factor²)."""
        return math.sqrt(max(0.0, 1.0 - self.power_factor * self.power_factor))


SINE: Final = Waveform()
"""What a resistance draws."""
