"""A virtual B&K Precision 8500B DC load behind the bench's AC/DC adapter (:mod:`hil.vbench.plant.dc_adapter`).

Facts are from instro's BK85XXB, an independent driver that was validated on an 8514B, and from the guides of siblings:
B&K 8600 (range, slew) and ITECH IT8800 (short circuit); docs/reference/bk8500b-commands.md names the source of each
command. Unverified and ours: ratings, ranges and limits, number formats, power-on values, error numbers (SCPI-99's).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from hil.vbench.instruments.load_base import NOTICED, GuardedLoad, GuardedSettings, LoadFront, half_ramp
from hil.vbench.scpi.engine import Commands, ScpiEngine, action
from hil.vbench.scpi.parameters import Boolean, Bound, Choice, Command, Number
from hil.vbench.scpi.protection import Protection, protection_commands
from hil.vbench.scpi.status import ScpiError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.vbench.plant.terminals import ElectronicLoadState

IDENTITY: Final = "B&K PRECISION,8500B,802200036757210001,1.42-1.42"

CURRENT: Final = Number(0.0, 30.0, 0.0, "A")
VOLTAGE: Final = Number(0.1, 150.0, 150.0, "V")
RESISTANCE: Final = Number(0.05, 7500.0, 7500.0, "OHM")
POWER: Final = Number(0.0, 300.0, 0.0, "W")
"""150 V, 30 A and 300 W (u)."""

CURRENT_RANGES: Final = (3.0, 30.0)
VOLTAGE_RANGES: Final = (18.0, 150.0)
SLEW: Final = Number(0.0001, 1.5, 1.5, "A/US")

LEVEL: Final = "[:LEVel][:IMMediate][:AMPLitude]"


@dataclass
class _Settings(GuardedSettings):
    """What ``*RST`` brings back."""

    current: float = CURRENT.default
    voltage: float = VOLTAGE.default
    resistance: float = RESISTANCE.default
    power: float = POWER.default
    current_range: float = CURRENT_RANGES[-1]
    voltage_range: float = VOLTAGE_RANGES[-1]
    rise: float = SLEW.default
    fall: float = SLEW.default
    current_protection: Protection = field(default_factory=lambda: Protection("over current", CURRENT.maximum))
    power_protection: Protection = field(default_factory=lambda: Protection("over power", POWER.maximum))


class Bk8500b(GuardedLoad):
    """B&K Precision 8500B on a raw socket, which stands for its USB: the real one has no LAN.

    :param state: the plant's side of the load; DC from now on, with this model's rating.
    :param now: returns the present instant in seconds.
    """

    largest_voltage = 160.0  # (u)

    def __init__(self, state: ElectronicLoadState, now: Callable[[], float]) -> None:
        self._state = state
        self._now: Callable[[], float] = now
        self._front = LoadFront(state, CURRENT, RESISTANCE, POWER)
        state.direct_current = True
        state.max_current, state.max_power = CURRENT.maximum, POWER.maximum
        self._settings: _Settings = _Settings()
        self._ramp = 0
        """Counts changes of the current, so that a later one overtakes a slow one."""
        self._engine = ScpiEngine(self._commands(), identity=IDENTITY, reset=self._reset, questionable=True)
        self._reset()

    def _reset(self) -> None:
        self._settings = _Settings()
        self._ramp += 1
        self._state.voltage = VOLTAGE.default
        self._front.reset(self._engine.status)

    def _commands(self) -> Commands:
        return {
            "[SOURce:]FUNCtion": Command(self._set_function, (Choice("CURRent", "RESistance", "VOLTage", "POWer"),)),
            "[SOURce:]FUNCtion?": Command(lambda: self._settings.function),
            **self._number(f"CURRent{LEVEL}", CURRENT, "current", within="current_range"),
            **self._number(f"VOLTage{LEVEL}", VOLTAGE, "voltage", within="voltage_range"),
            **self._number(f"RESistance{LEVEL}", RESISTANCE, "resistance"),
            **self._number(f"POWer{LEVEL}", POWER, "power"),
            **self._range("CURRent:RANGe", CURRENT_RANGES, "current"),
            **self._range("VOLTage:RANGe", VOLTAGE_RANGES, "voltage"),
            **self._slews(),
            **protection_commands("[SOURce:]CURRent:PROTection", CURRENT, lambda: self._settings.current_protection),
            **protection_commands("[SOURce:]POWer:PROTection", POWER, lambda: self._settings.power_protection),
            "[SOURce:]INPut[:STATe]": Command(self._switch_input, (Boolean(),)),
            "[SOURce:]INPut[:STATe]?": Command(lambda: str(int(self._state.input_on))),
            "[SOURce:]INPut:SHORt[:STATe]": Command(self._short, (Boolean(),)),
            "[SOURce:]INPut:SHORt[:STATe]?": Command(lambda: str(int(self._settings.shorted))),
            "MEASure:VOLTage[:DC]?": Command(lambda: _fixed(self._state.reading()[0])),
            "MEASure:CURRent[:DC]?": Command(lambda: _fixed(self._state.reading()[1])),
            "MEASure:POWer[:DC]?": Command(lambda: _fixed(self._state.reading()[2])),
            # there is no front panel that could be locked
            "SYSTem:REMote": action(lambda: None),
            "SYSTem:RWLock": action(lambda: None),
            "SYSTem:LOCal": action(lambda: None),
            "SYSTem:VERSion?": Command(lambda: "1999.0"),
        }

    def _number(self, pattern: str, number: Number, name: str, within: str = "") -> Commands:
        """Return a level, which must fit into the present range."""

        def write(value: float) -> None:
            if within and value > getattr(self._settings, within):
                raise ScpiError(-222)
            setattr(self._settings, name, value)
            if name == "current":
                self._approach(value)
            else:
                self._front.set(**{name: value})

        def read(bound: float | None = None) -> str:
            return _fixed(getattr(self._settings, name) if bound is None else bound)

        header = f"[SOURce:]{pattern}"
        return {header: Command(write, (number,)), f"{header}?": Command(read, (Bound(number),), required=0)}

    def _range(self, pattern: str, ends: tuple[float, float], name: str) -> Commands:
        """Return a range, selected by a value that it holds; a level beyond it becomes its end (B&K 8600: 47)."""
        number = Number(0.0, ends[1], ends[1], "A" if name == "current" else "V")

        def write(value: float) -> None:
            end = ends[0] if value <= ends[0] else ends[1]
            setattr(self._settings, f"{name}_range", end)
            level = min(getattr(self._settings, name), end)
            setattr(self._settings, name, level)
            self._ramp += 1
            self._front.set(**{name: level})

        header = f"[SOURce:]{pattern}"
        read = Command(lambda: _fixed(getattr(self._settings, f"{name}_range")))
        return {header: Command(write, (number,)), f"{header}?": read}

    def _slews(self) -> Commands:
        """Return the slew of both directions, and of each by either of its names."""

        def both(value: float) -> None:
            self._settings.rise = self._settings.fall = value

        commands = {
            "[SOURce:]CURRent:SLEW[:BOTH]": Command(both, (SLEW,)),
            "[SOURce:]CURRent:SLEW[:BOTH]?": Command(lambda: _fixed(self._settings.rise)),
        }
        for name, headers in (("rise", ("RISE", "POSitive")), ("fall", ("FALL", "NEGative"))):
            for header in headers:
                setting = self._slew(name)
                commands[f"[SOURce:]CURRent:SLEW:{header}"] = setting[0]
                commands[f"[SOURce:]CURRent:SLEW:{header}?"] = setting[1]
        return commands

    def _slew(self, name: str) -> tuple[Command, Command]:
        write = Command(lambda value: setattr(self._settings, name, value), (SLEW,))
        return write, Command(lambda: _fixed(getattr(self._settings, name)))

    def _approach(self, current: float) -> None:
        """Go to a current at the slew rate, which counts while the input is on."""
        self._ramp += 1
        turn, state, settings = self._ramp, self._state, self._settings
        middle = half_ramp(current - state.current, settings.rise if current > state.current else settings.fall)
        if not state.input_on or state.mode != "CURR" or middle < NOTICED:
            self._front.set(current=current)
            return

        def reach() -> None:
            if turn == self._ramp:
                self._front.set(current=current)

        state.call_at(self._now() + middle, reach)

    def _switch_input(self, on: bool) -> None:
        """Switching clears what a protection left behind (u)."""
        self._engine.status.questionable.condition = 0
        self._front.set(input_on=on)


def _fixed(value: float) -> str:
    return f"{value:.6f}"
