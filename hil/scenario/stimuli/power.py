"""What befalls the power path while the devices trade: mains that sag or fail, a plug that is pulled, a load step.

Each is recorded when it begins and when it is over, so that measurements and the report can refer to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.errors import AuthorError
from hil.evidence.documents import Kind
from hil.scenario.stimuli.interruptions import SUPPLY
from hil.units import Watt, format_quantity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hil.evidence.documents import Event
    from hil.scenario.scenario import Trial

NOMINAL_V = 230.0
"""Mains voltage (DESIGN §2), unless the rig file's plant has another."""

HIGHEST_SHARE = 1.15
"""Of the nominal voltage: class 0.2 to 1.15 Un is what meters are tested to (EN 50470-1, limit range of operation)."""

MAINS, PLUG = "mains", "plug"
"""Sources of FAULT events."""

SHORTEST_BOUNCE_S = 0.1
"""For K2 to open or to close, with room: a contactor takes 10 to 50 ms."""

LOOKS_FOR_S = 3.0
LOOK_EVERY_S = 0.1
"""After the plug was pulled the ledger is looked at this long and this often: a broadcast is timed by that."""


def lose_mains(trial: Trial, seconds: float) -> None:
    """Take the mains from the socket under test as a whole, power path and electronics (K1, K3), and give them back."""
    _open_for(trial, ("K1", SUPPLY["socket"]), seconds, "mains lost")


def interrupt_mains(trial: Trial, seconds: float) -> None:
    """Take the mains from the socket's power path only (K1); its electronics go on."""
    _open_for(trial, ("K1",), seconds, "mains ahead of the contact interrupted")


def no_mains(percent: float) -> str:
    """Return why there are no mains with this share of the nominal voltage, ``""`` if there are."""
    if 0 <= percent <= 100 * HIGHEST_SHARE:
        return ""
    return f"{percent:g} % is no voltage that mains have; 0 to {100 * HIGHEST_SHARE:g} %"


def change_mains(trial: Trial, percent: float, seconds: float) -> None:
    """Have another voltage for a while, as a share of the nominal one; see :func:`no_mains`."""
    nominal = float(trial.rig.file.options.plant.get("mains_voltage", NOMINAL_V))
    _mains(trial, f"mains at {percent:g} % for {format_quantity(seconds, 's')}")
    trial.rig.set_mains(nominal * percent / 100)
    trial.sleep(seconds)
    began = trial.clock.now()
    trial.rig.set_mains(nominal)
    _mains(trial, "mains restored", began)


def pull_plug(trial: Trial) -> None:
    """Pull the cable out of the socket: K2 opens, and nothing is said on the link any more."""
    began = trial.clock.now()
    trial.rig.strategy.switch("K2", closed=False)
    trial.tap().unplug(unplugged=True)
    _fault(trial, PLUG, "cable pulled out of the socket", began)
    _watch_ledger(trial, trial.clock.now() + LOOKS_FOR_S)


def plug_in(trial: Trial) -> None:
    """Put the cable back: K2 closes and the link is whole."""
    trial.rig.strategy.switch("K2", closed=True)
    trial.tap().unplug(unplugged=False)
    _fault(trial, PLUG, "cable plugged in again")


def too_quick(times: int, seconds: float) -> str:
    """Return why K2 cannot open and close so often in this time, ``""`` if it can."""
    if times >= 1 and seconds / (2 * times) >= SHORTEST_BOUNCE_S:
        return ""
    return f"K2 needs {format_quantity(2 * SHORTEST_BOUNCE_S, 's')} to open and close once"


def bounce_plug(trial: Trial, times: int, seconds: float) -> None:
    """Pull the cable and put it back ``times`` times, evenly over ``seconds``; it ends plugged in."""
    if what := too_quick(times, seconds):
        raise AuthorError(what, remedy="Give it longer, or bounce less often.")
    for _ in range(times):
        pull_plug(trial)
        trial.sleep(seconds / (2 * times))
        plug_in(trial)
        trial.sleep(seconds / (2 * times))


def change_load(trial: Trial, power: Watt) -> None:
    """Let the programmable load draw another power from now on; AuthorError without a load, or beyond its limits."""
    _needs_load(trial)
    trial.use_load(power)
    trial.rig.load.draw_power(power)
    trial.load_told(power)
    trial.recorder.write(Kind.LOAD, "load", {"power_W": float(power)})


def switch_load(trial: Trial, *, on: bool) -> None:
    """Switch the input of the programmable load, as an appliance's own switch."""
    _needs_load(trial)
    trial.rig.load.set_input(on=on)
    trial.load_told(trial.plan.load_power_w if on else None)
    trial.recorder.write(Kind.LOAD, "load", {"input_on": on})


def last(trial: Trial, source: str, word: str) -> Event | None:
    """Return the newest event of ``source`` whose text has ``word`` in it."""
    events = trial.recorder.events
    found = (each for each in reversed(events) if each.kind is Kind.FAULT and each.source == source)
    return next((each for each in found if word in str(each.data["what"])), None)


def _needs_load(trial: Trial) -> None:
    if trial.plan.load_power_w is None:
        raise AuthorError("no load in this scenario", remedy="Given the load draws 300 W")
    if trial.plan.load_profile is not None:
        raise AuthorError("the load plays a profile in this scenario", remedy="Let it draw a constant power instead.")


def _open_for(trial: Trial, relays: Sequence[str], seconds: float, what: str) -> None:
    if "socket" not in trial.devices_under_test():
        raise AuthorError("with the cable under test K1 is the contact of the socket that the bench plays")
    _mains(trial, f"{what} for {format_quantity(seconds, 's')}")
    for relay in relays:
        trial.rig.strategy.switch(relay, closed=False)
    trial.sleep(seconds)
    began = trial.clock.now()
    for relay in relays:
        trial.rig.strategy.switch(relay, closed=True)
    _mains(trial, "mains restored", began)


def _watch_ledger(trial: Trial, until: float) -> None:
    def look() -> None:
        trial.rig.side.look()
        if trial.clock.now() < until:
            trial.clock.call_at(trial.clock.now() + LOOK_EVERY_S, look)

    look()


def _mains(trial: Trial, what: str, began: float | None = None) -> None:
    _fault(trial, MAINS, what, began)


def _fault(trial: Trial, source: str, what: str, began: float | None = None) -> None:
    """Record what was done now, or since the instant ``began``: on a wall clock a relay takes time to switch."""
    took = 0.0 if began is None else trial.clock.now() - began
    trial.recorder.write(Kind.FAULT, source, {"what": what, "who": "bench"}, before=took)
