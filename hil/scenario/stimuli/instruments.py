"""The instruments as an ordinary test handles them itself: what it reads and what it tells them goes into the evidence.

The framework reads the lab meter all the time, and measurements go by those readings. What a test reads beside them is
recorded under a source of its own, so that it changes no measurement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.errors import AuthorError
from hil.evidence.documents import Kind
from hil.rig.sampling.timer import reading_age
from hil.scenario.stimuli import mains_plug_and_load

if TYPE_CHECKING:
    from typing import Any

    from hil.ports import Load, Reading
    from hil.scenario.scenario import ScenarioRun
    from hil.units import Ampere, Ohm, Watt

SOURCE = "test"
"""Source of what a test reads itself."""


class RecordedMeter:
    """The lab meter; :meth:`read` is recorded, all else is the meter's own."""

    def __init__(self, scenario: ScenarioRun) -> None:
        self._scenario = scenario

    def read(self) -> Reading:
        """Return what the meter shows now; AuthorError before the bench is switched on, RigFault as the meter."""
        _need_power(self._scenario)
        meter = self._scenario.rig.meter
        reading = meter.read()
        data = {
            "voltage_V": float(reading.voltage),
            "current_A": float(reading.current),
            "power_W": float(reading.power),
            "energy_Wh": float(reading.energy),
        }
        self._scenario.recorder.observe(Kind.READING, SOURCE, data, before=reading_age(meter))
        return reading

    def __getattr__(self, name: str) -> Any:
        return getattr(self._scenario.rig.meter, name)


class RecordedLoad:
    """The programmable load; what it is told and the power that it tells are recorded, all else is the load's own.

    Each verb that tells it something raises AuthorError before the bench is switched on.
    """

    def __init__(self, scenario: ScenarioRun) -> None:
        self._scenario = scenario

    def draw_power(self, power: Watt) -> None:
        """Draw this constant power from now on; AuthorError without a load, or beyond what load and rig can do."""
        _need_power(self._scenario)
        mains_plug_and_load.change_load(self._scenario, power)

    def set_input(self, *, on: bool) -> None:
        """Switch the input and read it back, as an appliance's own switch."""
        _need_power(self._scenario)
        mains_plug_and_load.switch_load(self._scenario, on=on)

    def draw_current(self, current: Ampere) -> None:
        """Draw this constant current from now on."""
        self._tell({"current_A": float(current)}).draw_current(current)

    def present_resistance(self, resistance: Ohm) -> None:
        """Be this resistance from now on."""
        self._tell({"resistance_Ohm": float(resistance)}).present_resistance(resistance)

    def read_power(self) -> Watt:
        """Return the power that it measures itself, at its own terminals."""
        _need_power(self._scenario)
        power = self._scenario.rig.load.read_power()
        self._scenario.recorder.observe(Kind.READING, f"{SOURCE}: load", {"power_W": float(power)})
        return power

    def _tell(self, what: dict[str, float]) -> Load:
        _need_power(self._scenario)
        self._scenario.bench_watch.load_told(None)  # what power follows from it nothing can say
        self._scenario.recorder.observe(Kind.LOAD, "load", what)
        return self._scenario.rig.load

    def __getattr__(self, name: str) -> Any:
        return getattr(self._scenario.rig.load, name)


def _need_power(scenario: ScenarioRun) -> None:
    """Raise AuthorError before the bench is switched on: its instruments are not prepared by then."""
    if scenario.observer.powered_on is None:
        raise AuthorError("the bench is not switched on yet", remedy="Call bench.switch_on() first.")
