"""A virtual HMC8015, and the time that passes for it."""

from __future__ import annotations

from hil.vbench.instruments.hmc8015.meter import Hmc8015
from hil.vbench.plant.instrument_errors import GivenErrors
from hil.vbench.plant.terminals import MeterSample

PERIOD = 0.1
EXACT = GivenErrors(*[0.0] * 8)
"""A meter without errors: what is left is rounding."""


class Bench:
    """A meter and the time that passes for it."""

    def __init__(self, seed: str = "seed", given: GivenErrors = EXACT) -> None:
        self.now = 0.0
        self.meter = Hmc8015(lambda: self.now)
        self.meter.power_on(seed, given)
        self("*CLS")

    def __call__(self, line: str) -> str | None:
        return self.meter.execute(line)

    def numbers(self, line: str) -> list[float]:
        reply = self(line)
        assert reply is not None
        return [float(text) for text in reply.split(",")]

    def binary(self, line: str) -> bytes:
        """Return the data of the block that answers ``line``."""
        reply = self(line)
        assert reply is not None
        assert reply[0] == "#"
        digits = int(reply[1])
        data = reply[2 + digits :].encode("latin-1")
        assert len(data) == int(reply[2 : 2 + digits])
        return data

    def pass_periods(self, count: int, voltage: float = 230.0, current: float = 5.65, power: float = 1300.0) -> None:
        for _ in range(count):
            self.now += PERIOD
            frequency = 50.0 if voltage else 0.0
            self.meter.update(MeterSample(self.now, PERIOD, voltage, current, power, frequency))
