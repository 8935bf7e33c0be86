"""Quantities and their units: a closed table, exact parsing, readable formatting.

Inside the program a quantity is a number in its base unit (W, Wh, s, sat, V, A, ohm) and says so in its type or
name. Text from people (feature files, rig files) is parsed here and nowhere else. The table is closed on
purpose: general unit libraries read ``2 m`` as metres and ``5 C`` as coulomb.
"""

from __future__ import annotations

import enum
import re
from decimal import Decimal, InvalidOperation
from typing import NamedTuple, NewType

from hil.errors import AuthorError, nearest

Watt = NewType("Watt", float)
WattHour = NewType("WattHour", float)
Second = NewType("Second", float)
Volt = NewType("Volt", float)
Ampere = NewType("Ampere", float)
Ohm = NewType("Ohm", float)
Percent = NewType("Percent", float)
Mebibyte = NewType("Mebibyte", float)
Satoshi = NewType("Satoshi", int)

SINE_CREST_FACTOR = 1.415
"""A crest factor up to this one is that of a sine, √2 rounded up."""


class CurrentShape(NamedTuple):
    """Shape of the current that an appliance draws."""

    power_factor: float
    """Active over apparent power, above 0, at most 1."""
    crest_factor: float = 1.414
    """Peak over rms of the current."""


RESISTIVE = CurrentShape(1.0)
"""A sine in phase with the voltage."""


class Dimension(enum.Enum):
    """What a quantity measures. The value is the name used in steps and error messages."""

    POWER = "power"
    ENERGY = "energy"
    DURATION = "duration"
    AMOUNT = "amount"
    TARIFF = "tariff"
    VOLTAGE = "voltage"
    CURRENT = "current"
    RESISTANCE = "resistance"
    PERCENT = "percent"
    MEMORY = "memory"


UNITS: dict[Dimension, dict[str, Decimal]] = {
    Dimension.POWER: {"W": Decimal(1), "kW": Decimal(1000), "mW": Decimal("0.001")},
    Dimension.ENERGY: {"Wh": Decimal(1), "kWh": Decimal(1000), "mWh": Decimal("0.001")},
    Dimension.DURATION: {
        "s": Decimal(1),
        "ms": Decimal("0.001"),
        "min": Decimal(60),
        "h": Decimal(3600),
    },
    Dimension.AMOUNT: {"sat": Decimal(1), "mBTC": Decimal(100_000), "BTC": Decimal(100_000_000)},
    Dimension.TARIFF: {"sat/Wh": Decimal(1)},
    Dimension.VOLTAGE: {"V": Decimal(1), "mV": Decimal("0.001")},
    Dimension.CURRENT: {"A": Decimal(1), "mA": Decimal("0.001")},
    Dimension.RESISTANCE: {"ohm": Decimal(1)},
    Dimension.PERCENT: {"%": Decimal(1)},
    Dimension.MEMORY: {"MiB": Decimal(1), "KiB": 1 / Decimal(1024)},
}
"""For each dimension the allowed units with their factor to the base unit (the one with factor 1)."""

NUMBER = r"[+-]?[0-9]+(?:[.][0-9]+)?"
"""A decimal number as people write it in steps; no exponent, no thousands separator."""

MOST_DIGITS = 18
"""Of a number: more than any quantity of a bench has, all money in satoshi included."""

_QUANTITY = re.compile(rf"(?P<number>{NUMBER})\s*(?P<unit>\S.*)?")


def parse(text: str, dimension: Dimension) -> Decimal:
    """Return the quantity in ``text``, exact, in the base unit of ``dimension``.

    Raises AuthorError if the number or unit cannot be read; the message lists the units allowed.
    """
    units = UNITS[dimension]
    match = _QUANTITY.fullmatch(text.strip())
    if wrong := badly_written(text):
        raise AuthorError(wrong)
    if match is None:
        raise AuthorError(f"'{text}' is not a {dimension.value}; expected a number and one of {', '.join(units)}")
    unit = match["unit"]
    if unit is None:
        raise AuthorError(f"'{text}' has no unit; a {dimension.value} takes one of {', '.join(units)}")
    if unit not in units:
        raise AuthorError(f"'{unit}' is not a unit of {dimension.value}{nearest(unit, units)}")
    try:
        return Decimal(match["number"]) * units[unit]
    except InvalidOperation:
        raise AuthorError(f"'{match['number']}' is not a number") from None


def badly_written(text: str) -> str:
    """Return what is wrong with how the number of a text is written; empty if nothing is seen to be."""
    if odd := next((each for each in text if each.isdecimal() and not each.isascii()), ""):
        return f"'{odd}' (U+{ord(odd):04X}) is no digit of a number here; write 0 to 9"
    if comma := re.match(r"\s*([+-]?[0-9]+),([0-9]+)", text):
        return f"'{text}' has a comma; write {comma[1]}.{comma[2]} with a decimal point, or {comma[1]}{comma[2]}"
    most = max((len(digits) for digits in re.findall("[0-9]+", text)), default=0)
    if most > MOST_DIGITS:
        return f"'{text[:MOST_DIGITS]}…' has {most} digits; a number has at most {MOST_DIGITS}"
    return ""


def parse_satoshi(text: str) -> Satoshi:
    """Return an amount of money in whole satoshi; raises AuthorError if it is not a whole number of them."""
    amount = parse(text, Dimension.AMOUNT)
    if amount != amount.to_integral_value():
        raise AuthorError(f"'{text}' is {amount} sat; money is counted in whole satoshi")
    return Satoshi(int(amount))


def format_quantity(value: float, unit: str) -> str:
    """Return ``value`` with at most four significant decimals and its unit; milliseconds below one second."""
    if unit == "s" and value != 0 and abs(value) < 1:
        return f"{value * 1000:.4g} ms"
    if unit in {"sat", "count"}:
        return f"{value:z,.0f}".replace(",", " ") + ("" if unit == "count" else f" {unit}")
    magnitude = abs(value)
    text = f"{value:.2f}" if magnitude >= 100 else f"{value:.3f}" if magnitude >= 1 else f"{value:z.4g}"
    if "." in text and "e" not in text:
        text = text.rstrip("0").rstrip(".")
    return f"{text} {unit}"
