"""A virtual R&S HMC8015 power analyzer: its SCPI dialect over readings that the plant supplies.

Facts are from research/scpi.md and from the maker's own client examples and instrument driver (channel functions,
default list, ten cells of a page, ``CHAN1:MEAS:FORM ASC``). Unverified and ours: numbers are written as
``2.3012E+02``; ``INT:STAR`` switches the integrator on; ``INT:RES`` also stops it.
Its errors: :mod:`hil.vbench.plant.instrument_errors`. Readings change only with ``update`` (10 Hz).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from hil.vbench.instruments.hmc8015.replies import FUNCTIONS, VALUES
from hil.vbench.plant.instrument_errors import ALL_DRAWN, AccuracyClass, GivenErrors, MeterErrors
from hil.vbench.scpi.engine import (
    Commands,
    ScpiEngine,
    action,
    boolean_setting,
    choice_setting,
    integer_setting,
    number_setting,
    scientific,
)
from hil.vbench.scpi.metering import (
    CURRENT_RANGES,
    VOLTAGE_RANGES,
    Integrator,
    Ranging,
    Reading,
    quantise,
)
from hil.vbench.scpi.parameters import Boolean, Bound, Choice, Command, Integer, Number, Text
from hil.vbench.scpi.status import ScpiError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.vbench.plant.terminals import MeterSample

IDENTITY: Final = "Rohde&Schwarz,HMC8015,043506929,01.403"

ACCURACY: Final = AccuracyClass(of_reading=5e-4, of_range=5e-4, drawn_gain=3e-4)
"""Voltage, current and power: 0.05 % of reading + 0.05 % of range (research page: basic accuracy 0.05 %, u)."""

OVER_VOLTAGE: Final = 1 << 0
OVER_CURRENT: Final = 1 << 1
"""Bits of the QUEStionable register (HMC8012, SCPI Programmers Manual: b)."""

_DEFAULT_FUNCTIONS: Final = ("URMS", "IRMS", "P", "FPLL", "URAN", "IRAN", "S", "Q", "LAMB", "PHI")
_MOST_FUNCTIONS: Final = 10


@dataclass
class _Settings:
    """Everything that ``*RST`` brings back to its power-on value."""

    mode: str = "AUTO"
    voltage: Ranging = field(default_factory=lambda: Ranging(VOLTAGE_RANGES))
    current: Ranging = field(default_factory=lambda: Ranging(CURRENT_RANGES))
    functions: tuple[str, ...] = _DEFAULT_FUNCTIONS
    page: int = 1
    page_size: int = 10
    data_format: str = "ASC"
    integrator: Integrator = field(default_factory=Integrator)
    integrator_on: bool = False
    integrator_mode: str = "MAN"
    integrator_duration: float = 60.0
    log_mode: str = "UNL"
    log_interval: float = 0.1
    log_duration: float = 60.0
    log_count: int = 1000
    log_page: int = 1
    text: str = ""


class Hmc8015:
    """R&S HMC8015 on a raw socket.

    :param now: returns the present instant in seconds of virtual time; opens and closes the integrator's gate.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._settings = _Settings()
        self._errors = MeterErrors("", ACCURACY)
        self._sample: MeterSample | None = None
        """The newest true values, of which no reading has been formed yet."""
        self._reading: Reading | None = None
        self._data: str | None = None
        self._engine = ScpiEngine(self._commands(), identity=IDENTITY, reset=self._reset, questionable=True)

    def execute(self, line: str) -> str | None:
        """Take one line; see :class:`hil.vbench.plant.terminals.VirtualInstrument`."""
        if self._sample is not None:
            self.form()
        return self._engine.execute(line)

    def power_on(self, seed: str, given: GivenErrors = ALL_DRAWN) -> None:
        """Go back to the power-on state with no reading; errors that are not given follow from ``seed``."""
        self._engine.status.power_on()
        self._errors = MeterErrors(seed, ACCURACY, given)
        self._sample = self._reading = None
        self._reset()

    def update(self, sample: MeterSample) -> None:
        """Take the true values of the period that just ended; readings show them from now on."""
        settings = self._settings
        # a range that is chosen automatically is that of the last reading here: an integrator wants fixed ones
        u_range, i_range = settings.voltage.selected, settings.current.selected
        power = self._errors.power.steady(sample.power, u_range * i_range)
        settings.integrator.update(sample, power, self._errors.current.steady(sample.current, i_range))
        self._sample = sample

    def form(self) -> None:
        """Form the reading of the newest sample, if it was not formed yet."""
        sample, self._sample = self._sample, None
        if sample is None:
            return
        settings = self._settings
        over_voltage = settings.voltage.overloaded(abs(sample.voltage))
        over_current = settings.current.overloaded(abs(sample.current))
        self._engine.status.questionable.condition = over_voltage * OVER_VOLTAGE | over_current * OVER_CURRENT
        u_range, i_range = settings.voltage.selected, settings.current.selected
        errors = self._errors
        # an rms value has no sign
        voltage = max(0.0, errors.voltage.read(sample.voltage, u_range))
        current = max(0.0, errors.current.read(sample.current, i_range))
        power = errors.power.read(sample.power, u_range * i_range)
        self._reading = Reading(
            None if over_voltage else quantise(voltage, u_range),
            None if over_current else quantise(current, i_range),
            None if over_voltage or over_current else quantise(power, u_range * i_range),
            sample.frequency,
        )
        self._data = None
        self._all_values()

    def _reset(self) -> None:
        self._settings = _Settings()
        self._data = None

    # --- values ------------------------------------------------------------------------------------------------

    def _all_values(self) -> str:
        if self._data is None:
            settings = self._settings
            ranges = settings.voltage.selected, settings.current.selected
            reading, integrator = self._reading, settings.integrator
            self._data = ",".join([VALUES[name](reading, integrator, ranges) for name in settings.functions])
        return self._data

    def _values(self, number: int | None = None) -> str:
        if number is None:
            return self._all_values()
        if number > len(self._settings.functions):
            raise ScpiError(-222)
        return self._all_values().split(",")[number - 1]

    # --- commands ----------------------------------------------------------------------------------------------

    def _commands(self) -> Commands:
        channel = "CHANnel<1-1>"

        def settings() -> _Settings:
            return self._settings

        return {
            **choice_setting(f"{channel}[:ACQuire]:MODE", Choice("AUTO", "AC", "DC", "EXTern"), settings, "mode"),
            **_ranging(f"{channel}[:ACQuire]:VOLTage", "V", lambda: self._settings.voltage),
            **_ranging(f"{channel}[:ACQuire]:CURRent", "A", lambda: self._settings.current),
            f"{channel}:MEASurement:FUNCtion": Command(self._set_functions, (FUNCTIONS,), most=_MOST_FUNCTIONS),
            f"{channel}:MEASurement:FUNCtion?": Command(lambda: ",".join(self._settings.functions)),
            f"{channel}:MEASurement:DATA?": Command(self._values, (Integer(1, _MOST_FUNCTIONS),), required=0),
            **choice_setting(f"{channel}:MEASurement:FORMat", Choice("ASCii"), settings, "data_format"),
            "VIEW:NUMeric:PAGE<1-1>:CELL<1-10>:FUNCtion": Command(self._set_cell, (FUNCTIONS,)),
            "VIEW:NUMeric:PAGE<1-1>:CELL<1-10>:FUNCtion?": Command(self._cell),
            **integer_setting("VIEW:NUMeric[:SHOW]", Integer(1, 4), settings, "page"),
            **integer_setting("VIEW:NUMeric:PAGE<1-1>:SIZE", Integer(6, 10), settings, "page_size"),
            "INTegrator[:STATe]": Command(self._switch_integrator, (Boolean(),)),
            "INTegrator[:STATe]?": Command(lambda: "1" if self._settings.integrator_on else "0"),
            **choice_setting(
                "INTegrator:MODE", Choice("MANual", "DURation", "SPAN", "EXTern"), settings, "integrator_mode"
            ),
            **number_setting("INTegrator:DURation", Number(1, 345_600, 60, "S"), settings, "integrator_duration"),
            "INTegrator:RESet": action(self._reset_integrator),
            "INTegrator:STARt": action(self._start_integrator),
            "INTegrator:STOP": action(lambda: self._settings.integrator.stop(self._now())),
            **choice_setting(
                "LOG:MODE", Choice("UNLimited", "COUNt", "TIME", "DURation", "SPAN"), settings, "log_mode"
            ),
            **number_setting("LOG:INTerval", Number(0.1, 600, 0.1, "S"), settings, "log_interval"),
            **number_setting("LOG:DURation", Number(1, 345_600, 60, "S"), settings, "log_duration"),
            **integer_setting("LOG:COUNt", Integer(1, 100_000), settings, "log_count"),
            **integer_setting("LOG:PAGE", Integer(1, 4), settings, "log_page"),
            "LOG:STATe": Command(_switch_log, (Boolean(),)),
            "LOG:STATe?": Command(lambda: "0"),
            "DISPlay:TEXT[:DATA]": Command(self._show, (Text(100),)),
            "DISPlay:TEXT[:DATA]?": Command(lambda: '"' + self._settings.text.replace('"', '""') + '"'),
            "DISPlay:TEXT:CLEar": action(lambda: self._show("")),
            "SYSTem:VERSion?": Command(lambda: "1999.0"),
            # there is no front panel that could be locked
            "SYSTem:REMote": action(lambda: None),
            "SYSTem:RWLock": action(lambda: None),
            "SYSTem:LOCal": action(lambda: None),
        }

    def _set_functions(self, *names: str) -> None:
        self._settings.functions = names
        self._data = None

    def _set_cell(self, cell: int, name: str) -> None:
        """Page 1 and ``MEAS:FUNC`` are one list: the maker's examples set cells, then read ``MEAS:DATA?``."""
        functions = list(self._settings.functions) + ["EMPT"] * (_MOST_FUNCTIONS - len(self._settings.functions))
        functions[cell - 1] = name
        while functions[-1] == "EMPT" and len(functions) > 1:
            functions.pop()
        self._set_functions(*functions)

    def _cell(self, cell: int) -> str:
        functions = self._settings.functions
        return functions[cell - 1] if cell <= len(functions) else "EMPT"

    def _show(self, text: str) -> None:
        self._settings.text = text

    def _switch_integrator(self, on: bool) -> None:
        self._settings.integrator_on = on
        if not on:
            self._settings.integrator.stop(self._now())

    def _start_integrator(self) -> None:
        settings = self._settings
        if settings.integrator_mode in {"SPAN", "EXT"}:
            raise ScpiError(-221, "no calendar and nothing at the trigger input")
        settings.integrator.duration = settings.integrator_duration if settings.integrator_mode == "DUR" else None
        settings.integrator.start(self._now())
        settings.integrator_on = True

    def _reset_integrator(self) -> None:
        self._settings.integrator.reset()
        self._data = None


def _switch_log(on: bool) -> None:
    if on:
        raise ScpiError(-252, "no USB stick and no internal memory")


def _ranging(pattern: str, unit: str, ranging: Callable[[], Ranging]) -> Commands:
    """Return range, auto-range and crest factor of one input."""
    ends = ranging().ranges
    number = Number(0.0, ends[-1], ends[-1], unit)

    def read(bound: float | None = None) -> str:
        return scientific(ranging().selected if bound is None else ranging().smallest(bound))

    return {
        f"{pattern}:RANGe": Command(lambda value: ranging().select(value), (number,)),
        f"{pattern}:RANGe?": Command(read, (Bound(number),), required=0),
        **boolean_setting(f"{pattern}:RANGe:AUTO", ranging, "auto"),
        f"{pattern}:CFACtor": Command(lambda value: _set_crest_factor(ranging(), value), (Integer(3, 6),)),
        f"{pattern}:CFACtor?": Command(lambda: str(ranging().crest_factor)),
    }


def _set_crest_factor(ranging: Ranging, value: int) -> None:
    if value not in {3, 6}:
        raise ScpiError(-224)
    ranging.crest_factor = value
