"""A virtual Yokogawa WT310E power meter: its dialect over readings that the plant supplies.

Facts are from the transcript and research/scpi.md: numbers in NR3 with an exponent of a multiple of 3, ``NAN`` for no
data and ``INF`` beyond 140 % of a range, headers in replies unless ``:COMM:HEAD OFF``, error numbers without a minus.
Unverified and ours: the power-on values, no energy (``NAN``) while the integrator is reset, and the texts of errors.
``:COMM:WAIT`` holds up what comes behind it until the event, also in lockstep: the reply comes when virtual time has
got there. An interval of 0.25 s takes two and three periods of 0.1 s of the plant by turns. The RS-232 interface of
the real one is a PTY here; its raw socket is a convenience of the bench that the real one does not have.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from hil.vbench.instruments.wt310e.replies import (
    CURRENT_RANGES,
    FUNCTIONS,
    VOLTAGE_RANGES,
    Averager,
    ExtendedEvents,
    Item,
    Range,
    Reading,
    engineering,
    range_commands,
    value,
)
from hil.vbench.plant.instrument_errors import ALL_DRAWN, AccuracyClass, GivenErrors, MeterErrors
from hil.vbench.plant.terminals import Pause
from hil.vbench.scpi.engine import Commands, ScpiEngine, action, boolean_setting, choice_setting, integer_setting
from hil.vbench.scpi.headers import Headers
from hil.vbench.scpi.metering import Integrator
from hil.vbench.scpi.parameters import Boolean, Choice, Command, Integer, Steps
from hil.vbench.scpi.status import ScpiError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.vbench.plant.terminals import MeterSample

IDENTITY: Final = "YOKOGAWA,WT310E,C3XX12345E,F1.04"
ACCURACY: Final = AccuracyClass(of_reading=1e-3, of_range=5e-4, drawn_gain=8e-4)
"""Voltage, current and power, 45 to 66 Hz: 0.1 % of reading + 0.05 % of range (manual)."""

RATES: Final = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
MOST_ITEMS: Final = 10
_DEFAULT_ITEMS: Final = (Item("U"), Item("I"), Item("P"))
_WHILE_INTEGRATING: Final = ScpiError(-813, message="Invalid operation during integration")


@dataclass
class _Settings:
    """Everything that ``*RST`` brings back to its power-on value."""

    voltage: Range = field(default_factory=lambda: Range(VOLTAGE_RANGES))
    current: Range = field(default_factory=lambda: Range(CURRENT_RANGES))
    mode: str = "RMS"
    crest_factor: int = 3
    rate: float = 0.25
    line_filter: bool = False
    frequency_filter: bool = False
    averaging: bool = False
    averaging_type: str = "LIN"
    averaging_count: int = 8
    format: str = "ASC"
    count: int = 3
    items: list[Item] = field(default_factory=lambda: [*_DEFAULT_ITEMS, *[Item("NONE")] * (MOST_ITEMS - 3)])
    integrator: Integrator = field(default_factory=Integrator)
    integrator_state: str = "RES"
    integrator_mode: str = "NORM"
    timer: tuple[int, int, int] = (0, 0, 0)
    hold: bool = False


class Wt310e:
    """Yokogawa WT310E on RS-232, or on a raw socket.

    :param now: returns the present instant in seconds of virtual time; opens and closes the integrator's gate.
    """

    on_serial = True
    """The bench gives it a PTY beside the raw socket."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._settings = _Settings()
        self._headers = Headers()
        self._events = ExtendedEvents()
        self._errors = MeterErrors("", ACCURACY)
        self._averager = Averager()
        self._reading: Reading | None = None
        self._data: str | None = None
        self._engine = ScpiEngine(
            self._headers.wrap(self._settings_commands()) | self._data_commands(),
            identity=IDENTITY,
            reset=self._reset,
            entry=lambda code, message: f'{-code},"{message if code else "NO ERROR"}"',
            error_query="STATus:ERRor?",
            more_summaries=self._events.summary,
        )

    def execute(self, line: str) -> str | None:
        """Take one line; see :class:`hil.vbench.plant.terminals.VirtualInstrument`."""
        return self._engine.execute(line)

    def power_on(self, seed: str, given: GivenErrors = ALL_DRAWN) -> None:
        """Go back to the power-on state with no reading; errors that are not given follow from ``seed``."""
        self._engine.status.power_on()
        self._headers.on = True
        self._events.power_on()
        self._errors = MeterErrors(seed, ACCURACY, given)
        self._reset()

    def update(self, sample: MeterSample) -> None:
        """Take the true values of a period of the plant; readings change at the end of each update interval."""
        averaged = self._averager.add(sample, self._settings.rate)
        if averaged is None:
            return
        settings = self._settings
        over_voltage = settings.voltage.over(averaged.voltage, settings.crest_factor)
        over_current = settings.current.over(averaged.current, settings.crest_factor)
        u_range, i_range = settings.voltage.selected, settings.current.selected
        errors = self._errors
        # an rms value has no sign
        voltage = max(0.0, errors.voltage.read(averaged.voltage, u_range))
        current = max(0.0, errors.current.read(averaged.current, i_range))
        power = errors.power.read(averaged.power, u_range * i_range)
        settings.integrator.update(averaged, power, current)
        if settings.integrator_state == "STAR" and not settings.integrator.running:
            settings.integrator_state = "TIM"
        over = over_voltage or over_current
        if not settings.hold:
            self._reading = Reading(
                None if over_voltage else voltage,
                None if over_current else current,
                None if over else power,
                averaged.frequency,
            )
            self._data = None
        self._events.updated(integrating=settings.integrator.running, over=over)

    def form(self) -> None:
        """Nothing is left to do: each interval's reading may be held, averaged or announced in the status."""

    def _reset(self) -> None:
        self._settings = _Settings()
        self._averager = Averager()
        self._reading = self._data = None

    # --- values ------------------------------------------------------------------------------------------------

    def _values(self, number: int | None = None) -> str:
        if self._data is None:
            settings = self._settings
            sums = None if settings.integrator_state == "RES" else settings.integrator
            ranges = settings.voltage.selected, settings.current.selected
            shown = [value(item.function, self._reading, sums, ranges) for item in settings.items]
            self._data = ",".join(shown)
        values = self._data.split(",")
        return values[number - 1] if number is not None else ",".join(values[: self._settings.count])

    # --- commands ----------------------------------------------------------------------------------------------

    def _settings_commands(self) -> Commands:
        """Return those whose replies carry a header."""

        def settings() -> _Settings:
            return self._settings

        commands: Commands = {
            **range_commands("[INPut:]VOLTage", VOLTAGE_RANGES, "V", lambda: self._settings.voltage),
            **range_commands("[INPut:]CURRent", CURRENT_RANGES, "A", lambda: self._settings.current),
            **choice_setting("[INPut:]MODE", Choice("RMS", "VMEan", "DC"), settings, "mode"),
            **integer_setting("[INPut:]CFACtor", Integer(3, 6), settings, "crest_factor"),
            **boolean_setting("[INPut:]FILTer:LINE", settings, "line_filter"),
            **boolean_setting("[INPut:]FILTer:FREQuency", settings, "frequency_filter"),
            **boolean_setting("MEASure:AVERaging[:STATe]", settings, "averaging"),
            **choice_setting("MEASure:AVERaging:TYPE", Choice("LINear", "EXPonent"), settings, "averaging_type"),
            **integer_setting("MEASure:AVERaging:COUNt", Integer(8, 64), settings, "averaging_count"),
            "RATE": Command(self._set_rate, (Steps(RATES, "S"),)),
            "SAMPle:RATE": Command(self._set_rate, (Steps(RATES, "S"),)),
            "RATE?": Command(lambda: engineering(self._settings.rate, 4)),
            **choice_setting("NUMeric:FORMat", Choice("ASCii"), settings, "format"),
            **integer_setting("NUMeric[:NORMal]:NUMber", Integer(1, MOST_ITEMS), settings, "count"),
            f"NUMeric[:NORMal]:ITEM<1-{MOST_ITEMS}>?": Command(lambda n: str(self._settings.items[n - 1])),
            **choice_setting("INTEGrate:MODE", Choice("NORMal", "CONTinuous"), settings, "integrator_mode"),
            "INTEGrate:TIMer": Command(self._set_timer, (Integer(0, 10_000), Integer(0, 59), Integer(0, 59))),
            "INTEGrate:TIMer?": Command(lambda: ",".join(map(str, self._settings.timer))),
            **boolean_setting("HOLD", settings, "hold"),
        }
        forbidden = ("[INPut:]", "RATE", "SAMPle", "INTEGrate", "MEASure")
        return {
            pattern: self._when_not_integrating(command)
            if pattern.startswith(forbidden) and not pattern.endswith("?")
            else command
            for pattern, command in commands.items()
        }

    def _data_commands(self) -> Commands:
        """Return those without a reply, and those whose reply never carries a header."""
        events = self._events
        return {
            f"NUMeric[:NORMal]:ITEM<1-{MOST_ITEMS}>": Command(self._set_item, (FUNCTIONS, Integer(1, 1)), required=1),
            "NUMeric[:NORMal]:VALue?": Command(self._values, (Integer(1, MOST_ITEMS),), required=0),
            "INTEGrate:STARt": action(self._start),
            "INTEGrate:STOP": action(self._stop),
            "INTEGrate:RESet": action(self._clear),
            "INTEGrate:STATe?": Command(lambda: self._settings.integrator_state),
            "COMMunicate:HEADer": Command(lambda on: setattr(self._headers, "on", on), (Boolean(),)),
            "COMMunicate:HEADer?": Command(lambda: str(int(self._headers.on))),
            "COMMunicate:VERBose": Command(lambda on: setattr(self._headers, "verbose", on), (Boolean(),)),
            # there is no front panel that could be locked
            "COMMunicate:REMote": Command(lambda on: None, (Boolean(),)),
            "COMMunicate:WAIT": Command(self._wait, (Integer(0, 65_535),)),
            "COMMunicate:WAIT?": Command(lambda mask: self._wait(mask, "1"), (Integer(0, 65_535),)),
            "STATus:CONDition?": Command(lambda: str(events.condition)),
            "STATus:EESR?": Command(events.read),
            "STATus:EESE": Command(lambda mask: setattr(events, "enable", mask), (Integer(0, 65_535),)),
            "STATus:EESE?": Command(lambda: str(events.enable)),
            "STATus:FILTer<1-16>": Command(events.set_filter, (Choice("RISE", "FALL", "BOTH", "NEVer"),)),
            "STATus:FILTer<1-16>?": Command(lambda number: events.filters[number - 1]),
            "STATus:QMESsage": Command(lambda on: None, (Boolean(),)),
        }

    def _when_not_integrating(self, command: Command) -> Command:
        def guarded(*arguments: object) -> None:
            if self._settings.integrator.running:
                raise ScpiError(_WHILE_INTEGRATING.code, message=str(_WHILE_INTEGRATING))
            command.handler(*arguments)
            self._data = None

        return Command(guarded, command.parameters, command.required, command.most)

    def _wait(self, mask: int, reply: str | None = None) -> str | None:
        if not self._events.any_of(mask):
            raise Pause(lambda: self._events.any_of(mask), reply)
        return reply

    def _set_rate(self, seconds: float) -> None:
        self._settings.rate = seconds
        self._averager = Averager()

    def _set_item(self, number: int, function: str, element: int = 1) -> None:
        self._settings.items[number - 1] = Item(function)
        self._data = None

    def _set_timer(self, hours: int, minutes: int, seconds: int) -> None:
        self._settings.timer = hours, minutes, seconds

    def _start(self) -> None:
        settings = self._settings
        if settings.integrator.running:
            raise ScpiError(-842, message="Attempted to start integration while it runs")
        hours, minutes, seconds = settings.timer
        settings.integrator.duration = hours * 3600.0 + minutes * 60.0 + seconds or None
        settings.integrator.start(self._now())
        settings.integrator_state = "STAR"
        self._data = None

    def _stop(self) -> None:
        if not self._settings.integrator.running:
            raise ScpiError(-844, message="Attempted to stop integration that does not run")
        self._settings.integrator.stop(self._now())
        self._settings.integrator_state = "STOP"

    def _clear(self) -> None:
        if self._settings.integrator.running:
            raise ScpiError(-845, message="Attempted to reset integration while it runs")
        self._settings.integrator.reset()
        self._settings.integrator_state = "RES"
        self._data = None
