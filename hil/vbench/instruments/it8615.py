"""A virtual ITECH IT8615 AC/DC load: its SCPI dialect over the plant's electronic load.

Facts are from research/scpi.md and from public clients of the real unit (order of the 19 fields of ``MEAS?``,
``…:LEV:IMM:AMPL? MIN|MAX``, ``PFACTOR``). 1.8 kVA is from the research page; the other limits below are from memory
of the series' data sheet and unverified. Read-backs have five significant digits and the load's own gain error
(:mod:`hil.vbench.plant.instrument_errors`). Constant power is active power (u). Of power and crest factor the one
without priority gives way (:mod:`hil.vbench.instruments.it8615_waveform`); a query answers what was set. The plant is
230 V AC, so DC with the input on is refused with -221; so is constant voltage, which is for DC only (u). Errors are
written as SCPI-99 has them: no source tells how the real unit writes them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from hil.vbench.instruments.it8615_scope import Picture, Scope
from hil.vbench.instruments.it8615_waveform import HIGHEST_CREST_FACTOR, peak_power, played, pulse
from hil.vbench.instruments.load_base import GuardedLoad, GuardedSettings, LoadFront
from hil.vbench.plant.waveform import SINE
from hil.vbench.scpi.engine import Commands, ScpiEngine, action, choice_setting, number_setting, scientific
from hil.vbench.scpi.parameters import Boolean, Bound, Choice, Command, Number
from hil.vbench.scpi.protection import Protection, protection_commands
from hil.vbench.scpi.status import ScpiError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.vbench.plant.terminals import ElectronicLoadState, LoadMode

IDENTITY: Final = "ITECH,IT8615,KN34243232,01.00"

CURRENT: Final = Number(0.0, 20.0, 0.0, "A")
RESISTANCE: Final = Number(2.5, 2500.0, 2500.0, "OHM")
POWER: Final = Number(0.0, 1800.0, 0.0, "W")
VOLTAGE: Final = Number(7.5, 600.0, 600.0, "V")
"""Of constant voltage on DC (u)."""
POWER_FACTOR: Final = Number(0.0, 1.0, 1.0)
CREST_FACTOR: Final = Number(1.41, HIGHEST_CREST_FACTOR, 1.41)
FREQUENCIES: Final = (45.0, 450.0)
"""Hz; outside the frequency cannot be measured."""

NO_VALUE: Final = "NaN"
"""Spelt as on the research page."""


@dataclass
class _Settings(GuardedSettings):
    """What ``*RST`` brings back to power-on values, besides the plant's set-points."""

    system_mode: str = "AC"
    power_factor: float = POWER_FACTOR.default
    crest_factor: float = CREST_FACTOR.default
    priority: str = "PF"
    voltage: float = VOLTAGE.default
    voltage_current_limit: float = CURRENT.maximum
    """A in constant voltage."""
    current_protection: Protection = field(default_factory=lambda: Protection("over current", CURRENT.maximum))
    power_protection: Protection = field(default_factory=lambda: Protection("over power", POWER.maximum))
    tripped: bool = False


class It8615(GuardedLoad):
    """ITECH IT8615 on a raw socket.

    :param state: the plant's side of the load.
    :param now: returns the present instant in seconds, for the delay of protections; without it they act at once.

    Current and apparent power are limited by the plant's power stage.
    """

    largest_voltage = 420.0  # rms

    def __init__(self, state: ElectronicLoadState, now: Callable[[], float] | None = None) -> None:
        self._state = state
        self._front = LoadFront(state, CURRENT, RESISTANCE, POWER)
        self._now = now
        self._settings: _Settings = _Settings()
        self._scope = Scope(self._picture)
        self._engine = ScpiEngine(
            self._commands(),
            identity=IDENTITY,
            reset=self._reset,
            questionable=True,
        )
        self._reset()

    def _trip(self, reason: str) -> None:
        self._settings.tripped = True
        super()._trip(reason)

    def _reset(self) -> None:
        self._settings = _Settings()
        self._scope.reset()
        self._state.waveform = SINE
        self._front.reset(self._engine.status)

    # --- commands ----------------------------------------------------------------------------------------------

    def _commands(self) -> Commands:
        def settings() -> _Settings:
            return self._settings

        level = "[:LEVel][:IMMediate][:AMPLitude]"
        return {
            "SYSTem:MODE": Command(self._set_system_mode, (Choice("AC", "DC"),)),
            "SYSTem:MODE?": Command(lambda: self._settings.system_mode),
            **choice_setting("SYSTem:CFPF:PRIority", Choice("PF", "CF"), settings, "priority"),
            "SYSTem:CFPF:PRIority": Command(self._shaping("priority"), (Choice("PF", "CF"),)),
            "[SOURce:]FUNCtion": Command(
                self._set_function, (Choice("CURRent", "RESistance", "VOLTage", "POWer", "SHORt"),)
            ),
            "[SOURce:]FUNCtion?": Command(lambda: self._settings.function),
            **number_setting(f"[SOURce:]VOLTage{level}", VOLTAGE, settings, "voltage"),
            **number_setting("[SOURce:]CURRent:LIMit[:LEVel]:CV", CURRENT, settings, "voltage_current_limit"),
            "INPut:SHORt[:STATe]": Command(self._short, (Boolean(),)),
            "INPut:SHORt[:STATe]?": Command(lambda: str(int(self._settings.shorted))),
            "INPut:SHORt:FUNCtion": Command(self._short, (Boolean(),)),
            "INPut:SHORt:FUNCtion?": Command(lambda: str(int(self._settings.shorted))),
            **self._set_point(f"[SOURce:]CURRent{level}", CURRENT, "current"),
            **self._set_point(f"[SOURce:]RESistance{level}", RESISTANCE, "resistance"),
            **self._set_point(f"[SOURce:]POWer{level}", POWER, "power"),
            **number_setting(f"[SOURce:]PFACtor{level}", POWER_FACTOR, settings, "power_factor"),
            f"[SOURce:]PFACtor{level}": Command(self._shaping("power_factor"), (POWER_FACTOR,)),
            **number_setting(f"[SOURce:]CFACtor{level}", CREST_FACTOR, settings, "crest_factor"),
            f"[SOURce:]CFACtor{level}": Command(self._shaping("crest_factor"), (CREST_FACTOR,)),
            "INPut[:STATe]": Command(self._switch_input, (Boolean(),)),
            "INPut[:STATe]?": Command(lambda: "1" if self._state.input_on else "0"),
            **protection_commands("[SOURce:]CURRent:PROTection", CURRENT, lambda: self._settings.current_protection),
            **protection_commands("[SOURce:]POWer:PROTection", POWER, lambda: self._settings.power_protection),
            "[INPut:]PROTection:CLEar": action(self._clear_protection),
            "MEASure?": Command(self._measure_all),
            "MEASure:VOLTage[:RMS]?": Command(lambda: scientific(self._state.reading()[0])),
            "MEASure:CURRent[:RMS]?": Command(lambda: scientific(self._state.reading()[1])),
            "MEASure:CURRent:CFACtor?": Command(lambda: scientific(self._shape()[0])),
            "MEASure:POWer[:ACTive]?": Command(lambda: scientific(self._state.reading()[2])),
            "MEASure:POWer:APParent?": Command(lambda: scientific(self._shape()[2])),
            "MEASure:POWer:REACtive?": Command(lambda: scientific(self._shape()[3])),
            "MEASure:POWer:PFACtor?": Command(lambda: scientific(self._shape()[1])),
            "MEASure:FREQuency?": Command(self._frequency),
            "MEASure:VOLTage:DC?": Command(lambda: scientific(0.0)),
            "MEASure:CURRent:DC?": Command(lambda: scientific(0.0)),
            **self._scope.commands(),
            # there is no front panel that could be locked
            "SYSTem:REMote": action(lambda: None),
            "SYSTem:RWLock": action(lambda: None),
            "SYSTem:LOCal": action(lambda: None),
            "SYSTem:VERSion?": Command(lambda: "1999.0"),
        }

    def _set_point(self, pattern: str, number: Number, attribute: str) -> Commands:
        def read(bound: float | None = None) -> str:
            return scientific(getattr(self._state, attribute) if bound is None else bound)

        return {
            pattern: Command(lambda value: self._front.set(**{attribute: value}), (number,)),
            f"{pattern}?": Command(read, (Bound(number),), required=0),
        }

    def _set_system_mode(self, mode: str) -> None:
        """A change of AC to DC or back opens the input, so that nothing runs on under the wrong control."""
        if mode != self._settings.system_mode:
            self._settings.system_mode = mode
            self._front.set(input_on=False)
            if mode == "AC" and self._settings.function == "VOLT":
                self._set_function("CURR")

    def _set_function(self, name: LoadMode) -> None:
        if name == "VOLT" and self._settings.system_mode == "AC":
            raise ScpiError(-221, "constant voltage on AC mains")
        super()._set_function(name)

    def _shaping(self, setting: str) -> Callable[..., None]:
        """Return what takes a setting of power factor, crest factor or their priority, and shapes the current."""

        def take(value: object) -> None:
            settings = self._settings
            setattr(settings, setting, value)
            self._front.set(waveform=played(settings.power_factor, settings.crest_factor, settings.priority))

        return take

    def _switch_input(self, on: bool) -> None:
        if on and self._settings.tripped:
            raise ScpiError(-221, "protection tripped, clear it first")
        if on and self._settings.system_mode == "DC":
            raise ScpiError(-221, "DC on AC mains")
        self._front.set(input_on=on)

    def _clear_protection(self) -> None:
        self._settings.tripped = False
        self._engine.status.questionable.condition = 0
        self._settings.current_protection.above_since = None
        self._settings.power_protection.above_since = None

    def _picture(self) -> Picture:
        volts, amperes, _, hertz = self._state.reading()
        return Picture(volts, amperes, hertz, *pulse(self._state.waveform)) if amperes else Picture(volts, 0.0, hertz)

    def _frequency(self) -> str:
        frequency = self._state.reading()[3]
        return scientific(frequency) if FREQUENCIES[0] <= frequency <= FREQUENCIES[1] else NO_VALUE

    def _shape(self) -> tuple[float, float, float, float]:
        """Return crest factor, power factor, apparent (VA) and reactive power (var); 0 without current."""
        volts, amperes, watts, _ = self._state.reading()
        apparent = volts * amperes
        factor = max(-1.0, min(1.0, watts / apparent)) if apparent else 0.0
        crest = self._state.waveform.crest_factor if amperes else 0.0
        return crest, factor, apparent, apparent * math.sqrt(1.0 - factor * factor)

    def _measure_all(self) -> str:
        """Return the 19 fields of ``MEAS?`` in the real unit's order, each followed by a comma.

        Currents, voltages and powers without DC; no harmonics, no timing mode, 25 °C inside.
        """
        volts, amperes, watts, _ = self._state.reading()
        crest, factor, apparent, reactive = self._shape()
        peak_current, peak_voltage = amperes * crest, volts * math.sqrt(2.0)
        current = (0.0, amperes, peak_current, peak_current, -peak_current)
        voltage = (0.0, volts, peak_voltage)
        power = (watts, apparent, reactive, peak_power(self._state.waveform, apparent))
        before = [scientific(field) for field in (*current, *voltage, *power)]
        after = [scientific(field) for field in (crest, factor, 0.0, 0.0, 25.0)]
        ohms = scientific(volts / amperes) if amperes else NO_VALUE
        return ",".join([*before, ohms, self._frequency(), *after, ""])
