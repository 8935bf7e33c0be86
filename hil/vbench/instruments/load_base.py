"""What the virtual electronic loads have in common: set-points in the plant, and an input that a protection opens."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final

from hil.vbench.plant.instrument_errors import NO_ERRORS, LoadErrors
from hil.vbench.scpi.protection import TRIPS, Protection
from hil.vbench.scpi.status import ScpiError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.vbench.plant.terminals import ElectronicLoadState, LoadMode
    from hil.vbench.scpi.engine import ScpiEngine
    from hil.vbench.scpi.parameters import Number
    from hil.vbench.scpi.status import Status


NOTICED: Final = 1e-5
"""Seconds; a ramp that is shorter is a step at once."""


def half_ramp(change: float, slew: float) -> float:
    """Return half of the seconds that a change of current in A takes; ``slew``: A/µs.

    A ramp is drawn as a step at its middle: at a constant voltage that is the same charge and the same energy.
    """
    return abs(change) / (slew * 1e6) / 2.0


class LoadFront:
    """Acts on the plant's side of a load.

    :param current: with ``resistance`` and ``power``, the model's set-points; their defaults are those of ``*RST``.
    """

    def __init__(self, state: ElectronicLoadState, current: Number, resistance: Number, power: Number) -> None:
        self.state = state
        self._defaults = {"current": current.default, "resistance": resistance.default, "power": power.default}

    def set(self, **fields: object) -> None:
        """Change set-points, mode or input, and let the plant follow."""
        for name, value in fields.items():
            setattr(self.state, name, value)
        self.state.on_change()

    def reset(self, status: Status) -> None:
        """Go back to the values of ``*RST``, input off; nothing is tripped any more."""
        status.questionable.condition = 0
        self.set(input_on=False, mode="CURR", **self._defaults)

    def trip(self, status: Status, reason: str) -> None:
        """Open the input and tell why in the error queue and the QUEStionable register."""
        self.set(input_on=False)
        status.questionable.condition = TRIPS[reason]
        status.report(ScpiError(-300, reason))


class LoadTwin(ABC):
    """A virtual load: it looks at its terminals before each command and on every ``update``."""

    _state: ElectronicLoadState
    _front: LoadFront
    _engine: ScpiEngine

    def execute(self, line: str) -> str | None:
        """Take one line; see :class:`hil.vbench.plant.terminals.VirtualInstrument`."""
        self.update()
        return self._engine.execute(line)

    def power_on(self, seed: str, given: LoadErrors = NO_ERRORS) -> None:
        """Go back to the power-on state, input off; errors that are not given (nan) follow from ``seed``."""
        self._state.errors = LoadErrors.drawn(seed, given)
        self._engine.status.power_on()
        self._reset()

    def update(self) -> None:
        """Look at the terminals and open the input if a protection trips; the reason goes to the error queue."""
        if self._state.input_on:
            volts, amperes, watts, _ = self._state.measured()
            self._look(volts, amperes, watts)

    @abstractmethod
    def _look(self, volts: float, amperes: float, watts: float) -> None:
        """Hold what the terminals carry against the protections."""

    @abstractmethod
    def _reset(self) -> None:
        """Go back to the values of ``*RST``."""

    def _trip(self, reason: str) -> None:
        self._front.trip(self._engine.status, reason)


@dataclass
class GuardedSettings:
    """What loads keep that have one protection of current and one of power."""

    function: LoadMode = "CURR"
    shorted: bool = False
    current_protection: Protection = field(default_factory=lambda: Protection("over current", math.inf))
    power_protection: Protection = field(default_factory=lambda: Protection("over power", math.inf))


class GuardedLoad(LoadTwin):
    """A load with one protection of current, one of power, and a short circuit that stands above its function."""

    largest_voltage: ClassVar[float]
    """V, above which the input opens by itself."""

    _settings: GuardedSettings
    _now: Callable[[], float] | None
    """Returns the present instant in seconds; None: there is no clock, and protections act at once."""

    def _look(self, volts: float, amperes: float, watts: float) -> None:
        settings, now = self._settings, None if self._now is None else self._now()
        if volts > self.largest_voltage:
            self._trip("over voltage")
        elif settings.current_protection.trips(amperes, now):
            self._trip(settings.current_protection.name)
        elif settings.power_protection.trips(watts, now):
            self._trip(settings.power_protection.name)

    def _set_function(self, name: LoadMode) -> None:
        self._settings.function = name
        self._front.set(mode="SHOR" if self._settings.shorted else name)

    def _short(self, on: bool) -> None:
        """Draw as much as the power stage can, or what the function says again."""
        self._settings.shorted = on
        self._set_function(self._settings.function)
