"""Parameters of SCPI commands (SCPI-99, volume 1, chapter 7): text from the wire in, values out.

Every conversion is pure, so that a parsed line can be kept and run again.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from hil.vbench.scpi.status import ScpiError

if TYPE_CHECKING:
    from collections.abc import Callable

_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:[eE]([+-]?\d+))?\s*([A-Za-z%/]*)")
_MULTIPLIERS = {
    "EX": 1e18,
    "PE": 1e15,
    "T": 1e12,
    "G": 1e9,
    "MA": 1e6,
    "K": 1e3,
    "M": 1e-3,
    "U": 1e-6,
    "N": 1e-9,
    "P": 1e-12,
    "F": 1e-15,
}
"""IEEE 488.2, table 7-2, less atto, which would be an ampere to most people."""

_MEGA_UNITS = frozenset({"OHM", "HZ"})
"""``MOHM`` and ``MHZ`` are mega (IEEE 488.2, 7.7.3.2)."""

LARGEST_EXPONENT = 32_000
LONGEST_NUMBER = 255
"""Limits of a decimal number (IEEE 488.2, 7.7.2.4.1)."""

_BASES = {
    "H": (16, re.compile(r"[0-9A-Fa-f]+", re.ASCII)),
    "Q": (8, re.compile(r"[0-7]+")),
    "B": (2, re.compile(r"[01]+")),
}
_QUOTED = re.compile(r'"(?:[^"]|"")*"|\'(?:[^\']|\'\')*\'')


def forms(mnemonic: str) -> tuple[str, str]:
    """Return short and long form, in capitals, of a name written as ``MEASure``."""
    return "".join(c for c in mnemonic if not c.islower()), mnemonic.upper()


def mistyped(text: str) -> ScpiError:
    """Return the error of a parameter that is of another type than the header takes (SCPI-99, volume 2, 21.8.9)."""
    first = text[:1]
    if first in {'"', "'"}:
        return ScpiError(-158)
    if first == "#":
        return ScpiError(-168 if text[1:2].isdigit() else -121, text[:20])
    if first == "(":
        return ScpiError(-178)
    return ScpiError(-121 if re.match(r"[-+.\d]", text) else -104, text[:20])


class Parameter(Protocol):
    """Turns one parameter into the value that the handler gets; raises ScpiError."""

    def convert(self, text: str) -> object:
        """Return the value that ``text`` says; raises ScpiError if it is none."""


@dataclass(frozen=True)
class Number:
    """A decimal number within ``minimum`` .. ``maximum``, or MIN, MAX, DEF; an optional suffix such as ``MA``."""

    minimum: float
    maximum: float
    default: float
    unit: str = ""
    """Base unit in capitals as SCPI writes it: V, A, W, OHM, S."""

    def convert(self, text: str) -> float:
        """See :class:`Parameter`."""
        named = self.named(text)
        if named is not None:
            return named
        value, suffix = decimal(text)
        value *= self._factor(suffix)
        if not self.minimum <= value <= self.maximum:
            raise ScpiError(-222)
        return value

    def named(self, text: str) -> float | None:
        """Return the number that MINimum, MAXimum or DEFault stands for; None if ``text`` is none of them."""
        for name, value in (("MINimum", self.minimum), ("MAXimum", self.maximum), ("DEFault", self.default)):
            if text.upper() in forms(name):
                return value
        return None

    def _factor(self, suffix: str) -> float:
        """Return what a suffix multiplies by: a unit, a multiplier, or both."""
        if suffix in {"", self.unit}:
            return 1.0
        if not self.unit:
            raise ScpiError(-138)
        multiplier = suffix.removesuffix(self.unit)
        if multiplier == "M" and self.unit in _MEGA_UNITS:
            return 1e6
        if multiplier not in _MULTIPLIERS:
            raise ScpiError(-131)
        return _MULTIPLIERS[multiplier]


def decimal(text: str) -> tuple[float, str]:
    """Return number and suffix, in capitals, of decimal numeric data; raises ScpiError if it is none."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise mistyped(text)
    if len(match[1]) > LONGEST_NUMBER:
        raise ScpiError(-124)
    exponent = match[2] or "0"
    # the length first: int() of a very long text is slow or refused
    if len(exponent) > 6 or abs(int(exponent)) > LARGEST_EXPONENT:
        raise ScpiError(-123)
    return float(f"{match[1]}e{exponent}"), match[3].upper()


@dataclass(frozen=True)
class Steps:
    """One of a closed list of numbers, in the base unit ``unit`` or a multiple of it; nothing between them."""

    values: tuple[float, ...]
    unit: str = ""

    def convert(self, text: str) -> float:
        """See :class:`Parameter`."""
        value = Number(self.values[0], self.values[-1], self.values[-1], self.unit).convert(text)
        for step in self.values:
            if abs(value - step) <= 1e-9 * step:
                return step
        raise ScpiError(-222)


@dataclass(frozen=True)
class Integer:
    """A whole number within ``minimum`` .. ``maximum``; a fraction is rounded, as IEEE 488.2 asks.

    Also hexadecimal, octal or binary (``#HFF``, ``#Q377``, ``#B101``; IEEE 488.2, 7.7.4), as registers are written.
    """

    minimum: int
    maximum: int

    def convert(self, text: str) -> int:
        """See :class:`Parameter`."""
        base = _BASES.get(text[1:2].upper()) if text.startswith("#") else None
        if base is not None:
            if not base[1].fullmatch(text[2:]):
                raise ScpiError(-121, text[:20])
            value = float(int(text[2:], base[0])) if len(text) <= LONGEST_NUMBER else math.inf
        else:
            named = Number(self.minimum, self.maximum, self.minimum).named(text)
            value = Number(-math.inf, math.inf, self.minimum).convert(text) if named is None else named
        # compare before rounding: infinity has no nearest whole number
        if not self.minimum - 0.5 <= value <= self.maximum + 0.5:
            raise ScpiError(-222)
        return min(max(round(value), self.minimum), self.maximum)


@dataclass(frozen=True)
class Boolean:
    """ON, OFF, or a number, which is rounded: 0 is off, everything else on."""

    def convert(self, text: str) -> bool:
        """See :class:`Parameter`."""
        upper = text.upper()
        if upper in {"ON", "OFF"}:
            return upper == "ON"
        value, suffix = decimal(text)
        if suffix:
            raise ScpiError(-138)
        return abs(value) >= 0.5


class Choice:
    """One of a closed list of names in short or long form; the value is the short form in capitals."""

    def __init__(self, *names: str) -> None:
        self.names = tuple(forms(name)[0] for name in names)
        self._short = {form: forms(name)[0] for name in names for form in forms(name)}
        self._long = dict(map(forms, names))

    def long(self, short: str) -> str:
        """Return the long form of one of the names."""
        return self._long[short]

    def convert(self, text: str) -> str:
        """See :class:`Parameter`."""
        try:
            return self._short[text.upper()]
        except KeyError:
            raise ScpiError(-224, text[:20]) from None


@dataclass(frozen=True)
class Text:
    """A string in single or double quotes, at most ``longest`` characters."""

    longest: int

    def convert(self, text: str) -> str:
        """See :class:`Parameter`."""
        quote = text[:1]
        if quote not in {'"', "'"}:
            raise ScpiError(-168 if quote == "#" else -104, text[:20])
        if not _QUOTED.fullmatch(text):
            raise ScpiError(-151)
        value = text[1:-1].replace(quote * 2, quote)
        if len(value) > self.longest:
            raise ScpiError(-223)
        return value


@dataclass(frozen=True)
class Bound:
    """The optional MIN, MAX or DEF behind a query: the value is the number it stands for."""

    of: Number

    def convert(self, text: str) -> float:
        """See :class:`Parameter`."""
        value = self.of.named(text)
        if value is None:
            raise ScpiError(-224, text[:20])
        return value


@dataclass(frozen=True)
class Command:
    """What a header does.

    :param handler: gets the numeric suffixes of the header that can vary, then the converted parameters;
        returns the reply of a query, None otherwise; may raise ScpiError.
    :param parameters: conversions in order.
    :param required: how many of them must be there; all by default.
    :param most: how many values the last parameter may take (a list); 1 by default.
    """

    handler: Callable[..., str | None]
    parameters: tuple[Parameter, ...] = ()
    required: int | None = None
    most: int = 1

    def convert(self, texts: list[str]) -> tuple[object, ...]:
        """Return the handler's arguments; raises ScpiError if there are too many, too few or wrong ones."""
        required = len(self.parameters) if self.required is None else self.required
        if len(texts) < required:
            raise ScpiError(-109)
        allowed = len(self.parameters) + self.most - 1 if self.parameters else 0
        if len(texts) > allowed:
            raise ScpiError(-223 if self.most > 1 else -108)
        last = len(self.parameters) - 1
        return tuple(self.parameters[min(i, last)].convert(text) for i, text in enumerate(texts))
