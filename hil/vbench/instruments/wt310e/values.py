"""What the WT310E derives from a reading: powers, peaks, integrated values, MATH, and their scaling.

Where a value does not exist it is None (written ``NAN``); beyond its range it is infinite (``INF``).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from hil.vbench.instruments.wt310e.replies import SINE, Reading

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.vbench.instruments.wt310e.settings import Settings
    from hil.vbench.scpi.metering import Integrator

SMALLEST_DIVISOR: Final = 1e-6
"""Part of its range below which display B is no divisor (IM WT310E-01EN, 4-10: 0.0001 % of the rated value)."""

SMALLEST_RMS: Final = {3: 0.005, 6: 0.01}
"""Part of its range below which an rms value has no crest factor, by crest factor (IM WT310E-01EN, 4-10)."""

INTEGRATED: Final[dict[str, Callable[[Integrator], float]]] = {
    "TIME": lambda sums: sums.time,
    "WH": lambda sums: sums.watt_hours_positive + sums.watt_hours_negative,
    "WHP": lambda sums: sums.watt_hours_positive,
    "WHM": lambda sums: sums.watt_hours_negative,
    "AH": lambda sums: sums.ampere_hours_positive + sums.ampere_hours_negative,
    "AHP": lambda sums: sums.ampere_hours_positive,
    "AHM": lambda sums: sums.ampere_hours_negative,
}


class Values:
    """The values of one reading, by the short form of their functions."""

    def __init__(self, reading: Reading | None, settings: Settings) -> None:
        self._settings = settings
        self._reading = None if reading is None else _scaled(reading, settings)

    def __getitem__(self, function: str) -> float | None:
        measured = MEASURED.get(function)
        if measured is not None:
            return None if self._reading is None else measured(self._reading)
        settings = self._settings
        if function in INTEGRATED:
            if settings.integrator_state == "RES":
                return None
            return INTEGRATED[function](settings.integrator) * _integrated_factor(function, settings)
        if function == "MATH":
            return self._math(settings.math)
        ranges = {"URAN": settings.voltage, "IRAN": settings.current}
        return ranges[function].selected if function in ranges else None

    def _math(self, name: str) -> float | None:
        settings = self._settings
        if name == "AVW":
            time = settings.integrator.time
            return self["WH"] and self["WH"] * 3600.0 / time if time else None
        if name in {"CFU", "CFI"}:
            rms, peaks, chosen = (
                ("U", "UPP UMP", settings.voltage) if name == "CFU" else ("I", "IPP IMP", settings.current)
            )
            amount = self[rms]
            if amount is None or not amount > SMALLEST_RMS[settings.crest_factor] * chosen.selected:
                return None
            return max(abs(self[peak] or 0.0) for peak in peaks.split()) / amount
        a, b = (self[item.function] for item in settings.displays[:2])
        if a is None or b is None or settings.displays[0].function == "TIME":
            return None
        return _arithmetic(name, a, b, SMALLEST_DIVISOR * self._rated(settings.displays[1].function))

    def _rated(self, function: str) -> float:
        voltage, current = self._settings.voltage.selected, self._settings.current.selected
        return {"U": voltage, "I": current}.get(function[:1], voltage * current)


def _arithmetic(name: str, a: float, b: float, smallest: float) -> float | None:
    if name == "ADD":
        return a + b
    if name == "SUB":
        return a - b
    if name == "MUL":
        return a * b
    if abs(b) <= smallest:
        return None
    return {"DIV": a / b, "DIVA": a / (b * b), "DIVB": a * a / b}[name]


def _scaled(reading: Reading, settings: Settings) -> Reading:
    if not settings.scaling:
        return reading
    vt, ct, power = settings.vt_ratio, settings.ct_ratio, settings.power_factor
    return reading._replace(
        voltage=reading.voltage and reading.voltage * vt,
        current=reading.current and reading.current * ct,
        power=reading.power and reading.power * vt * ct * power,
    )


def _integrated_factor(function: str, settings: Settings) -> float:
    """Return by what an integrated value is scaled; the ratios cannot change while it is integrated."""
    if not settings.scaling or function == "TIME":
        return 1.0
    if function.startswith("AH"):
        return settings.ct_ratio
    return settings.vt_ratio * settings.ct_ratio * settings.power_factor


def _apparent(reading: Reading) -> float:
    if reading.voltage is None or reading.current is None or reading.power is None:
        return math.inf
    return reading.voltage * reading.current


def _factor(reading: Reading) -> float | None:
    """Return the power factor; None without apparent power."""
    apparent = _apparent(reading)
    if math.isinf(apparent) or not apparent or reading.power is None:
        return None
    return max(-1.0, min(1.0, reading.power / apparent))


def _reactive(reading: Reading) -> float:
    apparent, factor = _apparent(reading), _factor(reading)
    return apparent if factor is None else apparent * math.sqrt(1.0 - factor * factor)


def _or_infinite(amount: float | None) -> float:
    return math.inf if amount is None else amount


def _power_factor(reading: Reading) -> float:
    factor = _factor(reading)
    return math.inf if factor is None else factor  # the display shows Error


def _phase(reading: Reading) -> float:
    factor = _factor(reading)
    return math.inf if factor is None else math.degrees(math.acos(factor))


MEASURED: Final[dict[str, Callable[[Reading], float | None]]] = {
    "U": lambda reading: _or_infinite(reading.voltage),
    "I": lambda reading: _or_infinite(reading.current),
    "P": lambda reading: _or_infinite(reading.power),
    "S": _apparent,
    "Q": _reactive,
    "LAMB": _power_factor,
    "PHI": _phase,
    "FU": lambda reading: reading.frequency or None,
    "FI": lambda reading: reading.frequency or None,
    "UPP": lambda reading: _or_infinite(reading.voltage) * SINE,
    "UMP": lambda reading: -_or_infinite(reading.voltage) * SINE,
    "IPP": lambda reading: _or_infinite(reading.current) * reading.crest_factor,
    "IMP": lambda reading: -_or_infinite(reading.current) * reading.crest_factor,
    # of a sinusoidal current: u(t) i(t) swings around P by as much as S
    "PPP": lambda reading: _or_infinite(reading.power) + _apparent(reading),
    "PMP": lambda reading: math.inf if reading.power is None else reading.power - _apparent(reading),
}
"""What follows from one reading."""
