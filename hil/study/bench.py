"""A session on the bench: each trial switches the reference appliance on and off, and is read as a scenario would be.

On a virtual bench the plant tells what was true. On a physical one the reference is what the appliance draws by its
certificate at the voltage that was measured; without a certificate only repeatability and reproducibility can be told.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hil.errors import DeadlineExceeded, RigFault
from hil.evidence.documents import Event, Json, Kind
from hil.evidence.event_intervals import Interval, instant, power_lost, power_readings
from hil.evidence.uncertainty import COVERAGE
from hil.history.studies.sessions import Measured
from hil.rig.config.certificate import read_uncertainty
from hil.rig.safety.contacts import CONTACT_S
from hil.rig.sampling.energy import metered_energy, reading_of
from hil.rig.sampling.timer import SAMPLE_PERIOD_S, reading_age
from hil.scenario.setups.reference import REFERENCE
from hil.study.design import PROGRAMMABLE_MAINS, SWITCHES_UNDER_LOAD, Design, Turn, order_of
from hil.units import Ohm, Watt, format_quantity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from hil.scenario.scenario import ScenarioRun

LOAD_LATE_S = 0.005
"""From a command to the load's current, at the most."""

GONE_S = 3.0
"""For the meter to show that the power is gone."""

LATE_S = 1.2
"""After the last trial: a bench in lockstep hands readings over up to a second late."""


@dataclass(frozen=True)
class _Trial:
    """When what happened in a trial, and what a virtual bench says that is true; None on a physical one.

    :ivar dead: instant before the power came, at ``closed``.
    :ivar cause: from which the time counts, until power is cut at ``opened``; at ``end`` the meter shows that.
    """

    turn: Turn
    number: int
    dead: float
    closed: Event
    cause: Interval
    opened: Event
    end: float
    before: dict[str, Any] | None
    under_load: dict[str, Any] | None
    after: dict[str, Any] | None


class BenchSession:
    """One session; see the module's docstring.

    :param scenario: which the bench was given to; :param seed: of the order of trials and of their instants.
    :param progress: told of each trial, in words.
    """

    def __init__(
        self, scenario: ScenarioRun, design: Design, seed: str, progress: Callable[[str], None] = lambda _: None
    ) -> None:
        self._scenario, self._rig, self._clock = scenario, scenario.rig, scenario.clock
        self._design, self._seed, self._progress = design, seed, progress
        self._chance = random.Random(f"{seed}/instants")  # noqa: S311 - repeatable, and nothing to keep secret
        self._sets_mains = PROGRAMMABLE_MAINS in self._rig.file.features
        reference = self._rig.file.options.reference
        self._fixed = reference is not None and reference.power is not None
        self._breaks_current = SWITCHES_UNDER_LOAD in self._rig.file.features
        self._trials: list[_Trial] = []

    def measure(self) -> tuple[Measured, ...]:
        """Carry out all trials; return what was measured. Raises RigFault for a bench that fails, or draws nothing."""
        scenario = self._scenario
        scenario.plan.setup, scenario.plan.appliance = REFERENCE, "load"
        scenario.switch_on()
        turns = order_of(self._design, self._seed)
        seen: dict[tuple[str, int], int] = {}
        for number, turn in enumerate(turns, 1):
            power = format_quantity(self._design.powers[turn.power], "W")
            self._progress(f"trial {number} of {len(turns)}: {power}")
            self._trials.append(self._trial(turn, number))
        if self._sets_mains:
            self._rig.set_mains(self._design.nominal)
        self._clock.sleep(LATE_S)
        found: list[Measured] = []
        for trial in self._trials:
            for quantity, level, numbers in self._read(trial):
                key = (quantity, level)
                seen[key] = seen.get(key, 0) + 1
                nominal = self._design.levels(quantity)[level]
                found.append(Measured(quantity, nominal, seen[key], *numbers))
        return tuple(found)

    # --- switching -------------------------------------------------------------------------------------------------

    def _trial(self, turn: Turn, number: int) -> _Trial:
        design, rig, clock = self._design, self._rig, self._clock
        began = clock.now()
        if self._sets_mains:
            rig.set_mains(design.voltages[turn.voltage])
        if not self._fixed:
            self._set_load(design.powers[turn.power])
        steady = reading_age(rig.meter) + SAMPLE_PERIOD_S
        clock.sleep(steady + self._chance.uniform(0.0, float(rig.meter.update_period)))
        dead, before = clock.now(), self._truth()
        closed = self._apply()
        delay = design.times[turn.time]
        clock.sleep(design.seconds - delay - (clock.now() - closed.t))
        now, bound = clock.now(), float(clock.bound)
        cause = Interval(now - bound, now + bound)
        clock.sleep(delay)
        under_load = self._truth()
        opened = self._cut()
        clock.sleep(steady)
        self._await_no_power()
        after = self._truth()
        text = (
            f"trial {number}: {format_quantity(design.powers[turn.power], 'W')} for {design.seconds:g} s,"
            f" cut {format_quantity(delay, 's')} after its cause"
        )
        told: dict[str, Json] = {"keyword": "Trial", "text": text, "line": 0, "outcome": "passed", "started": began}
        self._scenario.recorder.observe(Kind.STEP, "bench", told)
        return _Trial(turn, number, dead, closed, cause, opened, clock.now(), before, under_load, after)

    def _await_no_power(self) -> None:
        """Wait until the meter shows that the power is gone: on a busy machine readings come late."""
        observer = self._scenario.observer
        try:
            observer.wait_for(
                lambda: not observer.power_flows(), timeout=GONE_S, what="the power to be gone", on_readings=True
            )
        except DeadlineExceeded as late:
            raise RigFault(late.what, place="K1", remedy="Look at the contactor and at the meter.") from None

    def _set_load(self, power: float) -> None:
        """Have the load draw this power in W: by a resistance, unless it stands behind an adapter."""
        if self._rig.load.behind_adapter:
            self._rig.load.draw_power(Watt(power))
        else:
            self._rig.load.present_resistance(Ohm(self._design.nominal**2 / power))

    def _apply(self) -> Event:
        """Let power flow; return the event from which it does. Without the feature flag K1 switches no current."""
        if self._breaks_current:
            if not self._fixed:
                self._rig.load.set_input(on=True)
            return self._switch(closed=True)
        self._switch(closed=True)
        return self._turn_load(on=True)

    def _cut(self) -> Event:
        """Cut the power; return the event that did, likewise."""
        if self._breaks_current:
            return self._switch(closed=False)
        cut = self._turn_load(on=False)
        self._switch(closed=False)
        return cut

    def _switch(self, *, closed: bool) -> Event:
        """Switch K1 and return the event of it."""
        self._rig.strategy.switch("K1", closed=closed)
        return next(event for event in reversed(self._scenario.recorder.events) if event.source == "K1")

    def _turn_load(self, *, on: bool) -> Event:
        began = self._clock.now()
        self._rig.load.set_input(on=on)
        told: dict[str, Json] = {"input_on": on}
        return self._scenario.recorder.observe(Kind.LOAD, "load", told, before=self._clock.now() - began)

    def _truth(self) -> dict[str, Any] | None:
        bench = self._rig.bench
        return None if bench is None else bench.ask({"op": "truth"})

    # --- reading ---------------------------------------------------------------------------------------------------

    def _read(self, trial: _Trial) -> Iterator[tuple[str, int, tuple[float, float, float, float | None]]]:
        """Yield quantity, number of the level, and value, U, reference and its U of a trial."""
        meter, turn = self._rig.meter, trial.turn
        events = _within(self._scenario.recorder.events, trial)
        lit = [event for event, _ in power_readings(events) if event.t <= instant(trial.opened).early]
        off_w = float(meter.off_threshold_w)
        if not lit or float(reading_of(lit[-1]).power) < off_w:
            raise RigFault(
                f"no power flowed in trial {trial.number} although K1 and K2 were closed",
                place="reference appliance",
                remedy="See that it is plugged in, and that straight adapters stand in the places of socket and cable.",
            )
        reading = reading_of(lit[-1])
        power, voltage = meter.power_budget(reading).expanded, meter.voltage_budget(reading).expanded
        expected = self._expected(trial, float(reading.voltage), voltage)
        energy = metered_energy(events, meter)
        lost = power_lost(events, trial.cause.early, off_w).since(trial.cause)
        cut = (lost.low + lost.high) / 2, (lost.high - lost.low) / 2
        yield "power", turn.power, (float(reading.power), power, *expected["power"])
        yield "energy", turn.power, (energy.value, energy.budget.expanded, *expected["energy"])
        yield "voltage", turn.voltage, (float(reading.voltage), voltage, *expected["voltage"])
        yield "time", turn.time, (*cut, *expected["time"])

    def _expected(self, trial: _Trial, volts: float, uncertain_v: float) -> dict[str, tuple[float, float | None]]:
        """Return reference and U of each quantity."""
        design, turn = self._design, trial.turn
        cut_after = instant(trial.opened).early - trial.cause.early
        if trial.before is None or trial.under_load is None or trial.after is None:
            power, u = design.powers[turn.power], None  # what an adapter loses on top is not known
            if not self._rig.load.behind_adapter or self._fixed:
                power *= (volts / design.nominal) ** 2
                u = self._certified(power, uncertain_v / volts)
            flowed, late = self._flowed(trial)
            return {
                "power": (power, u),
                "energy": (power * flowed, None if u is None else u * flowed + power * late),
                "voltage": (design.voltages[turn.voltage], None),
                "time": (cut_after, None),
            }
        true = trial.under_load
        edge = float(trial.after["contacts"]["K1"]["edge"]) - trial.cause.early
        return {
            "power": (float(true["power"]), 0.0),
            "energy": (float(trial.after["energy_wh"]) - float(trial.before["energy_wh"]), 0.0),
            "voltage": (float(true["voltage"]), 0.0),
            # on the wall clock the bench's instants are of another clock
            "time": (edge, 0.0) if self._rig.lockstep and self._breaks_current else (cut_after, None),
        }

    def _flowed(self, trial: _Trial) -> tuple[float, float]:
        """Return for how many hours power flowed, and within how many hours that is known."""
        began, ended = instant(trial.closed), instant(trial.opened)
        between = (ended.early + ended.late - began.early - began.late) / 2
        late = (ended.late - ended.early + began.late - began.early) / 2
        # contacts close and open with some delay, and not with the same
        late += CONTACT_S if self._breaks_current else LOAD_LATE_S
        return between / 3600, late / 3600

    def _certified(self, power: float, of_voltage: float) -> float | None:
        """Return U of the appliance's power in W, with what the voltage is uncertain by as a part of it."""
        facts = self._rig.file.options.reference
        if facts is None:
            return None
        of_reading, constant, k = read_uncertainty(facts.uncertainty)
        return (of_reading * power + constant) * COVERAGE / (k or facts.k or COVERAGE) + 2 * of_voltage * power


def _within(events: Sequence[Event], trial: _Trial) -> list[Event]:
    """Return the readings of a trial from the last one without power on; the meter counts its energy from there."""
    readings = [each for each in events if each.kind is Kind.READING and each.source == "meter"]
    first = max((number for number, each in enumerate(readings) if each.t <= trial.dead), default=0)
    chosen = [each for each in readings[first:] if each.t <= trial.end]
    begun = float(reading_of(chosen[0]).energy) if chosen else 0.0
    return [each._replace(data={**each.data, "energy_Wh": float(reading_of(each).energy) - begun}) for each in chosen]
