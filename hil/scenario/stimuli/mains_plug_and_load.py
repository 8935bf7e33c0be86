"""Disturbances of the power path during a session: mains that sag or fail, a plug that is pulled, a load step.

Each is recorded when it begins and when it is over, so that measurements and the report can refer to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.errors import AuthorError
from hil.evidence.documents import Kind
from hil.scenario.appliance.load_drawing import draw, told
from hil.scenario.plan import SUPPLY
from hil.units import Watt, format_quantity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hil.evidence.documents import Event
    from hil.rig.recorder import Recorder
    from hil.scenario.scenario import ScenarioRun
    from hil.units import CurrentShape

NOMINAL_V = 230.0
"""Mains voltage (docs/system.md), unless the rig file's plant has another."""

HIGHEST_SHARE = 1.15
"""Of the nominal voltage: class 0.2 to 1.15 Un is what meters are tested to (EN 50470-1, limit range of operation)."""

MAINS, PLUG = "mains", "plug"
"""Sources of FAULT events."""

SHORTEST_BOUNCE_S = 0.1
"""For K2 to open or to close, with room: a contactor takes 10 to 50 ms."""

LOOKS_FOR_S = 3.0
LOOK_EVERY_S = 0.1
"""After the plug was pulled the ledger is looked at this long and this often: a broadcast is timed by that."""


def lose_mains(scenario: ScenarioRun, seconds: float) -> None:
    """Take the mains from the socket under test as a whole, power path and electronics (K1, K3), and give them back."""
    _open_for(scenario, ("K1", SUPPLY["socket"]), seconds, "mains lost")


def interrupt_mains(scenario: ScenarioRun, seconds: float) -> None:
    """Take the mains from the socket's power path only (K1); its electronics go on."""
    _open_for(scenario, ("K1",), seconds, "mains ahead of the contact interrupted")


def no_mains(percent: float) -> str:
    """Return why there are no mains with this share of the nominal voltage, ``""`` if there are."""
    if percent == 100:
        return f"mains at 100 % do not change; 0 % to below 100 %, or above 100 % to {100 * HIGHEST_SHARE:g} %"
    if 0 <= percent <= 100 * HIGHEST_SHARE:
        return ""
    return f"{percent:g} % is no voltage that mains have; 0 to {100 * HIGHEST_SHARE:g} %"


def change_mains(scenario: ScenarioRun, percent: float, seconds: float) -> None:
    """Have another voltage for a while, as a share of the nominal one; see :func:`no_mains`."""
    nominal = float(scenario.rig.file.options.plant.get("mains_voltage", NOMINAL_V))
    _mains(scenario, f"mains at {percent:g} % for {format_quantity(seconds, 's')}")
    scenario.rig.set_mains(nominal * percent / 100)
    scenario.observer.sleep(seconds)
    began = scenario.clock.now()
    scenario.rig.set_mains(nominal)
    _mains(scenario, "mains restored", began)


def pull_plug(scenario: ScenarioRun) -> None:
    """Pull the cable out of the socket: K2 opens, and nothing is said on the link any more."""
    began = scenario.clock.now()
    scenario.rig.strategy.switch("K2", closed=False)
    scenario.tap().unplug(unplugged=True)
    _fault(scenario, PLUG, "cable pulled out of the socket", began)
    _watch_ledger(scenario, scenario.clock.now() + LOOKS_FOR_S)


def plug_in(scenario: ScenarioRun) -> None:
    """Put the cable back: K2 closes and the link is whole."""
    scenario.rig.strategy.switch("K2", closed=True)
    scenario.tap().unplug(unplugged=False)
    _fault(scenario, PLUG, "cable plugged in again")


def too_quick(times: int, seconds: float) -> str:
    """Return why K2 cannot open and close so often in this time, ``""`` if it can."""
    if times >= 1 and seconds / (2 * times) >= SHORTEST_BOUNCE_S:
        return ""
    return f"K2 needs {format_quantity(2 * SHORTEST_BOUNCE_S, 's')} to open and close once"


def bounce_plug(scenario: ScenarioRun, times: int, seconds: float) -> None:
    """Pull the cable and put it back ``times`` times, evenly over ``seconds``; it ends plugged in."""
    if what := too_quick(times, seconds):
        raise AuthorError(what, remedy="Give it longer, or bounce less often.")
    for _ in range(times):
        pull_plug(scenario)
        scenario.observer.sleep(seconds / (2 * times))
        plug_in(scenario)
        scenario.observer.sleep(seconds / (2 * times))


def plug_in_inverter(scenario: ScenarioRun, power: Watt) -> None:
    """Put a solar inverter behind the cable, before power is applied; AuthorError if this rig has none."""
    rig = scenario.rig
    if "inverter" not in rig.file.options.appliances:
        raise AuthorError(f"rig '{rig.file.options.name}' has no solar inverter", remedy="See its appliances.")
    scenario.plan.appliance, scenario.plan.plant["inverter_power"] = "inverter", float(power)
    if rig.meter_watch is not None:
        rig.meter_watch.may_flow_back = True


def change_load(scenario: ScenarioRun, power: Watt, shape: CurrentShape | None = None) -> None:
    """Let the programmable load draw another power from now on; AuthorError without a load, or beyond its limits.

    :param shape: of its current; None: as before.
    """
    _needs_load(scenario)
    before = scenario.plan.load_shape
    scenario.use_load(power, before if shape is None else shape)
    shape = scenario.plan.load_shape
    draw(scenario.rig.load, power, shape, before)
    scenario.bench_watch.load_told(power)
    scenario.recorder.observe(Kind.LOAD, "load", told(power, shape))


def switch_load(scenario: ScenarioRun, *, on: bool) -> None:
    """Switch the input of the programmable load, as an appliance's own switch."""
    _needs_load(scenario)
    scenario.rig.load.set_input(on=on)
    scenario.bench_watch.load_told(scenario.plan.load_power_w if on else None)
    scenario.recorder.observe(Kind.LOAD, "load", {"input_on": on})


def last(recorder: Recorder, source: str, word: str) -> Event | None:
    """Return the newest event of ``source`` whose text has ``word`` in it."""
    events = recorder.events
    found = (each for each in reversed(events) if each.kind is Kind.FAULT and each.source == source)
    return next((each for each in found if word in str(each.data["what"])), None)


def _needs_load(scenario: ScenarioRun) -> None:
    if scenario.plan.load_power_w is None:
        raise AuthorError("no load in this scenario", remedy="Given the load draws 300 W")
    if scenario.plan.load_profile is not None:
        raise AuthorError("the load plays a profile in this scenario", remedy="Let it draw a constant power instead.")


def _open_for(scenario: ScenarioRun, relays: Sequence[str], seconds: float, what: str) -> None:
    if "socket" not in scenario.observer.devices_under_test():
        raise AuthorError("with the cable under test K1 is the contact of the socket that the bench plays")
    _mains(scenario, f"{what} for {format_quantity(seconds, 's')}")
    for relay in relays:
        scenario.rig.strategy.switch(relay, closed=False)
    scenario.observer.sleep(seconds)
    began = scenario.clock.now()
    for relay in relays:
        scenario.rig.strategy.switch(relay, closed=True)
    _mains(scenario, "mains restored", began)


def _watch_ledger(scenario: ScenarioRun, until: float) -> None:
    def look() -> None:
        scenario.rig.chain.look()
        if scenario.clock.now() < until:
            scenario.clock.call_at(scenario.clock.now() + LOOK_EVERY_S, look)

    look()


def _mains(scenario: ScenarioRun, what: str, began: float | None = None) -> None:
    _fault(scenario, MAINS, what, began)


def _fault(scenario: ScenarioRun, source: str, what: str, began: float | None = None) -> None:
    """Record what was done now, or since the instant ``began``: on a wall clock a relay takes time to switch."""
    took = 0.0 if began is None else scenario.clock.now() - began
    scenario.recorder.observe(Kind.FAULT, source, {"what": what, "who": "bench"}, before=took)
