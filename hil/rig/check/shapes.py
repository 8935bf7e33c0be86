"""Which currents the load of a rig can draw, by its rig file alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.instruments.dialects import LOADS
from hil.rig.check.capabilities import article, driver_of, model_of
from hil.units import RESISTIVE

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.instruments.dialects import LoadDriver
    from hil.rig.config.rig_file import RigFile
    from hil.units import CurrentShape, Watt


def shapes_no_current(rig: RigFile) -> str:
    """Return why the load of this rig draws at power factor 1 only; ``""`` if it does not, or is not known."""
    load = driver_of(rig, LOADS)
    if load is None or _cannot_shape(load) is not None:
        return ""
    model = article(model_of(rig, "load").upper())
    return f"the load of rig '{rig.options.name}' is {model}, which draws at power factor 1 only"


def beyond_shape(rig: RigFile, power: Watt, shape: CurrentShape) -> str:
    """Return why the load of this rig cannot draw ``power`` in this shape; ``""`` if it can, or is not known."""
    load = driver_of(rig, LOADS)
    if load is None or shape == RESISTIVE:
        return ""
    cannot_shape = _cannot_shape(load)
    if cannot_shape is None:
        return shapes_no_current(rig)
    why = cannot_shape(power, shape)
    return f"rig '{rig.options.name}' cannot: {why}" if why else ""


def _cannot_shape(load: LoadDriver) -> Callable[[Watt, CurrentShape], str] | None:
    """Return what a driver that is a :class:`hil.ports.ShapingLoad` tells of shapes; None for any other."""
    found: Callable[[Watt, CurrentShape], str] | None = getattr(load, "cannot_shape", None)
    return found
