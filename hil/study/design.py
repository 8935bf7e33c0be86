"""What a study measures, at which levels, how often and in which order. It is settled before anything is switched."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hil.errors import ConfigurationError
from hil.rig.check.capabilities import NOMINAL_V, highest_resistive_power

if TYPE_CHECKING:
    from hil.rig.config.rig_file import RigFile

UNITS: Mapping[str, str] = {"power": "W", "voltage": "V", "energy": "Wh", "time": "s"}
"""The quantities of a study. ``time`` runs from a cause to the edge at which power is gone, as the meter shows it."""

PROGRAMMABLE_MAINS, SWITCHES_UNDER_LOAD = "programmable-mains", "switches-under-load"
"""Feature flags of a rig. Without the second the load's input makes and breaks the current, and K1 switches none."""

SPAN = 0.1
"""Voltages lie so far around the nominal one at most: mains of EN 50160 stay within ± 10 %."""

SPARE = 0.95
"""The part of the rig's limits that a study uses: an exact load would reach them, a real one may exceed them."""

SHORTEST_S, LONGEST_S = 0.2, 5.0
"""The times: limits on edges of power lie between them. A trial may be too short for the longest."""

AROUND_S = 3.0
"""Seconds of each trial without power, at the most: for the readings before and after."""

SETTLING_S = 10.0
"""For instruments to be prepared, once a session."""

FEWEST_LEVELS, FEWEST_TRIALS = 1, 2

SHORTEST_TRIAL_S = 4.0
"""A meter that updates slowly needs some seconds to show a power."""


@dataclass(frozen=True)
class Design:
    """Levels of each quantity, and how often each is measured in a session.

    :ivar powers: of the reference appliance at the nominal voltage, W.
    :ivar voltages: of the mains, V; one on a bench whose mains cannot be set.
    :ivar times: from a cause to the opening of K1, s.
    :ivar trials: times that each level is measured in a session.
    :ivar seconds: for which power flows in a trial.
    :ivar nominal: voltage, V.
    """

    powers: tuple[float, ...]
    voltages: tuple[float, ...]
    times: tuple[float, ...]
    trials: int
    seconds: float
    nominal: float = NOMINAL_V

    def levels(self, quantity: str) -> tuple[float, ...]:
        """Return the nominal levels of a quantity, in its unit."""
        if quantity == "energy":
            return tuple(power * self.seconds / 3600 for power in self.powers)
        return {"power": self.powers, "voltage": self.voltages, "time": self.times}[quantity]

    @property
    def energy(self) -> float:
        """The most energy that a session takes, Wh."""
        highest = max(self.voltages) / self.nominal
        return sum(self.powers) * highest**2 * self.trials * self.seconds / 3600

    @property
    def duration(self) -> float:
        """The most bench time that a session takes, s."""
        return SETTLING_S + len(self.powers) * self.trials * (self.seconds + AROUND_S)

    @property
    def document(self) -> dict[str, object]:
        """The design as JSON."""
        levels = {name: list(self.levels(name)) for name in UNITS}
        return {"levels": levels, "trials": self.trials, "seconds": self.seconds, "nominal_V": self.nominal}


@dataclass(frozen=True)
class Turn:
    """One trial: the number of the level of each quantity, from 0. The energy has the level of the power."""

    power: int
    voltage: int
    time: int


def require_a_study(*, levels: int, trials: int, seconds: float) -> None:
    """Raise ConfigurationError for numbers that make no study on any rig."""
    if levels < FEWEST_LEVELS or trials < FEWEST_TRIALS:
        what = f"{levels} levels and {trials} trials are no study; at least {FEWEST_LEVELS} level and {FEWEST_TRIALS}"
        raise ConfigurationError(f"{what} trials of it are allowed", place="hil rig study")
    if not SHORTEST_TRIAL_S <= seconds < math.inf:
        what = f"{seconds:g} s of power in a trial; {SHORTEST_TRIAL_S:g} s or more are allowed"
        raise ConfigurationError(what, place="hil rig study")


def design_for(rig: RigFile, *, levels: int, trials: int, seconds: float) -> Design:
    """Return what a study of this rig measures.

    Raises ConfigurationError for numbers that make no study, or that take a session beyond the rig's limits.
    """
    require_a_study(levels=levels, trials=trials, seconds=seconds)
    place = str(rig.path)
    if seconds > rig.options.limits.session:
        what = f"{seconds:g} s of power in a trial; limits.session allows {rig.options.limits.session:g} s in a session"
        raise ConfigurationError(what, place=place, remedy="Ask for fewer seconds.")
    set_mains = PROGRAMMABLE_MAINS in rig.features
    voltages = _even(NOMINAL_V * (1 - SPAN), NOMINAL_V * (1 + SPAN), levels) if set_mains else (NOMINAL_V,)
    powers = _powers(rig, levels, max(voltages) / NOMINAL_V)
    count = len(powers)
    ratio = min(LONGEST_S, seconds - AROUND_S) / SHORTEST_S
    times = tuple(round(SHORTEST_S * ratio ** (number / max(1, count - 1)), 3) for number in range(count))
    design = Design(powers, voltages[:count] if count > 1 else (NOMINAL_V,), times, trials, seconds)
    limits = rig.options.limits
    for name, value, limit, unit in (
        ("energy", design.energy, limits.energy, "Wh"),
        ("session", design.duration, limits.session, "s"),
    ):
        if value > limit:
            raise ConfigurationError(
                f"a session of the study takes {value:.0f} {unit}; limits.{name} allows {limit:g} {unit}",
                place=place,
                remedy="Ask for fewer levels, fewer trials, or fewer seconds.",
            )
    return design


def order_of(design: Design, seed: str) -> list[Turn]:
    """Return the trials of a session in an order that the seed draws, for each quantity by itself."""
    chance = random.Random(seed)  # noqa: S311 - an order, no secret
    count = len(design.powers) * design.trials

    def shuffled(levels: Sequence[float]) -> list[int]:
        numbers = [number % len(levels) for number in range(count)]
        chance.shuffle(numbers)
        return numbers

    drawn = zip(shuffled(design.powers), shuffled(design.voltages), shuffled(design.times), strict=True)
    return [Turn(*numbers) for numbers in drawn]


def _powers(rig: RigFile, levels: int, share: float) -> tuple[float, ...]:
    reference = rig.options.reference
    if reference is not None and reference.power is not None:
        if SWITCHES_UNDER_LOAD not in rig.features:
            raise ConfigurationError(
                f"a fixed resistor is switched by K1; this rig does not say that K1 may: {SWITCHES_UNDER_LOAD}",
                place=f"{rig.path}: options.rig.reference.power",
                remedy="Add the feature flag if it may, or leave power out: then the load is the reference.",
            )
        return (reference.power * (NOMINAL_V / reference.voltage) ** 2,)
    highest = SPARE * highest_resistive_power(rig, share)
    return tuple(float(round(highest * number / levels, 1)) for number in range(1, levels + 1))


def _even(low: float, high: float, count: int) -> tuple[float, ...]:
    if count == 1:
        return ((low + high) / 2,)
    return tuple(round(low + (high - low) * number / (count - 1), 3) for number in range(count))
