"""The numbers of the plant that a rig file may change."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, ClassVar

from hil.errors import ConfigurationError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class PlantParameters:
    """Everything about the plant that a rig file may change. V, Hz, s, W, A, VA; defaults: DESIGN §2 or named."""

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
    toaster_power: float = 1300.0
    toaster_inrush: float = 0.3
    toaster_heat_time: float = 0.4
    toaster_cool_time: float = 30.0
    load_max_current: float = 20.0
    load_max_power: float = 1800.0
    socket_meter_gain: float = math.nan
    """Gain error of the socket's own meter, 0.002 for +0.2 %; drawn from the seed within ±0.2 % if not given."""
    cable_meter_gain: float = math.nan
    link_baud: float = 115200.0
    console_baud: float = 115200.0

    _POSITIVE: ClassVar = frozenset(
        {"mains_voltage", "mains_frequency", "meter_period", "link_baud", "console_baud", "toaster_power"}
        | {"toaster_heat_time", "toaster_cool_time"}
    )

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
            lowest = -1.0 if name.endswith("_gain") else 0.0
            if value < lowest or (value == 0 and name in cls._POSITIVE):
                raise ConfigurationError(f"{value} is too small", place=f"plant.{name}")
            numbers[name] = float(value)
        if numbers.get("toaster_inrush", 0.0) >= 1:
            raise ConfigurationError("must be below 1", place="plant.toaster_inrush")
        return cls(**numbers)
