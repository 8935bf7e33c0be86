"""A virtual Yokogawa WT310E power meter: its dialect over readings that the plant supplies.

Facts are from the transcript and research/scpi.md: numbers in NR3 with an exponent of a multiple of 3, ``NAN`` for no
data and ``INF`` beyond 140 % of a range, headers in replies unless ``:COMM:HEAD OFF``, error numbers without a minus.
Unverified and ours: the power-on values, no energy (``NAN``) while the integrator is reset, and the texts of errors.
``:COMM:WAIT`` holds up what comes behind it until the event, also in lockstep: the reply comes when virtual time has
got there. An interval of 0.25 s takes two and three periods of 0.1 s of the plant by turns. The RS-232 interface of
the real one is a PTY here; its raw socket is a convenience of the bench that the real one does not have.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hil.vbench.instruments.wt310e.integration import Integration
from hil.vbench.instruments.wt310e.numeric import NumericData
from hil.vbench.instruments.wt310e.ranges import PEAK
from hil.vbench.instruments.wt310e.replies import Averager, ExtendedEvents, Reading, engineering
from hil.vbench.instruments.wt310e.settings import (
    RATES,
    Settings,
    computing_commands,
    display_commands,
    input_commands,
    panel_commands,
    system_commands,
)
from hil.vbench.instruments.wt310e.smoothing import Smoothing
from hil.vbench.io.front_panel import FrontPanel
from hil.vbench.plant.instrument_errors import ALL_DRAWN, AccuracyClass, GivenErrors, MeterErrors
from hil.vbench.plant.terminals import Pause
from hil.vbench.scpi.engine import Commands, ScpiEngine, action, boolean_setting, integer_setting
from hil.vbench.scpi.headers import Headers
from hil.vbench.scpi.parameters import Choice, Command, Integer, Steps
from hil.vbench.scpi.status import quoted

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.vbench.plant.terminals import MeterSample

IDENTITY: Final = "YOKOGAWA,WT310E,C3XX12345E,F1.04"
ACCURACY: Final = AccuracyClass(of_reading=1e-3, of_range=5e-4, drawn_gain=8e-4, of_reactive=1e-3)
"""Voltage, current and power, 45 to 66 Hz: 0.1 % of reading + 0.05 % of range; 0.1 % of reactive power (manual)."""

TRANSITIONS: Final = Choice("RISE", "FALL", "BOTH", "NEVer")
GROUPS: Final = (
    "[INPut:]VOLTage",
    "[INPut:]CURRent",
    "[INPut:]FILTer",
    "[INPut:]SCALing",
    "INPut",
    "MEASure:AVERaging",
    "MEASure",
    "INTEGrate",
    "SAMPle",
    "COMMunicate",
    "STATus",
    "SYSTem",
)
"""Groups whose settings one question asks for."""

REGISTER: Final = Integer(0, 65_535)


@dataclass
class Kept:
    """What a reset leaves alone."""

    command_set: str = "WT300E"
    keys_locked: bool = False
    messages: bool = True
    """Whether the error queue tells the text of an error, not its number alone."""
    queued: bool = True
    overlapping: int = 0
    awaited: int = 0
    """Which commands overlap, and for which of them ``*OPC`` waits; none takes time here."""


class Wt310e:
    """Yokogawa WT310E on RS-232, or on a raw socket.

    :param now: returns the present instant in seconds of virtual time; opens and closes the integrator's gate.
    """

    on_serial = True
    """The bench gives it a PTY beside the raw socket."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.panel = FrontPanel()
        self._settings = Settings()
        self._kept = Kept()
        self._headers = Headers()
        self._events = ExtendedEvents()
        self._errors = MeterErrors("", ACCURACY)
        self._averager = Averager()
        self._smoothing = Smoothing()
        self._reading: Reading | None = None
        self._single = False
        """Whether one reading is to be shown in spite of HOLD."""
        self._numeric = NumericData(self._headers, lambda: self._settings, lambda: self._reading)
        self._integration = Integration(lambda: self._settings, now, self._numeric.renew)
        self._engine = ScpiEngine(
            self._commands(),
            identity=IDENTITY,
            reset=self._reset,
            entry=self._entry,
            error_query="STATus:ERRor?",
            more_summaries=self._events.summary,
        )

    def execute(self, line: str) -> str | None:
        """Take one line; see :class:`hil.vbench.plant.terminals.VirtualInstrument`."""
        return self._engine.execute(line)

    def power_on(self, seed: str, given: GivenErrors = ALL_DRAWN) -> None:
        """Go back to the power-on state with no reading; errors that are not given follow from ``seed``."""
        self._engine.status.power_on()
        self._headers.on = self._headers.verbose = True
        self.panel.go_to_local()
        self._kept = Kept()
        self._events.power_on()
        self._errors = MeterErrors(seed, ACCURACY, given)
        self._reset()

    def update(self, sample: MeterSample) -> None:
        """Take the true values of a period of the plant; readings change at the end of each update interval."""
        averaged = self._averager.add(sample, self._settings.rate)
        if averaged is None:
            return
        settings = self._settings
        over_voltage = settings.voltage.over(averaged.voltage)
        over_current = settings.current.over(
            averaged.filling(settings.crest_factor * PEAK / settings.current.expansion)
        )
        u_range, i_range = settings.voltage.selected, settings.current.selected
        errors = self._errors
        # an rms value has no sign
        voltage = max(0.0, errors.voltage.read(averaged.voltage, u_range))
        current = max(0.0, errors.current.read(averaged.current, i_range))
        power = errors.power.read(errors.active(averaged.power, averaged.reactive), u_range * i_range)
        settings.integrator.update(averaged, power, current)
        if settings.integrator_state == "STAR" and not settings.integrator.running:
            self._integration.time_up()
        over = over_voltage or over_current
        if not settings.hold or self._single:
            self._single = False
            reading = Reading(
                None if over_voltage else voltage,
                None if over_current else current,
                None if over else power,
                averaged.frequency,
                averaged.crest_factor,
            )
            self._reading = self._smoothing.shown(reading, settings)
            self._numeric.renew()
        self._events.updated(integrating=settings.integrator.running, over=over)

    def form(self) -> None:
        """Nothing is left to do: each interval's reading may be held, averaged or announced in the status."""

    def _reset(self) -> None:
        self._settings = Settings()
        self._averager = Averager()
        self._smoothing = Smoothing()
        self._reading = None
        self._single = False
        self._numeric.renew()

    def _entry(self, code: int, message: str) -> str:
        return quoted(-code, message if code else "NO ERROR") if self._kept.messages else str(-code)

    # --- commands ----------------------------------------------------------------------------------------------

    def _commands(self) -> Commands:
        settings = self._settings_commands()
        groups = {f"{prefix}?": self._headers.group(prefix, settings) for prefix in GROUPS}
        return self._headers.wrap(settings) | groups | self._numeric.plain_commands() | self._data_commands()

    def _settings_commands(self) -> Commands:
        """Return those whose replies carry a header."""
        headers, kept = self._headers, lambda: self._kept

        def settings() -> Settings:
            return self._settings

        rate = Steps(RATES, "S")
        commands: Commands = {
            **input_commands(headers, settings),
            **computing_commands(headers, settings),
            **display_commands(headers, settings),
            **system_commands(headers, settings, kept),
            **panel_commands(self.panel),
            **self._numeric.commands(),
            "RATE": Command(self._set_rate, (rate,)),
            "RATE?": Command(lambda: engineering(self._settings.rate, 4)),
            **boolean_setting("SAMPle:HOLD", settings, "hold"),
            "SAMPle:RATE": Command(self._set_rate, (rate,)),
            "SAMPle:RATE?": Command(lambda: engineering(self._settings.rate, 4)),
            **self._integration.settings_commands(headers),
            **boolean_setting("HOLD", settings, "hold"),
            **boolean_setting("COMMunicate:HEADer", lambda: headers, "on"),
            **boolean_setting("COMMunicate:VERBose", lambda: headers, "verbose"),
            **integer_setting("COMMunicate:OVERlap", REGISTER, kept, "overlapping"),
            **integer_setting("COMMunicate:OPSE", REGISTER, kept, "awaited"),
            "STATus:EESE": Command(lambda mask: setattr(self._events, "enable", mask), (REGISTER,)),
            "STATus:EESE?": Command(lambda: str(self._events.enable)),
            "STATus:FILTer<1-16>": Command(self._events.set_filter, (TRANSITIONS,)),
            "STATus:FILTer<1-16>?": Command(lambda n: headers.character(TRANSITIONS, self._events.filters[n - 1])),
            **boolean_setting("STATus:QENable", kept, "queued"),
            **boolean_setting("STATus:QMESsage", kept, "messages"),
        }
        forbidden = ("[INPut:]", "RATE", "SAMPle:RATE", "INTEGrate", "MEASure")
        return {
            pattern: command
            if pattern.endswith("?")
            else self._renewing(command, forbidden=pattern.startswith(forbidden))
            for pattern, command in commands.items()
        }

    def _data_commands(self) -> Commands:
        """Return those without a reply, and those whose reply never carries a header."""
        events = self._events
        return {
            **self._integration.plain_commands(self._headers),
            "COMMunicate:OPSR?": Command(lambda: "0"),
            "COMMunicate:WAIT": Command(self._wait, (REGISTER,)),
            "COMMunicate:WAIT?": Command(lambda mask: self._wait(mask, "1"), (REGISTER,)),
            "STATus:CONDition?": Command(lambda: str(events.condition)),
            "STATus:EESR?": Command(events.read),
            "STATus:SPOLl?": Command(lambda: str(self._engine.status.status_byte())),
            "*TRG": action(self._trigger),
            "*CAL?": Command(self._calibrate),
        }

    def _renewing(self, command: Command, *, forbidden: bool) -> Command:
        """Return a setting after which values are formed anew; ``forbidden`` while integration runs, if it is."""

        def act(*arguments: object) -> None:
            if forbidden:
                self._integration.refuse_while_running()
                self._smoothing.forget()
            command.handler(*arguments)
            self._numeric.renew()

        return Command(act, command.parameters, command.required, command.most)

    def _wait(self, mask: int, reply: str | None = None) -> str | None:
        if not self._events.any_of(mask):
            raise Pause(lambda: self._events.any_of(mask), reply)
        return reply

    def _trigger(self) -> None:
        """``*TRG``: the next reading is shown in spite of HOLD, as by the key SINGLE."""
        self._single = True

    def _calibrate(self) -> str:
        """``*CAL?``: compensate the zero level of the inputs, whatever is at their terminals; it succeeds."""
        self._integration.refuse_while_running()
        self._errors.compensate()
        return "0"

    def _set_rate(self, seconds: float) -> None:
        self._settings.rate = seconds
        self._averager = Averager()
