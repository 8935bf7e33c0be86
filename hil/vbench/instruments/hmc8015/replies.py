"""How the HMC8015 derives and writes the values of its measurement functions.

``2.3012E+02`` with five significant digits, integrator values with seven; ``NAN`` is a value that does not exist
(the maker's driver looks for that text), ``INF`` an overload. Unverified: the number format and ``INF``.
"""

from __future__ import annotations

import math
import struct
from operator import attrgetter
from typing import TYPE_CHECKING, Final, TypeAlias

from hil.vbench.scpi.metering import quantise
from hil.vbench.scpi.parameters import Choice
from hil.vbench.scpi.replies import block

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.vbench.scpi.metering import Integrator, Reading

FUNCTIONS: Final = Choice(
    *("URMS", "UAVG", "IRMS", "IAVG", "P", "S", "Q", "LAMBda", "PHI", "FU", "FI", "FPLL", "UTHD", "ITHD"),
    *("TIME", "WH", "WHP", "WHM", "AH", "AHP", "AHM", "URANge", "IRANge", "EMPTy"),
)
"""The functions of a channel, from the maker's client examples."""

NO_VALUE: Final = "NAN"
OVERLOADED: Final = "INF"
AS_NUMBERS: Final = {NO_VALUE: 9.91e37, OVERLOADED: 9.9e37}
"""SCPI-99, 7.2.1."""


FREQUENCY_RANGE: Final = 100.0
"""Hz; five significant digits of it are shown (unverified)."""


def _shown(amount: float | None) -> str:
    return OVERLOADED if amount is None else f"{amount:.4E}"


def _mean(amount: float | None) -> str:
    """The mains are symmetrical, so a mean value is zero, unless the input is overloaded."""
    return _shown(amount if amount is None else 0.0)


def _frequency(reading: Reading) -> str:
    return _shown(quantise(reading.frequency, FREQUENCY_RANGE)) if reading.frequency else NO_VALUE


def _factor(reading: Reading) -> tuple[float, float] | None:
    """Return apparent power (VA) and power factor (0 without power); None if an input is overloaded."""
    voltage, current, power = reading.voltage, reading.current, reading.power
    if voltage is None or current is None or power is None:
        return None
    apparent = voltage * current
    # rounding can make P a little larger than U x I; the power factor cannot exceed 1
    return apparent, max(-1.0, min(1.0, power / apparent)) if apparent else 0.0


def _derived(formula: Callable[[float, float], float | None]) -> Callable[[Reading], str]:
    """Return a reader for what follows from apparent power and power factor; None stands for no value."""

    def read(reading: Reading) -> str:
        found = _factor(reading)
        if found is None:
            return OVERLOADED
        amount = formula(*found)
        return NO_VALUE if amount is None else _shown(amount)

    return read


_MEASURED: Final[dict[str, Callable[[Reading], str]]] = {
    "UAVG": lambda reading: _mean(reading.voltage),
    "IAVG": lambda reading: _mean(reading.current),
    "S": _derived(lambda apparent, factor: apparent),
    "Q": _derived(lambda apparent, factor: apparent * math.sqrt(1.0 - factor * factor)),
    "LAMB": _derived(lambda apparent, factor: factor if apparent else None),
    "PHI": _derived(lambda apparent, factor: math.degrees(math.acos(factor)) if apparent else None),
    "FU": _frequency,
    "FI": _frequency,
    "FPLL": _frequency,
    # harmonics are not in the plant's samples
    "UTHD": lambda reading: NO_VALUE,
    "ITHD": lambda reading: NO_VALUE,
    "EMPT": lambda reading: NO_VALUE,
}

_INTEGRATED: Final[dict[str, Callable[[Integrator], float]]] = {
    "TIME": lambda sums: sums.time,
    "WH": lambda sums: sums.watt_hours_positive + sums.watt_hours_negative,
    "WHP": lambda sums: sums.watt_hours_positive,
    "WHM": lambda sums: sums.watt_hours_negative,
    "AH": lambda sums: sums.ampere_hours_positive + sums.ampere_hours_negative,
    "AHP": lambda sums: sums.ampere_hours_positive,
    "AHM": lambda sums: sums.ampere_hours_negative,
}


Writer: TypeAlias = "Callable[[Reading | None, Integrator, tuple[float, float]], str]"
"""Writes one value; the ranges are those of voltage and current in V and A.

What follows from an overloaded value is overloaded too. Without a reading there is no measured value.
"""


def _of_reading(write: Callable[[Reading], str]) -> Writer:
    return lambda reading, integrator, ranges: NO_VALUE if reading is None else write(reading)


def _plain(amount: Callable[[Reading], float | None]) -> Writer:
    """Return a writer of what was measured as such; these are read ten times a second, so it is a single call."""

    def write(reading: Reading | None, _: Integrator, __: tuple[float, float]) -> str:
        if reading is None:
            return NO_VALUE
        value = amount(reading)
        return OVERLOADED if value is None else f"{value:.4E}"

    return write


def _of_integrator(amount: Callable[[Integrator], float]) -> Writer:
    return lambda reading, integrator, ranges: f"{amount(integrator):.6E}"


def as_block(values: str) -> str:
    """Return ``CHAN1:MEAS:DATA?`` in format BINary: single precision, least significant byte first (u)."""
    numbers = [AS_NUMBERS.get(value) or float(value) for value in values.split(",")]
    return block(struct.pack(f"<{len(numbers)}f", *numbers))


VALUES: Final[dict[str, Writer]] = {
    "URMS": _plain(attrgetter("voltage")),
    "IRMS": _plain(attrgetter("current")),
    "P": _plain(attrgetter("power")),
    **{name: _of_reading(write) for name, write in _MEASURED.items()},
    **{name: _of_integrator(amount) for name, amount in _INTEGRATED.items()},
    "URAN": lambda reading, integrator, ranges: _shown(ranges[0]),
    "IRAN": lambda reading, integrator, ranges: _shown(ranges[1]),
}
"""Who writes the value of each function, by its short form."""
