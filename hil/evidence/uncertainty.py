"""What a measured value is uncertain by, part by part, and where each part comes from.

Every part is a limit, not a likelihood: as long as what its source says holds, the error that it stands for is never
larger than its half-width (docs/decisions/0005-bounds-are-limits.md). So parts are added up, not squared: limits that
are not known to be independent may all be used up at once (JCGM 100:2008, 4.3.7 and F.2.4.3).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from hil.evidence.documents import Json
from hil.units import format_quantity

COVERAGE = 2.0
"""The factor k of every U that this project states, about 95 % (JCGM 100:2008, 6.3.3)."""

LEAST_COVERAGE, MOST_COVERAGE = 1.0, 14.0
"""Between these is the k of any certificate: 1 is a standard uncertainty, and 13.97 covers 95.45 % where there is one
degree of freedom (JCGM 100:2008, table G.2)."""


@dataclass(frozen=True)
class Component:
    """One reason for which a value may be wrong.

    :param name: in words of the bench, e.g. ``power factor``.
    :param half_width: by how much at most, either way; in ``unit``, finite, not negative.
    :param source: who says so: a manual with its page, a certificate, the rig file.
    """

    name: str
    half_width: float
    unit: str
    source: str

    def __post_init__(self) -> None:
        if not (math.isfinite(self.half_width) and self.half_width >= 0):
            raise ValueError(f"{self.name}: a half-width is a finite number that is not negative: {self.half_width}")

    def __str__(self) -> str:
        return f"{self.name} {format_quantity(self.half_width, self.unit)} ({self.source})"

    def document(self) -> Mapping[str, Json]:
        """Return it as JSON: ``name``, ``half_width``, ``unit``, ``source``."""
        return {
            "name": self.name,
            "half_width": round(self.half_width, 9),
            "unit": self.unit,
            "source": self.source,
        }


@dataclass(frozen=True)
class Budget:
    """All reasons for which one value may be wrong, in one unit; those that amount to nothing are left out."""

    unit: str
    components: tuple[Component, ...] = ()
    correction: float = 0.0
    """What is added to a reading before its bounds are told, as a certificate says; in ``unit``."""

    def __post_init__(self) -> None:
        if any(each.unit != self.unit for each in self.components):
            strange = sorted({each.unit for each in self.components} - {self.unit})
            raise ValueError(f"a budget in {self.unit} cannot hold parts in {', '.join(strange)}")

    @classmethod
    def of(cls, unit: str, *parts: tuple[str, float, str]) -> Budget:
        """Return the budget of these parts: name, half-width in ``unit`` and source of each."""
        return cls(unit, tuple(Component(name, half, unit, source) for name, half, source in parts if half != 0))

    @property
    def expanded(self) -> float:
        """U: the true value lies within the measured one ± this, in ``unit``; of one without its correction."""
        return math.fsum(each.half_width for each in self.components) + abs(self.correction)

    def part(self, name: str) -> float:
        """Return the half-width of what is called ``name``, 0 if nothing is."""
        return math.fsum(each.half_width for each in self.components if each.name == name)

    def plus(self, name: str, half_width: float, source: str) -> Budget:
        """Return the same with one more reason; with none more if ``half_width`` is zero."""
        more = Budget.of(self.unit, (name, half_width, source)).components
        return replace(self, components=(*self.components, *more))

    def without(self, *names: str) -> Budget:
        """Return the same without the reasons of these names."""
        return replace(self, components=tuple(each for each in self.components if each.name not in names))

    def corrected(self, correction: float) -> Budget:
        """Return the same for a reading to which ``correction`` is added."""
        return replace(self, correction=correction)

    def bounds(self, value: float) -> tuple[float, float]:
        """Return the least and the most that the true value can be if ``value`` was measured."""
        half = self.expanded - abs(self.correction)
        return value + self.correction - half, value + self.correction + half

    @property
    def brief(self) -> str:
        """The sum, and each part without its source, the largest first."""
        parts = ", ".join(
            f"{each.name} {format_quantity(each.half_width, each.unit)}" for each in self._largest_first()
        )
        return f"± {format_quantity(self.expanded, self.unit)}" + (f" ({parts})" if parts else "")

    def document(self) -> list[Json]:
        """Return its parts as JSON, the largest first: the value of ``budget`` in a VERDICT event."""
        parts: list[Json] = [each.document() for each in self._largest_first()]
        if self.correction:
            name = f"correction of {format_quantity(self.correction, self.unit)}, which is applied"
            parts.append(Component(name, 0.0, self.unit, "the certificate").document())
        return parts

    def __str__(self) -> str:
        parts = "; ".join(map(str, self._largest_first()))
        return f"± {format_quantity(self.expanded, self.unit)}" + (f": {parts}" if parts else "")

    def _largest_first(self) -> list[Component]:
        return sorted(self.components, key=lambda each: -each.half_width)


@dataclass(frozen=True)
class CertifiedUncertainty:
    """The uncertainty that a calibration certificate states: ± (``of_reading`` x value + ``constant`` W) at its k.

    :param of_reading: part of the reading, e.g. 0.0003 for 0.03 %; of each quantity that the certificate covers.
    :param constant: watts; of power, and with its duration of energy.
    :param k: coverage factor of both, above zero.
    :param certificate: its number, as the rig file names it.
    """

    of_reading: float
    constant: float
    k: float
    certificate: str

    def half_width(self, value: float, extent: float) -> float:
        """Return it for ``value`` at the project's own k.

        :param extent: how often ``constant`` counts: 1 for a power, hours for an energy, 0 for any other quantity.
        """
        return (self.of_reading * abs(value) + self.constant * extent) * COVERAGE / self.k

    def applied(self, budget: Budget, value: float, extent: float) -> Budget:
        """See :class:`Certified`."""
        extent = extent if budget.unit in {"W", "Wh"} else 0.0
        source = f"certificate {self.certificate}, k = {self.k:g}"
        return budget.plus("calibration", self.half_width(value, extent), source)


class Certified(Protocol):
    """What a certificate adds to a budget."""

    @property
    def certificate(self) -> str:
        """Its number."""

    def applied(self, budget: Budget, value: float, extent: float) -> Budget:
        """Return ``budget`` with what the certificate says of ``value``, which is not negative.

        :param extent: how many hours an energy covers, 1 for any other quantity.
        """


class Transformer(Protocol):
    """A current transformer before a meter; values are those of its primary circuit."""

    @property
    def ratio(self) -> float:
        """Primary over secondary current."""

    @property
    def rated(self) -> float:
        """Rated primary current in A."""

    def plain(self, budget: Budget) -> Budget:
        """Return the budget of a value of the secondary circuit for the same of the primary."""

    def of_current(self, budget: Budget, current: float) -> Budget:
        """Return ``budget`` of a current in A with what the transformer adds."""

    def of_active(
        self, budget: Budget, active: float, most: float, extent: float, volts: float, *, steady: bool
    ) -> Budget:
        """Return ``budget`` of an active power or energy with what the transformer adds.

        :param active: what was read, not negative; ``most``: the most that apparent power or energy can be.
        :param extent: 1 for a power, hours for an energy; ``volts``: the most that the voltage can be.
        :param steady: whether one current flowed, as in a power; an energy may be of several.
        """


@dataclass(frozen=True)
class Conditions:
    """What the laboratory says of the place, of the certificate of an instrument and of what stands before it.

    :param coldest: lowest, ``warmest``: highest temperature of the room, °C; None: within the maker's reference range.
    :param transformer: the current transformer before the meter; None: it measures the current itself.
    """

    coldest: float | None = None
    warmest: float | None = None
    certified: Certified | None = None
    transformer: Transformer | None = None

    def beyond(self, low: float, high: float) -> float:
        """Return by how many kelvin the room can be outside of ``low`` to ``high`` °C."""
        cold = 0.0 if self.coldest is None else low - self.coldest
        warm = 0.0 if self.warmest is None else self.warmest - high
        return max(0.0, cold, warm)
