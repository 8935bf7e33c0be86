"""What the virtual electronic loads have in common: set-points in the plant, and an input that a protection opens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hil.vbench.scpi.protection import TRIPS
from hil.vbench.scpi.status import ScpiError

if TYPE_CHECKING:
    from hil.vbench.plant.terminals import ElectronicLoadState
    from hil.vbench.scpi.parameters import Number
    from hil.vbench.scpi.status import Status


NOTICED: Final = 1e-5
"""Seconds; a ramp that is shorter is a step at once."""


def half_ramp(change: float, slew: float) -> float:
    """Return half of the seconds that a change of current in A takes; ``slew``: A/µs.

    A ramp is drawn as a step at its middle: at a constant voltage that is the same charge and the same energy.
    """
    return abs(change) / (slew * 1e6) / 2.0


class LoadFront:
    """Acts on the plant's side of a load.

    :param current: with ``resistance`` and ``power``, the model's set-points; their defaults are those of ``*RST``.
    """

    def __init__(self, state: ElectronicLoadState, current: Number, resistance: Number, power: Number) -> None:
        self.state = state
        self._defaults = {"current": current.default, "resistance": resistance.default, "power": power.default}

    def set(self, **fields: object) -> None:
        """Change set-points, mode or input, and let the plant follow."""
        for name, value in fields.items():
            setattr(self.state, name, value)
        self.state.on_change()

    def reset(self, status: Status) -> None:
        """Go back to the values of ``*RST``, input off; nothing is tripped any more."""
        status.questionable.condition = 0
        self.set(input_on=False, mode="CURR", **self._defaults)

    def trip(self, status: Status, reason: str) -> None:
        """Open the input and tell why in the error queue and the QUEStionable register."""
        self.set(input_on=False)
        status.questionable.condition = TRIPS[reason]
        status.report(ScpiError(-300, reason))
