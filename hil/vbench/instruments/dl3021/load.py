"""A virtual Rigol DL3021 DC load behind the bench's AC/DC adapter (:mod:`hil.vbench.plant.dc_adapter`).

Facts are from the transcript, the DL3000 Programming Guide (pages in docs/reference/dl3021-commands.md) and public
drivers. ``FUNC?`` answers CC, CV, CR or CP although it is set by CURR, VOLT, RES or POW; fixed-point numbers.
Unverified and ours: power-on values and number formats that no source tells, that ``*RST`` and a change of
``FUNC:MODE`` open the input, that a limit exceeded opens it too, and error numbers (SCPI-99's).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hil.vbench.instruments.dl3021 import ratings
from hil.vbench.instruments.dl3021.commands import setting_commands
from hil.vbench.instruments.dl3021.operation import Operation
from hil.vbench.instruments.dl3021.picture import Shown, draw
from hil.vbench.instruments.dl3021.recording import Extremes, Waveform
from hil.vbench.instruments.dl3021.settings import ANSWERS, Settings
from hil.vbench.instruments.load_base import LoadFront, LoadTwin
from hil.vbench.scpi.engine import Commands, ScpiEngine, action, choice_setting
from hil.vbench.scpi.parameters import Boolean, Choice, Command, Integer
from hil.vbench.scpi.replies import block

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.vbench.plant.terminals import ElectronicLoadState, LoadMode

SHORT_KEY, INPUT_KEY = 33, 32
"""Numbers of keys of the front panel (2-50)."""

INTEGRATION: Final = 0.2
"""Seconds over which the real one measures, 10 periods of the mains (2-16); here it reads the present instant."""

NO_RESISTANCE: Final = 9.91e37
"""SCPI-99's number for no number."""

ROUNDING: Final = 1e-6
"""Seconds that sums of times may be wrong by."""

POINT_WINDOW: Final = 8.0
"""Seconds: the shortest window of the waveform's display (UG 2-75), and what a time step adds to it (u)."""


class Dl3021(LoadTwin):
    """Rigol DL3021 on a raw socket.

    :param state: the plant's side of the load; DC from now on, with this model's rating.
    :param now: returns the present instant in seconds.
    """

    def __init__(self, state: ElectronicLoadState, now: Callable[[], float]) -> None:
        self._state = state
        self._front = LoadFront(state, ratings.CURRENT, ratings.RESISTANCE, ratings.POWER)
        self._now = now
        state.direct_current = True
        state.max_current, state.max_power = ratings.RATED_CURRENT, ratings.RATED_POWER
        self._settings = Settings()
        self._extremes = Extremes()
        self._waveform = Waveform(state, lambda: self._settings.window, now)
        self._operation = Operation(state, lambda: self._settings, lambda: self._engine.status, now)
        self._engine = ScpiEngine(
            self._commands(), identity=ratings.IDENTITY, reset=self._reset, questionable=True, operation=True
        )
        self._reset()

    def _look(self, volts: float, amperes: float, watts: float) -> None:
        self._extremes.take(voltage=volts, current=amperes)
        limits = self._settings.limits[self._limiting()]
        if volts > limits.voltage:
            self._trip("over voltage")
        elif amperes > limits.current:
            self._trip("over current")
        elif self._settings.protection.trips(watts, self._now()):
            self._trip(self._settings.protection.name)
        else:
            self._operation.look()

    def _limiting(self) -> str:
        """Return the function whose limits hold."""
        settings = self._settings
        own = {"LIST": settings.sequence.function, "OPP": "POW", "FIX": settings.static.function}
        return own.get(settings.operation, "CURR")

    def _trip(self, reason: str) -> None:
        self._operation.stop()
        super()._trip(reason)

    def _reset(self) -> None:
        self._waveform.stop()
        self._operation.stop()
        self._settings = Settings()
        self._extremes = Extremes()
        self._state.starting_voltage = 0.0
        self._front.reset(self._engine.status)

    def _commands(self) -> Commands:
        operation = self._operation
        return {
            **setting_commands(lambda: self._settings, operation),
            **self._measurements("MEASure"),
            **self._measurements("FETCh"),
            "[SOURce:]FUNCtion": Command(self._set_function, (Choice("CURRent", "RESistance", "VOLTage", "POWer"),)),
            "[SOURce:]FUNCtion?": Command(lambda: ANSWERS[self._settings.static.function]),
            "[SOURce:]FUNCtion:MODE": Command(
                self._set_operation, (Choice("FIXed", "LIST", "WAVe", "BATTery", "OCP", "OPP"),)
            ),
            "[SOURce:]FUNCtion:MODE?": Command(lambda: self._settings.operation),
            "[SOURce:]INPut[:STATe]": Command(self._switch_input, (Boolean(),)),
            "[SOURce:]INPut[:STATe]?": Command(lambda: str(int(self._state.input_on))),
            "[SOURce:]TRANsient[:STATe]": Command(lambda on: operation.arm(on=on), (Boolean(),)),
            "[SOURce:]TRANsient[:STATe]?": Command(lambda: str(int(operation.armed))),
            "[SOURce:]WAVe:TIMe": Command(self._change_window, (Choice("ADD", "SUB"),)),
            "[SOURce:]WAVe:TSTep": Command(self._set_time_step, (Choice("1", "10"),)),
            "[SOURce:]WAVe:TSTep?": Command(lambda: str(self._settings.time_step)),
            "TRIGger[:IMMediate]": action(operation.trigger),
            "*TRG": action(operation.trigger),
            **choice_setting(
                "TRIGger:SOURce", Choice("BUS", "EXTernal", "MANUal"), lambda: self._settings, "trigger_source"
            ),
            "SYSTem:KEY": Command(self._press, (Integer(0, 99),)),
            "DEBug:KEY": Command(lambda on: None, (Boolean(),)),
            "SYSTem:VERSion?": Command(lambda: "1999.0"),
            "PROJect:WND:DATA?": Command(self._picture),
        }

    def _measurements(self, header: str) -> Commands:
        """Return the questions of one of the two headers; both answer from the present instant here."""
        operation = self._operation
        return {
            f"{header}:VOLTage[:DC]?": Command(lambda: _six(self._state.reading()[0])),
            f"{header}:CURRent[:DC]?": Command(lambda: _six(self._state.reading()[1])),
            f"{header}:POWer[:DC]?": Command(lambda: _six(self._state.reading()[2])),
            f"{header}:RESistance[:DC]?": Command(self._resistance),
            f"{header}:VOLTage:MAX?": Command(lambda: _six(self._extremes.largest("voltage"))),
            f"{header}:VOLTage:MIN?": Command(lambda: _six(self._extremes.smallest("voltage"))),
            f"{header}:CURRent:MAX?": Command(lambda: _six(self._extremes.largest("current"))),
            f"{header}:CURRent:MIN?": Command(lambda: _six(self._extremes.smallest("current"))),
            f"{header}:CAPability?": Command(lambda: _six(operation.discharge.charge)),
            f"{header}:WATThours?": Command(lambda: _six(operation.discharge.energy)),
            f"{header}:DISChargingTime?": Command(lambda: _clock(operation.discharge.seconds)),
            f"{header}:TIME?": Command(lambda: _six(INTEGRATION)),
            f"{header}:WAVedata?": Command(lambda: ",".join(map(_six, self._waveform.points()))),
        }

    def _picture(self) -> str:
        """``PROJ:WND:DATA?``: what the display shows now."""
        settings, operation = self._settings, self._operation
        volts, amperes, watts, _ = self._state.reading()
        static = settings.static
        units: dict[LoadMode, tuple[float, str]] = {
            "CURR": (static.current, "A"),
            "RES": (static.resistance, "ohm"),
            "VOLT": (static.voltage, "V"),
            "POW": (static.power, "W"),
        }
        level, unit = units[static.function]
        states = [
            "ON" if self._state.input_on else "OFF",
            *(["SHORT"] if settings.shorted else []),
            *(["TRAN"] if operation.armed else []),
        ]
        heading = f"{ANSWERS[static.function]}  {settings.operation}  {' '.join(states)}"
        ohms = f"{volts / amperes:.4f}" if amperes else "-----"
        readings = [f"{volts:.4f} V", f"{amperes:.4f} A", f"{watts:.4f} W", f"{ohms} ohm"]
        return block(draw(Shown(heading, readings, f"Set  {level:.4f} {unit}")))

    def _resistance(self) -> str:
        volts, amperes, _, _ = self._state.reading()
        return _six(volts / amperes) if amperes else f"{NO_RESISTANCE:.6E}"

    def _switch_input(self, on: bool) -> None:
        """Switching clears what a protection left behind (u)."""
        self._engine.status.questionable.condition = 0
        self._extremes = Extremes()
        self._operation.switch(on=on)

    def _set_function(self, name: str) -> None:
        self._settings.static.function = name  # type: ignore[assignment]  # the choice gives no other
        if self._settings.operation in {"FIX", "WAV"}:
            self._operation.arm(on=False)

    def _set_operation(self, name: str) -> None:
        self._operation.select(name)
        if name == "WAV":
            self._waveform.start()
        else:
            self._waveform.stop()

    def _change_window(self, direction: str) -> None:
        change = POINT_WINDOW * self._settings.time_step * (1 if direction == "ADD" else -1)
        self._settings.window = max(POINT_WINDOW, self._settings.window + change)

    def _set_time_step(self, name: str) -> None:
        self._settings.time_step = int(name)

    def _press(self, key: int) -> None:
        """Press a key of the front panel; only those of the short circuit and of the input do something here."""
        if key == SHORT_KEY:
            self._operation.short(on=not self._settings.shorted)
        elif key == INPUT_KEY:
            self._switch_input(not self._state.input_on)


def _six(value: float) -> str:
    return f"{value:.6f}"


def _clock(seconds: float) -> str:
    """Return a time as H:MM:SS, in whole seconds that are over."""
    minutes, second = divmod(int(seconds + ROUNDING), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{second:02d}"
