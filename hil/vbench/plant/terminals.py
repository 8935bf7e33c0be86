"""Where the plant and the virtual instruments meet: what a meter's and a load's terminals carry.

The plant writes samples and serves measurements; the instruments know nothing of contactors, cables or appliances.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, TypeAlias

from hil.vbench.plant.instrument_errors import NO_ERRORS, LoadErrors
from hil.vbench.plant.waveform import SINE, SINE_CREST_FACTOR, Waveform

if TYPE_CHECKING:
    from collections.abc import Callable

LoadMode: TypeAlias = Literal["CURR", "RES", "POW", "VOLT", "SHOR"]
"""Constant current, resistance, power or voltage, or as much as the power stage can."""


class MeterSample(NamedTuple):
    """True values at the meter's terminals over one update period; the instrument adds its own errors."""

    t: float
    """Instant in seconds of virtual time at which the period ended."""
    period: float
    """Length of the period in seconds."""
    voltage: float
    """True rms voltage in V."""
    current: float
    """True rms current in A."""
    power: float
    """Mean active power in W."""
    frequency: float
    """Fundamental frequency in Hz; 0 without voltage."""
    reactive: float = 0.0
    """Mean of what of apparent power is not active while the current flows, in var; not negative."""
    crest_factor: float = SINE_CREST_FACTOR
    """Of the current while it flows."""

    def filling(self, most: float) -> float:
        """Return the rms current in A that fills a range as this one does, of which peaks up to ``most`` x rms fit."""
        return self.current if self.crest_factor <= most else self.current * self.crest_factor / most


def _nobody() -> None:
    """Stand for the plant until it registers itself."""


def _standing_time(due: float, action: Callable[[], None]) -> None:
    """Stand for the clock of the plant: nothing ever comes due."""


def _dead_terminals() -> tuple[float, float, float, float]:
    return 0.0, 0.0, 0.0, 0.0


@dataclass
class ElectronicLoadState:
    """What an electronic load is told to draw, and how it sees its own terminals.

    The instrument writes the set-points and then calls ``on_change``; the plant sets all callables.
    """

    mode: LoadMode = "CURR"
    current: float = 0.0
    """Set-point of mode CURR in A rms."""
    resistance: float = 0.0
    """Set-point of mode RES in ohm."""
    power: float = 0.0
    """Set-point of mode POW in W."""
    voltage: float = 0.0
    """Set-point of mode VOLT in V."""
    starting_voltage: float = 0.0
    """V below which it draws nothing."""
    waveform: Waveform = SINE
    """Shape of the current that it draws."""
    input_on: bool = False
    direct_current: bool = False
    """Whether it is a DC load: the bench puts its AC/DC adapter before it, whose output are the terminals."""
    max_current: float = math.inf
    max_power: float = math.inf
    """Rating in A and W of this model's power stage, where it is below the plant's."""
    errors: LoadErrors = NO_ERRORS
    """By what it draws otherwise than it is told, and says otherwise than it draws."""
    on_change: Callable[[], None] = field(default=_nobody, repr=False)
    """Called after every change of the fields above that a command makes."""
    follow: Callable[[], None] = field(default=_nobody, repr=False)
    """Called after a change that the load makes by itself, as in a list: no command has to be understood first."""
    call_at: Callable[[float, Callable[[], None]], object] = field(default=_standing_time, repr=False)
    """Has an action done at an instant (s), for what a load does in the course of time."""
    measured: Callable[[], tuple[float, float, float, float]] = field(default=_dead_terminals, repr=False)
    """Returns true volts (rms or DC), amperes, watts and hertz (0: DC) at the present instant."""

    def reading(self) -> tuple[float, float, float, float]:
        """Return the same as the load reads them: voltage and frequency are true."""
        volts, amperes, watts, hertz = self.measured()
        factor = 1.0 + self.errors.reading_gain
        return volts, amperes * factor, watts * factor, hertz


class Pause(Exception):
    """Raised by an instrument that goes on with a line only when something has happened.

    :param ended: tells whether it has happened.
    :param reply: what the command that waits is answered then.
    """

    def __init__(self, ended: Callable[[], bool], reply: str | None = None) -> None:
        super().__init__()
        self.ended = ended
        self.reply = reply
        self.go_on: Callable[[], str | None] = lambda: None
        """Runs the rest of the line and returns the reply to all of it; may raise the next Pause."""


class VirtualInstrument(Protocol):
    """An instrument behind a raw socket: one line in, at most one line out."""

    def execute(self, line: str) -> str | None:
        """Take one received line without its line end; return the reply without line end, None if there is none.

        A character of the reply is a byte on the wire (Latin-1), so that it may hold blocks of binary data.
        Raises Pause if the line has to wait, and nothing else for anything that a client can send: errors go into the
        instrument's error queue.
        """


class LoadInstrument(VirtualInstrument, Protocol):
    """A virtual load that looks after its protections."""

    def power_on(self, seed: str, given: LoadErrors = NO_ERRORS) -> None:
        """Go back to the power-on state; errors that are not given (nan) follow from ``seed``."""

    def update(self) -> None:
        """Look at the protections; called at the end of each update period."""
