"""The numbers of the plant that a rig file may change."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from typing import ClassVar

from hil.errors import ConfigurationError, nearest
from hil.vbench.plant.current_transformer import CLASSES, CurrentTransformer
from hil.vbench.plant.instrument_errors import GivenErrors, LoadErrors


@dataclass(frozen=True)
class PlantParameters:
    """Everything about the plant that a rig file may change. V, Hz, s, W, A, VA; defaults: docs/system.md or named."""

    mains_voltage: float = 230.0
    mains_frequency: float = 50.0
    contactor_operate_time: float = 0.015
    """K1 and K2, coil to contact: a usual figure for a small contactor."""
    contactor_release_time: float = 0.015
    contact_operate_time: float = 0.008
    """The socket's relay: a usual figure for a 16 A power relay."""
    contact_release_time: float = 0.006
    supply_operate_time: float = 0.0
    """K3 and K4 are solid-state switches."""
    supply_release_time: float = 0.0
    supply_dropout_voltage: float = 85.0
    """V rms below which the devices' power supplies give up: the low end of a wide-range supply."""
    supply_hold_up: float = 0.02
    """How long they bridge that: one period of the mains, as supplies for electronics are built."""
    meter_period: float = 0.1
    """Update period of the lab meter (research/scpi.md: shortest log interval of the HMC8015)."""
    meter_gain: float = math.nan
    """Gain error of the lab meter's power, 0.0003 for +0.03 % of reading. This and the next ones: drawn from the seed
    inside the data sheet if not given."""
    meter_offset_w: float = math.nan
    """Offset of its power in W, there without load too."""
    meter_noise_w: float = math.nan
    """Standard deviation of its power's noise in W."""
    meter_voltage_gain: float = math.nan
    meter_voltage_offset_v: float = math.nan
    meter_current_gain: float = math.nan
    meter_current_offset_a: float = math.nan
    meter_latency: float = math.nan
    """Seconds from the end of an update to the reading that shows it."""
    load_gain: float = math.nan
    """Gain error of what the electronic load draws: with 0.001 it draws 0.1 % more than it is told."""
    load_offset_a: float = math.nan
    """What it draws on top of that, in A rms at its terminals."""
    load_reading_gain: float = math.nan
    """Gain error of the load's own reading: with 0.001 it reads 0.1 % more than it draws."""
    load_latency: float = math.nan
    """Seconds from a command to its current."""
    meter_reactive_gain: float = math.nan
    """Part of the reactive power that the lab meter takes for active: a phase error of its inputs."""
    meter_ct_ratio: float = 0.0
    """Primary over secondary current of the current transformer before the lab meter; 0: there is none."""
    meter_ct_rated_a: float = 10.0
    """Its rated primary current."""
    meter_ct_class: float = 0.5
    """Its accuracy class by IEC 61869-2: 0.1, 0.2, 0.5 or 1."""
    meter_ct_error: float = math.nan
    """Its ratio error at rated current, 0.001 for +0.1 %. Drawn from the seed inside its class if not given; at other
    currents it grows as the limits of the class do."""
    meter_ct_displacement: float = math.nan
    """Its phase displacement at rated current in minutes of arc, drawn and growing likewise."""
    toaster_power: float = 1300.0
    toaster_inrush: float = 0.3
    toaster_heat_time: float = 0.4
    toaster_cool_time: float = 30.0
    inverter_power: float = 400.0
    """What the solar inverter feeds back, in W: one panel."""
    load_max_current: float = 20.0
    load_max_power: float = 1800.0
    socket_meter_gain: float = math.nan
    """Gain error of the socket's own meter, 0.002 for +0.2 %; drawn from the seed within ±0.2 % if not given."""
    cable_meter_gain: float = math.nan
    socket_meter_counted: float = 0.0
    """Wh that the register of the socket's own meter has at first, below 10 000 000; it then outlives power cuts. 0: it
    begins anew at each power-on."""
    cable_meter_counted: float = 0.0
    """The same of the cable's."""
    link_baud: float = 115200.0
    console_baud: float = 115200.0

    _RANGES: ClassVar[Mapping[str, tuple[float, float]]] = {
        "mains_voltage": (1, 1000),
        "mains_frequency": (1, 1000),
        "*_time": (0, 10),
        "supply_dropout_voltage": (0, 1000),
        "supply_hold_up": (0, 10),
        "meter_period": (0.01, 5),
        "*_latency": (0, 5),
        "meter_*gain": (-1, 0.999),
        "*_gain": (-1, 10),
        "*_offset_?": (-1e4, 1e4),
        "meter_noise_w": (0, 1e4),
        "meter_ct_ratio": (0, 1e5),
        "meter_ct_rated_a": (0.001, 1e5),
        "meter_ct_class": (0, 100),
        "meter_ct_error": (-1, 10),
        "meter_ct_displacement": (-5400, 5400),
        "toaster_inrush": (0, 0.999),
        "toaster_heat_time": (0.001, 3600),
        "toaster_cool_time": (0.001, 36_000),
        "*_power": (0.001, 1e6),
        "load_max_current": (0, 1e4),
        "*_meter_counted": (0, 1e7),
        "*_baud": (1, 1e9),
    }
    """Least and most of each number; a name of its own counts before a pattern."""

    @classmethod
    def of(cls, values: Mapping[str, object]) -> PlantParameters:
        """Return the defaults with ``values`` on top; raises ConfigurationError for a name or value that cannot be."""
        known = {item.name for item in fields(cls)}
        numbers: dict[str, float] = {}
        for name, value in values.items():
            if name not in known:
                raise ConfigurationError(f"'{name}' is not a parameter{nearest(name, known)}", place="plant")
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise ConfigurationError("must be a finite number", place=f"plant.{name}")
            least, most = cls._range(name)
            if not least <= value <= most:
                raise ConfigurationError(f"{value} is outside {least:g} to {most:g}", place=f"plant.{name}")
            numbers[name] = float(value)
        if (named := numbers.get("meter_ct_class", 0.5)) not in CLASSES:
            classes = ", ".join(f"{each:g}" for each in CLASSES)
            raise ConfigurationError(f"{named:g} is no accuracy class; known: {classes}", place="plant.meter_ct_class")
        return cls(**numbers)

    @classmethod
    def _range(cls, name: str) -> tuple[float, float]:
        patterns = (pattern for pattern in cls._RANGES if fnmatchcase(name, pattern))
        return cls._RANGES[name if name in cls._RANGES else next(patterns)]

    @property
    def meter_errors(self) -> GivenErrors:
        """What is given of the lab meter's errors."""
        return GivenErrors(
            self.meter_voltage_gain,
            self.meter_voltage_offset_v,
            self.meter_current_gain,
            self.meter_current_offset_a,
            self.meter_gain,
            self.meter_offset_w,
            self.meter_noise_w,
            self.meter_latency,
            self.meter_reactive_gain,
        )

    @property
    def load_errors(self) -> LoadErrors:
        """What is given of the electronic load's errors; the rest is nan."""
        return LoadErrors(self.load_gain, self.load_offset_a, self.load_reading_gain, self.load_latency)

    def transformer(self, seed: str) -> CurrentTransformer | None:
        """Return the current transformer before the lab meter; None without one."""
        if not self.meter_ct_ratio:
            return None
        return CurrentTransformer(
            self.meter_ct_ratio,
            self.meter_ct_rated_a,
            self.meter_ct_class,
            seed,
            error=self.meter_ct_error,
            displacement=self.meter_ct_displacement,
        )
