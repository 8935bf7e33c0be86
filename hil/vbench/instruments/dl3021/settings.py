"""The settings of a DL3021, by the functions that they belong to; new ones are those of ``*RST``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from hil.vbench.instruments.dl3021 import ratings
from hil.vbench.scpi.protection import Protection

if TYPE_CHECKING:
    from hil.vbench.plant.terminals import LoadMode

ANSWERS: Final[dict[LoadMode, str]] = {"CURR": "CC", "RES": "CR", "VOLT": "CV", "POW": "CP"}
"""What ``FUNC?`` answers, and ``LIST:MODE`` takes (2-19, 2-33)."""


@dataclass
class Limits:
    """V and A beyond which the input opens by itself, in one function."""

    voltage: float = ratings.VOLTAGE_LIMIT.default
    current: float = ratings.CURRENT_LIMIT.default


@dataclass
class Static:
    """The set-points of fixed operation."""

    function: LoadMode = "CURR"
    current: float = ratings.CURRENT.default
    resistance: float = ratings.RESISTANCE.default
    voltage: float = ratings.VOLTAGE.default
    power: float = ratings.POWER.default
    current_range: float = ratings.CURRENT_RANGES[-1]
    voltage_range: float = ratings.VOLTAGE_RANGES[-1]
    resistance_range: float = ratings.RESISTANCE_RANGES[-1]
    slew: float = ratings.SLEW.default
    starting_voltage: float = ratings.STARTING_VOLTAGE.default


@dataclass
class Transient:
    """Two levels of current by turns; the widths in ms. Frequency, period and duty are another view of the widths."""

    mode: str = "CONT"
    a_level: float = 4.0
    b_level: float = 1.0
    """A; the levels at the factory (UG 2-106)."""
    a_width: float = ratings.WIDTH.default
    b_width: float = ratings.WIDTH.default
    rising: float = ratings.SLEW.default
    falling: float = ratings.SLEW.default

    @property
    def period(self) -> float:
        """Both widths together, in ms."""
        return self.a_width + self.b_width

    @period.setter
    def period(self, value: float) -> None:
        self._share(value, self.duty)

    @property
    def frequency(self) -> float:
        """Periods in a ms: kHz."""
        return 1.0 / self.period

    @frequency.setter
    def frequency(self, value: float) -> None:
        self._share(1.0 / value, self.duty)

    @property
    def duty(self) -> float:
        """Percent of the period at level A."""
        return 100.0 * self.a_width / self.period

    @duty.setter
    def duty(self, value: float) -> None:
        self._share(self.period, value)

    def _share(self, period: float, duty: float) -> None:
        self.a_width = period * duty / 100.0
        self.b_width = period - self.a_width


@dataclass
class ListStep:
    """One step of a list; its level in A, V, ohm or W by the list's mode."""

    level: float = 2.0
    width: float = ratings.STEP_WIDTH.default
    slew: float = ratings.SLEW.default
    """A/µs. Two steps of 2 A for 1 s at the factory (UG 2-108)."""


@dataclass
class StepList:
    """A list of steps and how often it runs."""

    function: LoadMode = "CURR"
    level_range: float = ratings.CURRENT_RANGES[-1]
    cycles: int = 1
    """0: until it is stopped."""
    count: int = 2
    end: str = "OFF"
    steps: dict[int, ListStep] = field(default_factory=dict)

    def step(self, number: int) -> ListStep:
        """Return a step, which is that of the factory until it is set."""
        return self.steps.setdefault(number, ListStep())


@dataclass
class Battery:
    """A discharge at constant current, and what ends it."""

    current_range: float = ratings.CURRENT_RANGES[-1]
    current: float = ratings.CURRENT.default
    starting_voltage: float = ratings.STARTING_VOLTAGE.default
    stop_voltage: float = 0.0
    stop_capacity: float = ratings.CAPACITY.default
    stop_time: float = ratings.DISCHARGE_TIME.default
    stops_at_voltage: bool = False
    stops_at_capacity: bool = False
    stops_at_time: bool = False


@dataclass
class Staircase:
    """The test of a source's protection: current or power rises step by step until its voltage falls."""

    start: float = 0.0
    step: float = 1.0
    most: float = 10.0
    least: float = 9.0
    """A or W between which the source's protection should act; the factory's values (UG 2-108)."""
    current_range: float = ratings.CURRENT_RANGES[-1]
    starting_voltage: float = 0.01
    delay: float = ratings.DELAY.default
    step_delay: float = ratings.STEP_DELAY.default
    trip_voltage: float = 0.5
    trip_time: float = ratings.TRIP_TIME.default


@dataclass
class Settings:
    """Everything that ``*RST`` brings back."""

    operation: str = "FIX"
    """What drives the input: FIX, LIST, WAV, BATT, OCP or OPP (2-20)."""
    trigger_source: str = "MANU"
    sense: bool = False
    shorted: bool = False
    window: float = 8.0
    """Seconds that the display of the waveform shows (UG 2-75)."""
    time_step: int = 1
    static: Static = field(default_factory=Static)
    transient: Transient = field(default_factory=Transient)
    sequence: StepList = field(default_factory=StepList)
    battery: Battery = field(default_factory=Battery)
    over_current: Staircase = field(default_factory=Staircase)
    over_power: Staircase = field(default_factory=lambda: Staircase(most=100.0, least=90.0))
    limits: dict[str, Limits] = field(default_factory=lambda: {function: Limits() for function in ANSWERS})
    protection: Protection = field(
        default_factory=lambda: Protection("over power", ratings.LARGEST_POWER, enabled=True)
    )
