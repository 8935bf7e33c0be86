"""What a DL3021 can be set to: ratings, ranges, units, and the values that ``*RST`` brings back.

Sources: DL3000 Programming Guide of April 2019 (pages as 2-24) and a public note that quotes it, the user guide (UG)
and the data sheet with their pages. ``u``: unverified.
"""

from __future__ import annotations

from typing import Final

from hil.vbench.scpi.parameters import Number

IDENTITY: Final = "RIGOL TECHNOLOGIES,DL3021,DL3A204800938,00.01.05.00.01"

RATED_VOLTAGE: Final = 150.0
RATED_CURRENT: Final = 40.0
RATED_POWER: Final = 200.0
"""150 V, 40 A, 200 W: data sheet."""

LARGEST_POWER: Final = 220.0
"""W, above which the input opens by itself (u)."""

CURRENT: Final = Number(0.0, RATED_CURRENT, 0.0, "A")
VOLTAGE: Final = Number(0.0, RATED_VOLTAGE, RATED_VOLTAGE, "V")
RESISTANCE: Final = Number(0.08, 15_000.0, 15_000.0, "OHM")
POWER: Final = Number(0.0, RATED_POWER, 0.0, "W")

CURRENT_RANGES: Final = (4.0, 40.0)
VOLTAGE_RANGES: Final = (15.0, 150.0)
RESISTANCE_RANGES: Final = (15.0, 15_000.0)
"""Ends of the low and the high range (2-22, 2-29, 2-31; data sheet)."""

VOLTAGE_LIMIT: Final = Number(0.0, 155.0, 155.0, "V")
CURRENT_LIMIT: Final = Number(0.0, 42.0, 42.0, "A")
"""Settable for each function; beyond them the input opens by itself (42 A: u; 155 V as found at power-on)."""

STARTING_VOLTAGE: Final = Number(0.0, RATED_VOLTAGE, 0.0, "V")
"""Von (2-24; 0 to 150 V, 0 V by default: UG 2-79)."""

SLEW: Final = Number(0.001, 2.5, 0.001, "A/US")
"""A/µs (2-22; default: UG 2-106; 2.5: u)."""

WIDTH: Final = Number(0.02, 3_600_000.0, 2000.0, "MS")
"""ms at level A or B (2-26, 2-27; default: UG 2-107; limits: u)."""
FREQUENCY: Final = Number(1e-6, 15.0, 0.00025, "KHZ")
"""kHz (2-27; up to 15 kHz: data sheet). A log of a DL3031A says that its firmware takes Hz; here the guide holds."""
PERIOD: Final = Number(1 / 15, 1_000_000.0, 4000.0, "MS")
"""ms (2-28)."""
DUTY: Final = Number(1.0, 100.0, 50.0)
"""Percent of the period at level A (2-28)."""

MOST_STEPS: Final = 512
STEP_WIDTH: Final = Number(5e-5, 3600.0, 1.0, "S")
"""s (2-35; UG 2-43)."""
MOST_CYCLES: Final = 99_999

DELAY: Final = Number(0.0, 99_999.0, 500.0, "MS")
"""ms from the starting voltage to the first step, and from step to step (2-40 to 2-47; default: UG 2-108)."""
STEP_DELAY: Final = Number(1.0, 99_999.0, 500.0, "MS")
TRIP_TIME: Final = Number(0.0, 999_999.0, 500.0, "US")
CAPACITY: Final = Number(0.0, 999_999.0, 1000.0, "MAH")
"""mAh (2-38; limits: u)."""
DISCHARGE_TIME: Final = Number(0.0, 999_999.0, 3600.0, "S")
