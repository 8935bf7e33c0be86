"""The oscilloscope of the IT8615 and its analysis of the voltage: what its terminals carry, as waveforms.

The commands are those that public clients of the real unit send (docs/reference/it8615-commands.md); number of points
and limits are unverified. Mains of the bench are a pure sine, so the voltage has no harmonics.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hil.vbench.scpi.engine import Commands, action, choice_setting, number_setting, scientific
from hil.vbench.scpi.parameters import Choice, Command, Number

if TYPE_CHECKING:
    from collections.abc import Callable

POINTS: Final = 500
"""Of a waveform, over ten divisions of time."""

HARMONICS: Final = 50
"""Orders of the analysis, the fundamental first."""

VOLTAGE_LEVEL: Final = Number(-600.0, 600.0, 0.0, "V")
CURRENT_LEVEL: Final = Number(-60.0, 60.0, 0.0, "A")
DELAY: Final = Number(-10.0, 10.0, 0.0, "S")
DIVISION: Final = Number(1e-5, 1.0, 0.005, "S")


@dataclass
class _Settings:
    """What ``*RST`` brings back."""

    source: str = "VOLT"
    slope: str = "POS"
    mode: str = "AUTO"
    voltage_level: float = VOLTAGE_LEVEL.default
    current_level: float = CURRENT_LEVEL.default
    delay: float = DELAY.default
    division: float = DIVISION.default


@dataclass(frozen=True)
class Picture:
    """One capture: rms values, frequency in Hz, and by how many radians the current lags.

    :param width: radians of each half-cycle in which the current flows, as half a cosine: π is a sine.
    """

    volts: float = 0.0
    amperes: float = 0.0
    hertz: float = 0.0
    lag: float = 0.0
    width: float = math.pi

    @property
    def peak_current(self) -> float:
        """The highest current in A."""
        return self.amperes * math.sqrt(2.0 * math.pi / self.width)

    def current(self, angle: float) -> float:
        """Return the current in A at this angle of the voltage, which rises through zero at 0."""
        half, inside = divmod(angle - self.lag, math.pi)
        part = (inside - math.pi / 2) * math.pi / self.width
        height = self.peak_current * math.cos(part) if abs(part) <= math.pi / 2 else 0.0
        return height if half % 2 == 0 else -height


class Scope:
    """Captures while it runs; its data stays when it is stopped.

    :param look: returns what the terminals carry now.
    """

    def __init__(self, look: Callable[[], Picture]) -> None:
        self._look = look
        self.reset()

    def reset(self) -> None:
        """Go back to the values of ``*RST``: running, triggered by rising voltage."""
        self._settings = _Settings()
        self._running = True
        self._picture = Picture()

    def commands(self) -> Commands:
        """Return the commands under ``WAVE``, and the analysis of the voltage."""

        def settings() -> _Settings:
            return self._settings

        trigger = "WAVE:TRIGger"
        return {
            "WAVE:RUN": action(self._run),
            "WAVE:STOP": action(self._stop),
            "WAVE:SINGle": action(self._stop),
            "WAVE:VOLTage:DATA?": Command(lambda: self._points(current=False)),
            "WAVE:CURRent:DATA?": Command(lambda: self._points(current=True)),
            f"{trigger}:STATe?": Command(self._state),
            **choice_setting(f"{trigger}:SOURce", Choice("VOLTage", "CURRent"), settings, "source"),
            **choice_setting(f"{trigger}:SLOPe", Choice("POSitive", "NEGative", "ANY"), settings, "slope"),
            **choice_setting(f"{trigger}:MODE", Choice("AUTO", "NORMal"), settings, "mode"),
            **number_setting(f"{trigger}:VOLTage[:LEVel]", VOLTAGE_LEVEL, settings, "voltage_level"),
            **number_setting(f"{trigger}:CURRent[:LEVel]", CURRENT_LEVEL, settings, "current_level"),
            **number_setting(f"{trigger}:DELay[:TIME]", DELAY, settings, "delay"),
            **number_setting(f"{trigger}:DIVTime", DIVISION, settings, "division"),
            "MEASure:VOLTage:THDistort?": Command(lambda: scientific(0.0)),
            "MEASure:VOLTage:HARMonic[:AMPLitude]?": Command(self._harmonics),
        }

    def _run(self) -> None:
        self._running = True

    def _stop(self) -> None:
        """Keep one last capture, if there is something that triggers it."""
        self._capture()
        self._running = False

    def _capture(self) -> None:
        picture = self._look()
        if self._settings.mode == "AUTO" or self._trigger(picture) is not None:
            self._picture = picture

    def _state(self) -> str:
        """Answer in the words of a sibling (IT9121): with a question mark while it waits for a trigger."""
        if not self._running:
            return "Stop"
        word = "Auto" if self._settings.mode == "AUTO" else "Trig"
        return word if self._trigger(self._look()) is not None else f"{word}?"

    def _trigger(self, picture: Picture) -> float | None:
        """Return the angle of the voltage at which the trigger's level is crossed; None if it never is."""
        settings = self._settings
        of_current = settings.source == "CURR"
        peak = picture.peak_current if of_current else math.sqrt(2.0) * picture.volts
        level = settings.current_level if of_current else settings.voltage_level
        if peak == 0.0 or abs(level) > peak:
            return None
        lag, width = (picture.lag, picture.width) if of_current else (0.0, math.pi)
        # from the middle of the half-cycle that has this level to where it is crossed
        reach = width / math.pi * math.acos(abs(level) / peak)
        falling = settings.slope == "NEG"
        middle = lag + math.pi / 2 if level >= 0 else lag + (1.5 if falling else -0.5) * math.pi
        return middle + (reach if falling is (level >= 0) else -reach)

    def _points(self, *, current: bool) -> str:
        if self._running:
            self._capture()
        picture, settings = self._picture, self._settings
        begin = self._trigger(picture) or 0.0
        omega = 2.0 * math.pi * picture.hertz
        step = 10.0 * settings.division / POINTS
        angles = (begin + omega * (settings.delay + number * step) for number in range(POINTS))
        if current:
            return ",".join(scientific(picture.current(angle)) for angle in angles)
        return ",".join(scientific(math.sqrt(2.0) * picture.volts * math.sin(angle)) for angle in angles)

    def _harmonics(self) -> str:
        return ",".join(scientific(volts) for volts in (self._look().volts, *[0.0] * (HARMONICS - 1)))
