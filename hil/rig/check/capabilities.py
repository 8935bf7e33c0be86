"""What a bench can do, by its rig file alone: nothing is opened, so that features can be held against it at a desk.

How much power a load takes and how well a meter knows an edge depends on their models. A virtual bench has those that
its ``VirtualBench`` names; of a physical one the rig file tells them (``options.rig.instruments.load.model``), or they
are not known and not reckoned with.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hil.clock import WallClock
from hil.errors import ConfigurationError, nearest
from hil.instruments.dialects import LOADS, METERS, D, Dialects
from hil.instruments.identity import Models
from hil.plugins import registry
from hil.plugins.groups import VIRTUAL_LOADS, VIRTUAL_METERS
from hil.ports import Reading
from hil.rig.check.clocks import first_sight, resolution
from hil.rig.sampling.timer import SAMPLE_PERIOD_S
from hil.units import Ampere, Second, Volt, Watt, WattHour, format_quantity

if TYPE_CHECKING:
    from hil.ports import Identity
    from hil.rig.config.rig_file import RigFile
    from hil.units import Percent

NOMINAL_V = 230.0
"""Mains voltage (docs/system.md), unless the rig file's plant has another."""

VIRTUAL = {"meter": "HMC8015", "load": "IT8615"}
"""What a virtual bench has if its rig file names nothing else."""


def no_real_time(rig: RigFile, *_: object) -> str:
    """Return why no person can be asked at this rig; ``""`` if one can."""
    return "" if rig.real_time else f"rig '{rig.options.name}' runs in virtual time, in which no person can be asked"


def beyond_load(rig: RigFile, power: Watt) -> str:
    """Return why the programmable load of this rig cannot draw ``power``, ``""`` if it can."""
    highest, why = _most_power(rig)
    if 0 < power <= highest:
        return ""
    return f"{power:g} W is outside what rig '{rig.options.name}' can draw: above 0 W, at most {highest:g} W ({why})"


def beyond_current(rig: RigFile, power: Watt, share: float = 100.0, power_factor: float = 1.0) -> str:
    """Return why a constant power draws more current than this bench bears; ``""`` if it does not.

    :param share: of the nominal voltage of the mains, in percent, above 0. The less voltage, the more current.
    :param power_factor: above 0. The less, the more current.
    """
    nominal = rig.options.plant.get("mains_voltage", NOMINAL_V)
    if not isinstance(nominal, int | float) or nominal <= 0 or share <= 0:
        return ""
    voltage = nominal * share / 100
    current = power / voltage / power_factor
    highest, why = _most_current(rig)
    if current <= highest:
        return ""
    return (
        f"{power:g} W at {voltage:g} V draw {current:.3g} A, which is outside what rig '{rig.options.name}' bears:"
        f" at most {highest:g} A ({why})"
    )


def highest_resistive_power(rig: RigFile, share: float) -> Watt:
    """Return the most that a resistance may draw at the nominal voltage, in W.

    :param share: of the nominal voltage that the mains reach, 1 or more: power grows with its square.
    """
    return Watt(min(_most_power(rig)[0] / share**2, _most_current(rig)[0] * NOMINAL_V / share))


def undecidable_edge(rig: RigFile, limit: Second) -> str:
    """Return why this rig cannot find a limit on an edge of power kept, however fast the device; ``""`` if it may.

    Reckoned with the least bound that its clock can have; ``hil rig check`` measures what it has.
    """
    meter = driver_of(rig, METERS)
    if meter is None:
        return ""
    period = update_period(rig)
    least = first_sight(period, _clock_bound(rig))
    if least <= limit:
        return ""
    return (
        f"rig '{rig.options.name}' cannot decide a limit of {format_quantity(limit, 's')}: its meter updates every"
        f" {format_quantity(period, 's')}, so no reading shows an edge of power within"
        f" {format_quantity(least, 's')}"
    )


def doubtful_edge(rig: RigFile, limit: Second) -> str:
    """Return why this rig might not decide a limit on an edge, by when that comes; ``""`` if it does or cannot."""
    if driver_of(rig, METERS) is None or undecidable_edge(rig, limit):
        return ""
    period = update_period(rig)
    width = resolution(period, _clock_bound(rig))
    if width <= limit:
        return ""
    return (
        f"rig '{rig.options.name}' might not decide a limit of {format_quantity(limit, 's')}: its meter updates every"
        f" {format_quantity(period, 's')}, so an edge of power is known within {format_quantity(width, 's')}. A limit"
        " of that or more, or a meter that updates more often, decides it"
    )


def undecidable_interruption(rig: RigFile, limit: Second) -> str:
    """Return why this rig cannot find that power was not off for longer than ``limit``; ``""`` if it may.

    The rms voltage of an update falls with the share of it that was without voltage. Two readings of a voltage that
    never changed may differ by twice the meter's uncertainty, which looks like a short interruption.
    """
    u, period = voltage_uncertainty(rig), update_period(rig)
    if u is None:
        return ""
    shortest = shortest_interruption(u, period)
    if shortest <= limit:
        return ""
    return (
        f"rig '{rig.options.name}' cannot decide a limit of {format_quantity(limit, 's')}: its meter updates every"
        f" {format_quantity(period, 's')} and reads {NOMINAL_V:g} V within {format_quantity(u, 'V')}, so an"
        f" interruption within one update is known within {format_quantity(shortest, 's')}"
    )


def shortest_interruption(u: float, period: Second) -> Second:
    """Return the shortest interruption within one update that a meter shows for sure.

    :param u: what its voltage is uncertain by, in V; :param period: its update period.
    """
    return Second((1 - ((NOMINAL_V - u) / (NOMINAL_V + u)) ** 2) * period)


def unread_updates(rig: RigFile, *_: object) -> str:
    """Return why this rig may not see an interruption of one update; ``""`` if it reads each update of its meter."""
    period = update_period(rig)
    if driver_of(rig, METERS) is None or period >= SAMPLE_PERIOD_S:
        return ""
    return (
        f"rig '{rig.options.name}' might not decide it: its meter updates every {format_quantity(period, 's')} and is"
        f" read every {format_quantity(SAMPLE_PERIOD_S, 's')}, so not all of its updates are seen. A meter that is"
        " set to update as often as it is read decides it"
    )


def update_period(rig: RigFile) -> Second:
    """Return the update period of this rig's meter in seconds; 0 if its model is not known."""
    meter = driver_of(rig, METERS)
    if meter is None:
        return Second(0.0)
    told = rig.options.plant.get("meter_period")
    return Second(float(told)) if isinstance(told, int | float) else meter.update_period


def energy_uncertainty(rig: RigFile, energy: WattHour, seconds: Second) -> float | None:
    """Return U in Wh of an energy that this rig's meter integrates in so many seconds; None if it is not known."""
    meter = driver_of(rig, METERS)
    if meter is None:
        return None
    return meter.limits.energy_budget(energy, seconds, energy, rig.conditions).expanded


def power_uncertainty(rig: RigFile, power: Watt) -> float | None:
    """Return U in W of a power that this rig's meter shows at the nominal voltage; None if it is not known."""
    meter = driver_of(rig, METERS)
    if meter is None:
        return None
    reading = Reading(Volt(NOMINAL_V), Ampere(power / NOMINAL_V), power, WattHour(0.0), Second(0.0))
    return meter.limits.power_budget(reading, rig.conditions).expanded


def voltage_uncertainty(rig: RigFile) -> float | None:
    """Return U in V of the nominal voltage by this rig's meter; None if it is not known."""
    meter = driver_of(rig, METERS)
    if meter is None:
        return None
    reading = Reading(Volt(NOMINAL_V), Ampere(0.0), Watt(0.0), WattHour(0.0), Second(0.0))
    return meter.limits.voltage_budget(reading, rig.conditions).expanded


def edge_uncertainty(rig: RigFile) -> float | None:
    """Return U in s of an edge of power, half of the time within which it is known; None if the meter is not known."""
    return None if driver_of(rig, METERS) is None else resolution(update_period(rig), _clock_bound(rig)) / 2


def undecidable_energy(rig: RigFile, energy: WattHour, tolerance: Percent) -> str:
    """Return why this rig cannot decide whether an energy lies within a tolerance, ``""`` if it may.

    The meter's uncertainty is at least that of the energy drawn in the shortest time, at the most power.
    """
    meter = driver_of(rig, METERS)
    if meter is None:
        return ""
    shortest = energy / rig.options.limits.power * 3600
    uncertainty = meter.limits.energy_budget(energy, shortest, energy, rig.conditions).expanded
    spread = energy * tolerance / 100
    if uncertainty < spread:
        return ""
    return (
        f"rig '{rig.options.name}' cannot decide {tolerance:g} % of {energy:g} Wh, which is"
        f" {format_quantity(spread, 'Wh')}: its meter is uncertain by {format_quantity(uncertainty, 'Wh')} at least"
    )


def another_model(rig: RigFile, role: str, identity: Identity) -> str:
    """Return what is wrong if the instrument in ``role`` says by ``*IDN?`` that it is another, ``""`` if nothing."""
    facts = rig.options.instruments.get(role)
    model = facts.model if facts is not None else None
    if model is None or Models(identity.manufacturer, (identity.model,)).mean(model):
        return ""
    driver = (METERS if role == "meter" else LOADS).meant(model)
    if driver is not None and driver.serves.serve(identity):
        return ""
    return f"the rig file says that it is {article(model)}, and it says '{identity.manufacturer} {identity.model}'"


def wrong_models(rig: RigFile) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield each instrument whose driver there is not, or cannot be loaded, with the keys of its place in the file."""
    for dialects in (METERS, LOADS):
        try:
            driver_of(rig, dialects)  # type: ignore[misc]  # of either role
        except ConfigurationError as error:
            facts = rig.options.instruments.get(dialects.kind)
            what = f"{error.what} ({error.place})" if error.place else error.what
            if dialects.kind in rig.dialects:
                yield rig.driver_keys(dialects.kind), f"targets.main.drivers: {what}"
            elif facts is not None and facts.model:
                yield ("options", "rig", "instruments", dialects.kind, "model"), what
            else:
                yield (*rig.bench_keys, dialects.kind), f"targets.main.resources: {what}"


def _most_power(rig: RigFile) -> tuple[float, str]:
    """Return the most power in W that this rig's load may draw, and why it is no more."""
    load, limit = driver_of(rig, LOADS), rig.options.limits.power
    if load is not None and load.max_power < limit:
        return float(load.max_power), f"its load is {article(model_of(rig, 'load').upper())}"
    return limit, "its limits.power"


def _most_current(rig: RigFile) -> tuple[float, str]:
    """Return the most current in A that this bench bears, and why it is no more."""
    meter, limit = driver_of(rig, METERS), rig.options.limits.current or math.inf
    if meter is not None and meter.limits.current.end < limit:
        return float(meter.limits.current.end), f"the range of its {model_of(rig, 'meter').upper()}"
    return limit, "its limits.current"


def _clock_bound(rig: RigFile) -> float:
    """Return the least bound in seconds that the clock of this rig can have."""
    return 0.0 if rig.virtual and not rig.real_time else float(WallClock.bound)


def driver_of(rig: RigFile, dialects: Dialects[D]) -> D | None:
    """Return the driver of the instrument in this role; None if its model is not known.

    A virtual instrument is told by its name, which is that of its driver.
    """
    role = dialects.kind
    if role in rig.dialects:
        return dialects.get(rig.dialects[role])
    model, virtual = model_of(rig, role), _is_virtual(rig, role)
    driver = dialects.meant(model) if model else None
    if not model or driver is not None or role in rig.foreign:
        return driver
    if virtual:
        simulated = VIRTUAL_METERS if role == "meter" else VIRTUAL_LOADS
        if registry.look_for(simulated, model) is not None:
            return None
        raise ConfigurationError(f"'{model}' is not a virtual {role}{nearest(model, registry.names(simulated))}")
    raise ConfigurationError(
        f"options.rig.instruments.{role}.model: '{model}' has no driver{nearest(model, dialects.titles())}"
    )


def model_of(rig: RigFile, role: str) -> str:
    """Return manufacturer and model as far as the rig file tells, of a virtual instrument the model alone."""
    facts = rig.options.instruments.get(role)
    if facts is not None and facts.model:
        return facts.model
    return rig.bench_instruments.get(role, VIRTUAL[role]) if rig.virtual else rig.dialects.get(role, "")


def _is_virtual(rig: RigFile, role: str) -> bool:
    """Tell whether the model of the instrument in this role is that of a virtual one."""
    facts = rig.options.instruments.get(role)
    return rig.virtual and not (facts is not None and facts.model)


def article(model: str) -> str:
    """Return a model with its article."""
    return f"an {model}" if model[:1] in "AEIOaeio" else f"a {model}"
