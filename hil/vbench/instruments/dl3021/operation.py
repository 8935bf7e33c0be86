"""Acts on the plant as a DL3021's settings say: at once in fixed operation, in the course of time else."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from hil.vbench.instruments.dl3021 import programs
from hil.vbench.instruments.dl3021.discharge import Discharge
from hil.vbench.instruments.dl3021.player import Player, Step
from hil.vbench.instruments.dl3021.settings import Settings
from hil.vbench.instruments.load_base import NOTICED, half_ramp
from hil.vbench.scpi.status import ScpiError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hil.vbench.plant.terminals import ElectronicLoadState, LoadMode
    from hil.vbench.scpi.status import Status

RUNNING_LIST: Final = 1 << 7
"""Bit of the QUEStionable register (1-7)."""

WAITING_FOR_TRIGGER: Final = 1 << 5
"""Bit of the OPERation register (SCPI-99)."""

FIELDS: Final[dict[LoadMode, str]] = {"CURR": "current", "RES": "resistance", "VOLT": "voltage", "POW": "power"}
"""The set-point of each function, in the plant's state and in the settings."""


class Operation:
    """What drives the input.

    :param settings: returns the present ones (``*RST`` replaces them); :param status: likewise its registers.
    :param now: returns the present instant in seconds.
    """

    def __init__(
        self,
        state: ElectronicLoadState,
        settings: Callable[[], Settings],
        status: Callable[[], Status],
        now: Callable[[], float],
    ) -> None:
        self._state = state
        self._settings = settings
        self._status = status
        self._now = now
        self._player = Player(state, now)
        self.discharge = Discharge()
        self._discharging = False
        self._end = math.nan
        """For when the end of the discharge is foreseen."""
        self._ramp = 0
        self.armed = False
        """Whether the trigger function of the transient is on."""
        self._at_a = False
        self._steps: Iterator[Step] | None = None
        """What is left of the list."""

    @property
    def running(self) -> bool:
        """Whether a list, a transient or a test is under way."""
        return self._player.running

    # --- what commands do ----------------------------------------------------------------------------------------

    def select(self, operation: str) -> None:
        """Change what drives the input; that opens it (u), so that nothing begins by the way."""
        if operation != self._settings().operation:
            self._settings().operation = operation
            self.switch(on=False)

    def switch(self, *, on: bool) -> None:
        """Switch the input; operations other than the fixed one begin with it, or wait for a trigger."""
        self.stop()
        self._state.input_on = on
        self.follow_settings(ramp=False)
        settings = self._settings()
        if not on:
            return
        if settings.operation == "BATT":
            self.discharge, self._discharging, self._end = Discharge(self._now()), True, math.nan
            # when the plant has followed the command
            self._state.call_at(self._now() + self._state.errors.latency, self.look)
        elif settings.operation in {"OCP", "OPP"}:
            test = settings.over_current if settings.operation == "OCP" else settings.over_power
            self._player.play(programs.staircase(test, self._volts), self._draw, self._finish)
        elif settings.operation == "LIST":
            self._wait(waiting=True)

    def arm(self, *, on: bool) -> None:
        """Switch the trigger function, as the TRAN key does (2-21).

        On, it switches the input on and draws level B (UG 2-24), and with the source MANUal it triggers too (2-17).
        Off, a list stands still until the next trigger (UG 2-44), and a transient ends.
        """
        settings = self._settings()
        in_list = settings.operation == "LIST"
        if on:
            if in_list:
                if not self._state.input_on:
                    self.switch(on=True)
            elif settings.operation not in {"FIX", "WAV"} or settings.static.function != "CURR":
                raise ScpiError(-221, "transient operation is for constant current")
            elif not self.armed:
                self._draw_level_b(settings)
            self.armed = True
            if settings.trigger_source == "MANU" and not self._player.running:
                self._start(settings)
        elif in_list:
            self._player.stop()
            self.armed = False
            self._status().questionable.condition &= ~RUNNING_LIST
            self._wait(waiting=self._state.input_on)
        else:
            self.stop()
            self.follow_settings(ramp=False)

    def trigger(self) -> None:
        """``:TRIGger`` or ``*TRG``: start what waits for it; switches trigger function and input on first (instro)."""
        settings = self._settings()
        in_list = settings.operation == "LIST"
        fits = in_list or (settings.operation in {"FIX", "WAV"} and settings.static.function == "CURR")
        if settings.trigger_source != "BUS" or self._player.running or not fits:
            raise ScpiError(-211)
        self.arm(on=True)
        self._start(settings)

    def short(self, *, on: bool) -> None:
        """Draw as much as the power stage can, or no longer; the SHORT key (UG 2-80)."""
        self._settings().shorted = on
        self.follow_settings(ramp=False)

    def follow_settings(self, *, ramp: bool = True) -> None:
        """Let the plant draw what the settings of the present operation say.

        :param ramp: whether a change of current takes the time that the slew rate gives it.
        """
        state, settings = self._state, self._settings()
        static = settings.static
        mode: LoadMode = "CURR"
        current = 0.0
        if self._player.running or self.armed:
            return
        self._ramp += 1
        for name in FIELDS.values():
            if name != "current":
                setattr(state, name, getattr(static, name))
        if settings.operation in {"FIX", "WAV"}:
            mode, current = static.function, static.current
            state.starting_voltage = static.starting_voltage if mode == "CURR" else 0.0
        elif settings.operation == "BATT":
            current = settings.battery.current
            state.starting_voltage = settings.battery.starting_voltage
        else:
            state.starting_voltage = 0.0
        middle = half_ramp(current - state.current, static.slew)
        slow = ramp and state.input_on and state.mode == mode == "CURR" and middle >= NOTICED
        state.mode = "SHOR" if settings.shorted else mode
        if slow:
            turn = self._ramp
            state.call_at(self._now() + middle, lambda: self._reach(turn, current))
        else:
            state.current = current
        state.on_change()

    # --- what time does ------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Add up what a discharge has taken, and end it where it is to end."""
        if not self._discharging:
            return
        volts, amperes, _, _ = self._state.reading()
        if self.discharge.look(self._now(), volts, amperes, self._settings().battery):
            self._finish()
            return
        end = self._now() + self.discharge.remaining(self._settings().battery)
        if end < math.inf and not math.isclose(end, self._end, abs_tol=NOTICED):
            self._end = end
            self._state.call_at(end, self.look)

    def stop(self) -> None:
        """Do nothing more in the course of time; what is drawn stays."""
        self._player.stop()
        self._steps = None
        self._discharging = False
        self.armed = False
        self._ramp += 1
        self._wait(waiting=False)
        self._status().questionable.condition &= ~RUNNING_LIST

    def _draw_level_b(self, settings: Settings) -> None:
        """Switch the input on at level B, and wait."""
        self.stop()
        self._state.input_on = True
        self._state.starting_voltage = settings.static.starting_voltage
        self._state.mode, self._state.current = "CURR", settings.transient.b_level
        self._state.on_change()
        self._at_a = False
        self._wait(waiting=True)

    def _start(self, settings: Settings) -> None:
        """Begin the list, or go on with it; or do what the transient's mode asks for."""
        if settings.operation != "LIST":
            self._trigger_transient(settings)
            return
        self._wait(waiting=False)
        self._status().questionable.condition |= RUNNING_LIST
        if self._steps is None:
            self._steps = programs.cycles(settings.sequence)
        self._player.play(self._steps, self._draw, self._end_list)

    def _trigger_transient(self, settings: Settings) -> None:
        transient = settings.transient
        if transient.mode == "TOGG":
            self._at_a = not self._at_a
            self._draw(transient.a_level if self._at_a else transient.b_level)
            return
        self._wait(waiting=False)
        steps = programs.continuous(transient) if transient.mode == "CONT" else programs.pulse(transient)
        self._player.play(steps, self._draw, self._disarm, level=transient.b_level)

    def _disarm(self) -> None:
        """A pulse is over: the trigger function switches itself off, and level B stays (UG 2-31)."""
        self.armed = False

    def _end_list(self) -> None:
        self._status().questionable.condition &= ~RUNNING_LIST
        self._steps = None
        if self._settings().sequence.end == "OFF":
            self._finish()

    def _finish(self) -> None:
        """Open the input by itself: what it had to do is done."""
        self.stop()
        self._state.input_on = False
        self._state.follow()

    def _draw(self, level: float) -> None:
        settings, state = self._settings(), self._state
        functions: dict[str, LoadMode] = {"LIST": settings.sequence.function, "OPP": "POW"}
        state.mode = function = functions.get(settings.operation, "CURR")
        setattr(state, FIELDS[function], level)
        state.follow()

    def _reach(self, turn: int, current: float) -> None:
        if turn == self._ramp:
            self._state.current = current
            self._state.on_change()

    def _volts(self) -> float:
        return self._state.reading()[0]

    def _wait(self, *, waiting: bool) -> None:
        self._status().operation.condition = WAITING_FOR_TRIGGER if waiting else 0
