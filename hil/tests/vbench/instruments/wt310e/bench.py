"""A virtual WT310E without headers, and the time that passes for it."""

from __future__ import annotations

from hil.vbench.instruments.wt310e.meter import Wt310e
from hil.vbench.plant.instrument_errors import GivenErrors
from hil.vbench.plant.terminals import MeterSample

PERIOD = 0.1
EXACT = GivenErrors(*[0.0] * 8)
"""A meter whose errors are noise and rounding alone."""


class Bench:
    """A meter, headers off, and the time that passes for it."""

    def __init__(self, seed: str = "seed", given: GivenErrors | None = None) -> None:
        self.now = 0.0
        self.meter = Wt310e(lambda: self.now)
        self.meter.power_on(seed, *([] if given is None else [given]))
        self("*CLS;:COMM:HEAD OFF;:RATE 100MS")

    def __call__(self, line: str) -> str | None:
        return self.meter.execute(line)

    def values(self) -> list[str]:
        return str(self(":NUM:NORM:VAL?")).split(",")

    def numbers(self) -> list[float]:
        return list(map(float, self.values()))

    def pass_periods(self, count: int, voltage: float = 230.0, current: float = 5.65, power: float = 1300.0) -> None:
        for _ in range(count):
            self.pass_period(MeterSample(0.0, PERIOD, voltage, current, power, 50.0 if voltage else 0.0))

    def pass_period(self, sample: MeterSample) -> None:
        self.now += PERIOD
        self.meter.update(sample._replace(t=self.now))
