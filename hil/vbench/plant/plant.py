"""The power path of the bench (docs/system.md): mains, K1, socket contact, meter terminals, K2, cable, appliance.

Event-driven: the path changes only at events, and between them everything is integrated in closed form.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hil.errors import ConfigurationError, nearest
from hil.vbench.plant.appliances import ElectronicLoad, Inverter, Nothing, Toaster
from hil.vbench.plant.dc_adapter import AdaptedLoad
from hil.vbench.plant.mains import Mains
from hil.vbench.plant.relay import Relay
from hil.vbench.plant.terminals import MeterSample
from hil.vbench.plant.waveform import SINE

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.vbench.plant.appliances import Appliance
    from hil.vbench.plant.parameters import PlantParameters
    from hil.vbench.plant.terminals import ElectronicLoadState
    from hil.vbench.virtual_time import Kernel

JOULE_PER_WATT_HOUR = 3600.0
APPLIANCES = ("load", "toaster", "inverter", "none")


@dataclass
class Integrals:
    """Since time 0: V²s at the meter, A²s through it, J through it; J that flowed back, and vars of reactive power."""

    voltage: float = 0.0
    current: float = 0.0
    energy: float = 0.0
    """What was delivered less what flowed back."""
    returned: float = 0.0
    reactive: float = 0.0


@dataclass
class Plant:
    """Mains to appliance, with the true values that only tests of the bench may see.

    :param on_sample: called at the end of each update period of the lab meter.
    :param socket_fitted: without it a straight-through adapter takes the socket's place.
    :param on_supply: called with ``socket`` or ``cable`` and whether its electronics now have power (K3, K4, mains).
    """

    kernel: Kernel
    parameters: PlantParameters
    load_state: ElectronicLoadState
    on_sample: Callable[[MeterSample], None]
    socket_fitted: bool
    on_supply: Callable[[str, bool], None]
    plugged: str = "load"
    """What is in the cable's outlet: one of ``APPLIANCES``."""
    on_plug: Callable[[bool], None] = lambda plugged: None
    """Called with whether the cable now sits in the socket (K2)."""
    integrals: Integrals = field(default_factory=Integrals)

    def __post_init__(self) -> None:
        p, kernel = self.parameters, self.kernel
        self._since = kernel.now
        self._unplugged_at = dict.fromkeys(APPLIANCES, kernel.now)
        state = self.load_state
        self._load = ElectronicLoad(
            state,
            max_current=min(p.load_max_current if not state.direct_current else math.inf, state.max_current),
            max_power=min(p.load_max_power, state.max_power),
        )
        outlet: Appliance = AdaptedLoad(self._load) if state.direct_current else self._load
        toaster = Toaster(
            p.toaster_power, inrush=p.toaster_inrush, heat_time=p.toaster_heat_time, cool_time=p.toaster_cool_time
        )
        self._appliances: dict[str, Appliance] = {"load": outlet, "toaster": toaster, "none": Nothing()}
        self._appliances["inverter"] = Inverter(p.inverter_power)

        def path(_: bool) -> None:
            self.settle()

        contactor = p.contactor_operate_time, p.contactor_release_time
        supply = p.supply_operate_time, p.supply_release_time

        def plug(plugged: bool) -> None:
            self.settle()
            self.on_plug(plugged)

        mains = self.mains = Mains(kernel, p, self.settle, self.on_supply)
        self.relays = [
            Relay(kernel, *contactor, path),
            Relay(kernel, *contactor, plug),
            Relay(kernel, *supply, lambda on: mains.connect("socket", on)),
            Relay(kernel, *supply, lambda on: mains.connect("cable", on)),
        ]
        """K1 to K4."""
        self.contact = Relay(kernel, p.contact_operate_time, p.contact_release_time, path)
        """The relay inside the socket."""
        self._metered = 0.0, 0.0, 0.0, 0.0
        """The integrals of voltage, current, energy and reactive at the end of the last update period."""
        self._updates = 0
        kernel.call_at(p.meter_period, self._update_meter)

    def connect_load(self) -> None:
        """Wire the electronic load's terminals to this plant, away from whichever had them before."""
        self.load_state.on_change = self._load_changed
        self.load_state.follow = self._refresh_load
        self.load_state.call_at = self.kernel.call_at
        self.load_state.measured = self._load_terminals
        self._load.refresh()

    # --- present values ----------------------------------------------------------------------------------------

    def meter_voltage(self) -> float:
        """Return V rms at the meter's terminals, which sit between the socket and K2."""
        closed = self.relays[0].closed and (self.contact.closed or not self.socket_fitted)
        return self.mains.voltage if closed else 0.0

    def outlet_voltage(self) -> float:
        """Return V rms at the appliance."""
        return self.meter_voltage() if self.relays[1].closed else 0.0

    def current(self) -> float:
        """Return the rms current in A, the same all along the path."""
        return self._appliances[self.plugged].current(self.outlet_voltage())

    def power(self) -> float:
        """Return the active power in W, negative where it flows back; settles first, because a heating wire changes
        between events.
        """
        self.settle()
        voltage, appliance = self.outlet_voltage(), self._appliances[self.plugged]
        return voltage * appliance.current(voltage) * appliance.waveform.power_factor

    def energy(self) -> float:
        """Return the energy in Wh that went through the path since time 0, less what flowed back."""
        self.settle()
        return self.integrals.energy / JOULE_PER_WATT_HOUR

    def through(self) -> float:
        """Return the energy in Wh that went through the path either way, as a meter counts that knows no direction."""
        self.settle()
        return (self.integrals.energy + 2 * self.integrals.returned) / JOULE_PER_WATT_HOUR

    def delivered(self) -> float:
        """Return the energy in Wh that went to the appliance since time 0; what flowed back is not subtracted."""
        self.settle()
        return (self.integrals.energy + self.integrals.returned) / JOULE_PER_WATT_HOUR

    # --- events ------------------------------------------------------------------------------------------------

    def plug(self, appliance: str) -> None:
        """Put ``appliance`` into the cable's outlet, now; an unplugged toaster goes on cooling."""
        if appliance not in APPLIANCES:
            raise ConfigurationError(f"'{appliance}' is not an appliance{nearest(appliance, APPLIANCES)}")
        self.settle()
        now = self.kernel.now
        self._unplugged_at[self.plugged] = now
        self._appliances[appliance].pass_time(now - self._unplugged_at[appliance], 0.0)
        self.plugged = appliance

    def settle(self) -> None:
        """Integrate up to the present instant with the state that held until now."""
        now = self.kernel.now
        duration = now - self._since
        if duration <= 0:
            return
        self._since = now
        voltage = self.meter_voltage()
        outlet = voltage if self.relays[1].closed else 0.0
        appliance = self._appliances[self.plugged]
        current_squared, energy = appliance.pass_time(duration, outlet)
        integrals = self.integrals
        integrals.voltage += voltage * voltage * duration
        integrals.current += current_squared
        integrals.energy += energy
        if appliance.waveform is not SINE:
            integrals.returned += max(0.0, -energy)
            integrals.reactive += outlet * appliance.current(outlet) * appliance.waveform.reactive * duration

    def _update_meter(self) -> None:
        self.settle()
        totals, period = self.integrals, self.parameters.meter_period
        voltage, current, energy, reactive = self._metered
        self._metered = totals.voltage, totals.current, totals.energy, totals.reactive
        squared = (totals.voltage - voltage) / period
        sample = MeterSample(
            self.kernel.now,
            period,
            math.sqrt(max(0.0, squared)),
            math.sqrt(max(0.0, (totals.current - current) / period)),
            (totals.energy - energy) / period,
            self.parameters.mains_frequency if squared > 0 else 0.0,
            (totals.reactive - reactive) / period,
            self._appliances[self.plugged].waveform.crest_factor,
        )
        self._updates += 1
        # A multiple, not a sum: no drift after hours of virtual time.
        self.kernel.call_at((self._updates + 1) * period, self._update_meter)
        self.on_sample(sample)

    def _load_changed(self) -> None:
        latency = self.load_state.errors.latency
        if latency:
            self.kernel.call_at(self.kernel.now + latency, self._refresh_load)
        else:
            self._refresh_load()

    def _refresh_load(self) -> None:
        self.settle()
        self._load.refresh()

    def _load_terminals(self) -> tuple[float, float, float, float]:
        if self.plugged != "load":
            return 0.0, 0.0, 0.0, 0.0
        voltage = self.outlet_voltage()
        if self.load_state.direct_current:
            voltage = AdaptedLoad.output(voltage)
            current = self._load.current(voltage)
            return voltage, current, voltage * current, 0.0
        current = self._load.current(voltage)
        power = voltage * current * self._load.waveform.power_factor
        return voltage, current, power, self.parameters.mains_frequency if voltage else 0.0
