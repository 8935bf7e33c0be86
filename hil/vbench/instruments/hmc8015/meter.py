"""A virtual R&S HMC8015 power analyzer: its SCPI dialect over readings that the plant supplies.

Facts are from research/scpi.md and from the maker's own client examples and instrument driver (channel functions,
default list, ten cells of a page, ``CHAN1:MEAS:FORM ASC``). Unverified and ours: numbers are written as
``2.3012E+02``; ``INT:STAR`` switches the integrator on; ``INT:RES`` also stops it.
Its errors: :mod:`hil.vbench.plant.instrument_errors`. Readings change only with ``update`` (10 Hz).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hil.vbench.instruments.hmc8015.calendar import Calendar
from hil.vbench.instruments.hmc8015.files import Files
from hil.vbench.instruments.hmc8015.input import panel_commands, ranging_commands
from hil.vbench.instruments.hmc8015.log import Log
from hil.vbench.instruments.hmc8015.picture import HEIGHT, WIDTH, Shown, draw
from hil.vbench.instruments.hmc8015.replies import FUNCTIONS, VALUES, as_block
from hil.vbench.instruments.hmc8015.settings import MOST_FUNCTIONS, PAGES, Settings
from hil.vbench.io.front_panel import FrontPanel
from hil.vbench.plant.instrument_errors import ALL_DRAWN, AccuracyClass, GivenErrors, MeterErrors
from hil.vbench.scpi.engine import (
    Commands,
    ScpiEngine,
    action,
    boolean_setting,
    choice_setting,
    integer_setting,
    number_setting,
)
from hil.vbench.scpi.metering import Reading, quantise
from hil.vbench.scpi.parameters import Boolean, Choice, Command, Integer, Number, Text
from hil.vbench.scpi.replies import block
from hil.vbench.scpi.status import ScpiError, string

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.vbench.plant.terminals import MeterSample

IDENTITY: Final = "Rohde&Schwarz,HMC8015,043506929,01.403"

ACCURACY: Final = AccuracyClass(of_reading=5e-4, of_range=5e-4, drawn_gain=3e-4, of_reactive=1e-3)
"""Voltage, current and power: 0.05 % of reading + 0.05 % of range (research page: basic accuracy 0.05 %, u). 0.1 % of
reactive power is the WT310E's (u)."""

OVER_VOLTAGE: Final = 1 << 0
OVER_CURRENT: Final = 1 << 1
"""Bits of the QUEStionable register (HMC8012, SCPI Programmers Manual: b)."""


class Hmc8015:
    """R&S HMC8015 on a raw socket.

    :param now: returns the present instant in seconds of virtual time; opens and closes the integrator's gate.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.panel = FrontPanel()
        self._settings = Settings()
        self._calendar = Calendar(now)
        self._files = Files()
        self._log = Log(lambda: self._settings, self._files, self._calendar, now, self._written, self._fail)
        self._errors = MeterErrors("", ACCURACY)
        self._sample: MeterSample | None = None
        """The newest true values, of which no reading has been formed yet."""
        self._reading: Reading | None = None
        self._data: str | None = None
        self._engine = ScpiEngine(
            self._commands(), identity=IDENTITY, reset=self._reset, questionable=True, operation=True
        )

    def execute(self, line: str) -> str | None:
        """Take one line; see :class:`hil.vbench.plant.terminals.VirtualInstrument`."""
        if self._sample is not None:
            self.form()
        return self._engine.execute(line)

    def power_on(self, seed: str, given: GivenErrors = ALL_DRAWN) -> None:
        """Go back to the power-on state with no reading; errors that are not given follow from ``seed``."""
        self._engine.status.power_on()
        self.panel.go_to_local()
        self._calendar.power_on()
        self._files.power_on()
        self._errors = MeterErrors(seed, ACCURACY, given)
        self._sample = self._reading = None
        self._reset()

    def update(self, sample: MeterSample) -> None:
        """Take the true values of the period that just ended; readings show them from now on."""
        settings = self._settings
        # a range that is chosen automatically is that of the last reading here: an integrator wants fixed ones
        u_range, i_range = settings.voltage.selected, settings.current.selected
        power = self._errors.power.steady(self._errors.active(sample.power, sample.reactive), u_range * i_range)
        settings.integrator.update(sample, power, self._errors.current.steady(sample.current, i_range))
        self._sample = sample
        if self._log.running:
            self.form()
            self._log.record(sample.t)

    def form(self) -> None:
        """Form the reading of the newest sample, if it was not formed yet."""
        sample, self._sample = self._sample, None
        if sample is None:
            return
        settings = self._settings
        over_voltage = settings.voltage.overloaded(abs(sample.voltage))
        over_current = settings.current.overloaded(sample.filling(settings.current.crest_factor))
        self._engine.status.questionable.condition = over_voltage * OVER_VOLTAGE | over_current * OVER_CURRENT
        u_range, i_range = settings.voltage.selected, settings.current.selected
        errors = self._errors
        # an rms value has no sign
        voltage = max(0.0, errors.voltage.read(sample.voltage, u_range))
        current = max(0.0, errors.current.read(sample.current, i_range))
        power = errors.power.read(errors.active(sample.power, sample.reactive), u_range * i_range)
        self._reading = Reading(
            None if over_voltage else quantise(voltage, u_range),
            None if over_current else quantise(current, i_range),
            None if over_voltage or over_current else quantise(power, u_range * i_range),
            sample.frequency,
        )
        self._data = None
        self._all_values()

    def _reset(self) -> None:
        self._log.stop()
        self._settings = Settings()
        self._data = None

    def _fail(self, error: ScpiError) -> None:
        self._engine.status.report(error)

    # --- values ------------------------------------------------------------------------------------------------

    def _all_values(self) -> str:
        if self._data is None:
            self._data = ",".join(self._written(self._settings.functions))
        return self._data

    def _written(self, functions: tuple[str, ...]) -> list[str]:
        settings = self._settings
        ranges = settings.voltage.selected, settings.current.selected
        reading, integrator = self._reading, settings.integrator
        return [VALUES[name](reading, integrator, ranges) for name in functions]

    def _values(self, number: int | None = None) -> str:
        if number is not None and number > len(self._settings.functions):
            raise ScpiError(-222)
        reply = self._all_values() if number is None else self._all_values().split(",")[number - 1]
        return reply if self._settings.data_format == "ASC" else as_block(reply)

    def _picture(self) -> str:
        """``HCOPy:DATA?``: what the display shows now."""
        settings = self._settings
        functions = settings.page_functions(settings.page)[: settings.page_sizes[settings.page]]
        ranges = f"{settings.voltage.selected:g} V  {settings.current.selected:g} A"
        states = [
            "LOCKED" if self.panel.locked else "REMOTE" if self.panel.remote else "LOCAL",
            *(["INT"] if settings.integrator.running else []),
            *(["LOG"] if self._log.running else []),
        ]
        heading = f"HMC8015  {ranges}  {settings.mode}  page {settings.page}  {' '.join(states)}"
        cells = list(zip(functions, self._written(functions), strict=True))
        return block(draw(Shown(heading, cells, settings.text), settings.picture_format))

    # --- commands ----------------------------------------------------------------------------------------------

    def _commands(self) -> Commands:
        channel = "CHANnel<1-1>"

        def settings() -> Settings:
            return self._settings

        size = f"VIEW:NUMeric:PAGE<1-{PAGES}>:SIZE"
        cell = f"VIEW:NUMeric:PAGE<1-{PAGES}>:CELL<1-{MOST_FUNCTIONS}>:FUNCtion"
        return {
            **choice_setting(f"{channel}[:ACQuire]:MODE", Choice("AUTO", "AC", "DC", "EXTern"), settings, "mode"),
            **ranging_commands(f"{channel}[:ACQuire]:VOLTage", "V", lambda: self._settings.voltage),
            **ranging_commands(f"{channel}[:ACQuire]:CURRent", "A", lambda: self._settings.current),
            f"{channel}:MEASurement:FUNCtion": Command(self._set_functions, (FUNCTIONS,), most=MOST_FUNCTIONS),
            f"{channel}:MEASurement:FUNCtion?": Command(lambda: ",".join(self._settings.functions)),
            f"{channel}:MEASurement:FUNCtion:COUNt?": Command(lambda: str(len(self._settings.functions))),
            f"{channel}:MEASurement:DATA?": Command(self._values, (Integer(1, MOST_FUNCTIONS),), required=0),
            **choice_setting(f"{channel}:MEASurement:FORMat", Choice("ASCii", "BINary"), settings, "data_format"),
            cell: Command(self._set_cell, (FUNCTIONS,)),
            f"{cell}?": Command(self._cell),
            **integer_setting("VIEW:NUMeric[:SHOW]", Integer(1, PAGES), settings, "page"),
            size: Command(lambda page, count: settings().page_sizes.update({page: count}), (Integer(6, 10),)),
            f"{size}?": Command(lambda page: str(settings().page_sizes[page])),
            **self._integrator_commands(settings),
            **self._calendar.commands(settings),
            **self._files.commands(),
            **self._log.commands(),
            **choice_setting("HCOPy:FORMat", Choice("BMP", "PNG"), settings, "picture_format"),
            "HCOPy:SIZE:X?": Command(lambda: str(WIDTH)),
            "HCOPy:SIZE:Y?": Command(lambda: str(HEIGHT)),
            "HCOPy:DATA?": Command(self._picture),
            "DISPlay:TEXT[:DATA]": Command(self._show, (Text(100),)),
            "DISPlay:TEXT[:DATA]?": Command(lambda: string(self._settings.text)),
            "DISPlay:TEXT:CLEar": action(lambda: self._show("")),
            "SYSTem:VERSion?": Command(lambda: "1999.0"),
            **boolean_setting("SYSTem:BEEPer:STATe", settings, "beeps"),
            "SYSTem:BEEPer[:IMMediate]": action(lambda: None),
            **panel_commands(self.panel),
        }

    def _integrator_commands(self, settings: Callable[[], Settings]) -> Commands:
        modes = Choice("MANual", "DURation", "SPAN", "EXTern")
        return {
            "INTegrator[:STATe]": Command(self._switch_integrator, (Boolean(),)),
            "INTegrator[:STATe]?": Command(lambda: "1" if self._settings.integrator_on else "0"),
            **choice_setting("INTegrator:MODE", modes, settings, "integrator_mode"),
            **number_setting("INTegrator:DURation", Number(1, 345_600, 60, "S"), settings, "integrator_duration"),
            "INTegrator:RESet": action(self._reset_integrator),
            "INTegrator:STARt": action(self._start_integrator),
            "INTegrator:STOP": action(lambda: self._settings.integrator.stop(self._now())),
        }

    def _set_functions(self, *names: str) -> None:
        self._settings.functions = names
        self._data = None

    def _set_cell(self, page: int, cell: int, name: str) -> None:
        """Page 1 and ``MEAS:FUNC`` are one list: the maker's examples set cells, then read ``MEAS:DATA?``."""
        shown = self._settings.page_functions(page)
        functions = [*shown, *["EMPT"] * (MOST_FUNCTIONS - len(shown))]
        functions[cell - 1] = name
        while functions[-1] == "EMPT" and len(functions) > 1:
            functions.pop()
        if page == 1:
            self._set_functions(*functions)
        else:
            self._settings.other_pages[page] = tuple(functions)

    def _cell(self, page: int, cell: int) -> str:
        functions = self._settings.page_functions(page)
        return functions[cell - 1] if cell <= len(functions) else "EMPT"

    def _show(self, text: str) -> None:
        self._settings.text = text

    def _switch_integrator(self, on: bool) -> None:
        self._settings.integrator_on = on
        if not on:
            self._settings.integrator.stop(self._now())

    def _start_integrator(self) -> None:
        settings, begin = self._settings, self._now()
        if settings.integrator_mode == "EXT":
            raise ScpiError(-221, "nothing is at the trigger input")
        if settings.integrator_mode == "SPAN" and settings.integrator_start is not None:
            begin = max(begin, self._calendar.instant(settings.integrator_start))
        timed = settings.integrator_mode in {"DUR", "SPAN"}
        settings.integrator.duration = settings.integrator_duration if timed else None
        settings.integrator.start(begin)
        settings.integrator_on = True

    def _reset_integrator(self) -> None:
        self._settings.integrator.reset()
        self._data = None
