"""What the programmable load is told to draw: checked against what it and the rig can do, told, and recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.errors import AuthorError
from hil.evidence.documents import Kind
from hil.ports import ShapingLoad
from hil.units import RESISTIVE, Watt

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hil.evidence.documents import Json
    from hil.ports import Load
    from hil.rig.recorder import Recorder
    from hil.rig.rig import Rig
    from hil.units import CurrentShape


def refuse_beyond_each(rig: Rig, drawn: Iterable[tuple[Watt, CurrentShape]]) -> None:
    """Raise AuthorError if the load of this rig cannot draw one of these; no power at all is no matter."""
    for power, shape in drawn:
        if power:
            refuse_beyond(rig, power, shape)


def refuse_beyond(rig: Rig, power: Watt, shape: CurrentShape) -> None:
    """Raise AuthorError if the load of this rig cannot draw ``power`` in this shape."""
    most = min(rig.load.max_power, rig.file.options.limits.power)
    if not 0 < power <= most:
        raise AuthorError(f"{power:g} W is outside what this rig can draw: above 0 W, at most {most:g} W")
    if shape == RESISTIVE:
        return
    if why := _shaping(rig.load).cannot_shape(power, shape):
        raise AuthorError(why)


def begin_drawing(load: Load, power: Watt, shape: CurrentShape, recorder: Recorder) -> None:
    """Tell a load that was just prepared what to draw; what a resistance would not draw is recorded."""
    if shape != RESISTIVE:
        draw(load, power, shape, RESISTIVE)
        recorder.observe(Kind.LOAD, "load", told(power, shape))
    else:
        load.draw_power(power)


def draw(load: Load, power: Watt, shape: CurrentShape, before: CurrentShape) -> None:
    """Tell the load what to draw; ``before``: the shape in which it has drawn until now.

    Of two changes the one comes first that never asks for more current than the larger of both asks.
    """
    if shape == before:
        load.draw_power(power)
    elif shape.power_factor > before.power_factor:
        _shaping(load).shape_current(shape)
        load.draw_power(power)
    else:
        load.draw_power(power)
        _shaping(load).shape_current(shape)


def told(power: Watt, shape: CurrentShape) -> dict[str, Json]:
    """Return what the event of kind LOAD says of it."""
    said: dict[str, Json] = {"power_W": float(power)}
    if shape != RESISTIVE:
        said |= {"power_factor": shape.power_factor, "crest_factor": shape.crest_factor}
    return said


def _shaping(load: Load) -> ShapingLoad:
    if isinstance(load, ShapingLoad):
        return load
    model = load.identity.model
    raise AuthorError(
        f"its load, model {model}, draws at power factor 1 only", remedy="Use a bench with an IT8615, or leave it out."
    )
