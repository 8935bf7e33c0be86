"""A virtual Rigol DL3021 DC load behind the bench's AC/DC adapter (:mod:`hil.vbench.plant.dc_adapter`).

Facts are from the transcript and research/scpi.md: ``FUNC?`` answers CC, CV, CR or CP although it is set by CURR, VOLT,
RES or POW; fixed-point numbers. Unverified and ours: power-on values, number formats beyond the transcript's, that
``*RST`` opens the input, that a limit exceeded opens it too, and error numbers (SCPI-99's). Constant voltage is refused
with -221: the adapter is a voltage source itself. Lists, waveforms, batteries and the OCP and OPP tests of the
real one are refused likewise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, get_args

from hil.vbench.instruments.load_base import LoadFront
from hil.vbench.plant.instrument_errors import NO_ERRORS, LoadErrors
from hil.vbench.plant.terminals import LoadMode
from hil.vbench.scpi.engine import Commands, ScpiEngine
from hil.vbench.scpi.parameters import Boolean, Bound, Choice, Command, Number, Steps, forms
from hil.vbench.scpi.protection import Protection
from hil.vbench.scpi.status import ScpiError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.vbench.plant.terminals import ElectronicLoadState

IDENTITY: Final = "RIGOL TECHNOLOGIES,DL3021,DL3A204800938,00.01.05.00.01"

CURRENT: Final = Number(0.0, 40.0, 0.0, "A")
CURRENT_RANGES: Final = (4.0, 40.0)
RESISTANCE: Final = Number(0.08, 15_000.0, 15_000.0, "OHM")
POWER: Final = Number(0.0, 200.0, 0.0, "W")
VOLTAGE_LIMIT: Final = Number(0.0, 155.0, 155.0, "V")
CURRENT_LIMIT: Final = Number(0.0, 42.0, 42.0, "A")
"""Settable for each function; beyond them the input opens by itself (u; 155 V as found at power-on: d)."""

LARGEST_POWER: Final = 220.0
"""W, above which the input opens by itself (u)."""

ANSWERS: Final = {"CURR": "CC", "RES": "CR", "POW": "CP"}


@dataclass
class _Limits:
    """V and A beyond which the input opens by itself, in one function."""

    voltage: float = VOLTAGE_LIMIT.default
    current: float = CURRENT_LIMIT.default


@dataclass
class _Settings:
    """What ``*RST`` brings back, besides the plant's set-points."""

    current_range: float = CURRENT_RANGES[-1]
    limits: dict[str, _Limits] = field(default_factory=lambda: {function: _Limits() for function in ANSWERS})
    over_power: Protection = field(default_factory=lambda: Protection("over power", LARGEST_POWER, enabled=True))


class Dl3021:
    """Rigol DL3021 on a raw socket.

    :param state: the plant's side of the load; DC from now on, with this model's rating.
    :param now: returns the present instant in seconds.
    """

    def __init__(self, state: ElectronicLoadState, now: Callable[[], float]) -> None:
        self._state = state
        self._front = LoadFront(state, CURRENT, RESISTANCE, POWER)
        self._now = now
        state.direct_current = True
        state.max_current, state.max_power = CURRENT.maximum, POWER.maximum
        self._settings = _Settings()
        self._engine = ScpiEngine(self._commands(), identity=IDENTITY, reset=self._reset, questionable=True)
        self._reset()

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
        if not self._state.input_on:
            return
        volts, amperes, watts, _ = self._state.measured()
        limits = self._settings.limits[self._state.mode]
        if volts > limits.voltage:
            self._trip("over voltage")
        elif amperes > limits.current:
            self._trip("over current")
        elif self._settings.over_power.trips(watts, self._now()):
            self._trip(self._settings.over_power.name)

    def _trip(self, reason: str) -> None:
        self._front.trip(self._engine.status, reason)

    def _reset(self) -> None:
        self._settings = _Settings()
        self._front.reset(self._engine.status)

    def _commands(self) -> Commands:
        state = self._state
        return {
            "[SOURce:]FUNCtion": Command(self._set_function, (Choice("CURRent", "RESistance", "VOLTage", "POWer"),)),
            "[SOURce:]FUNCtion?": Command(lambda: ANSWERS[state.mode]),
            "[SOURce:]FUNCtion:MODE": Command(
                _set_operation, (Choice("FIXed", "LIST", "WAVe", "BATTery", "OCP", "OPP"),)
            ),
            "[SOURce:]FUNCtion:MODE?": Command(lambda: "FIX"),
            **self._set_point("CURRent", CURRENT, "current", 4),
            **self._set_point("RESistance", RESISTANCE, "resistance", 3),
            **self._set_point("POWer", POWER, "power", 3),
            "[SOURce:]CURRent:RANGe": Command(self._set_range, (Steps(CURRENT_RANGES, "A"),)),
            "[SOURce:]CURRent:RANGe?": Command(lambda: f"{self._settings.current_range:g}"),
            **self._limit("CURRent"),
            **self._limit("RESistance"),
            **self._limit("POWer"),
            "[SOURce:]INPut[:STATe]": Command(self._switch_input, (Boolean(),)),
            "[SOURce:]INPut[:STATe]?": Command(lambda: str(int(state.input_on))),
            "MEASure:VOLTage[:DC]?": Command(lambda: f"{state.reading()[0]:.6f}"),
            "MEASure:CURRent[:DC]?": Command(lambda: f"{state.reading()[1]:.6f}"),
            "MEASure:POWer[:DC]?": Command(lambda: f"{state.reading()[2]:.6f}"),
            "SYSTem:VERSion?": Command(lambda: "1999.0"),
        }

    def _set_point(self, name: str, number: Number, attribute: str, decimals: int) -> Commands:
        pattern = f"[SOURce:]{name}[:LEVel][:IMMediate]"

        def read(bound: float | None = None) -> str:
            return f"{getattr(self._state, attribute) if bound is None else bound:.{decimals}f}"

        def write(value: float) -> None:
            if attribute == "current" and value > self._settings.current_range:
                raise ScpiError(-222)
            self._front.set(**{attribute: value})

        return {pattern: Command(write, (number,)), f"{pattern}?": Command(read, (Bound(number),), required=0)}

    def _switch_input(self, on: bool) -> None:
        """Switching clears what a protection left behind (u)."""
        self._engine.status.questionable.condition = 0
        self._front.set(input_on=on)

    def _limit(self, name: str) -> Commands:
        """Return the limits of voltage and current of one function."""
        (function, _) = forms(name)

        def setting(header: str, number: Number, attribute: str) -> Commands:
            def read(bound: float | None = None) -> str:
                value = getattr(self._settings.limits[function], attribute) if bound is None else bound
                return f"{value:.3f}"

            pattern = f"[SOURce:]{name}:{header}"
            return {
                pattern: Command(lambda value: setattr(self._settings.limits[function], attribute, value), (number,)),
                f"{pattern}?": Command(read, (Bound(number),), required=0),
            }

        return {**setting("VLIMt", VOLTAGE_LIMIT, "voltage"), **setting("ILIMt", CURRENT_LIMIT, "current")}

    def _set_function(self, name: str) -> None:
        if name not in get_args(LoadMode):
            raise ScpiError(-221, "constant voltage on a voltage source")
        self._front.set(mode=name)

    def _set_range(self, end: float) -> None:
        """A set-point that does not fit into a smaller range becomes the range's end."""
        self._settings.current_range = end
        self._front.set(current=min(self._state.current, end))


def _set_operation(mode: str) -> None:
    if mode != "FIX":
        raise ScpiError(-221, "the bench has fixed operation only")
