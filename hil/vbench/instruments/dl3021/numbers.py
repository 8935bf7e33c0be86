"""Numbers and ranges of a DL3021 as commands, under the header ``[:SOURce]``; answers are in fixed point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hil.vbench.instruments.dl3021 import ratings
from hil.vbench.scpi.engine import Commands, Store
from hil.vbench.scpi.parameters import Bound, Command, Number

if TYPE_CHECKING:
    from collections.abc import Callable

LEVEL: Final = "[:LEVel][:IMMediate]"

RANGES: Final = {
    "CURR": ratings.CURRENT_RANGES,
    "RES": ratings.RESISTANCE_RANGES,
    "VOLT": ratings.VOLTAGE_RANGES,
    "POW": (ratings.RATED_POWER, ratings.RATED_POWER),
}
"""Ends of low and high range; constant power has one only (UG 2-40)."""


@dataclass(frozen=True)
class RangeEnd:
    """A value, which selects the smaller range that holds it, or MIN or MAX; becomes the end of the range."""

    ends: tuple[float, float]
    unit: str = "A"

    def convert(self, text: str) -> float:
        """See :class:`hil.vbench.scpi.parameters.Parameter`."""
        value = Number(0.0, self.ends[1], self.ends[1], self.unit).convert(text)
        return self.ends[0] if value <= self.ends[0] else self.ends[1]


def under_source(commands: Commands) -> Commands:
    """Return the same commands behind ``[:SOURce]``."""
    return {f"[SOURce:]{pattern}": command for pattern, command in commands.items()}


def _nothing() -> None:
    """Stand for what follows from a setting that acts later."""


def number_commands(
    pattern: str, number: Number, store: Store, name: str, decimals: int = 3, changed: Callable[[], None] = _nothing
) -> Commands:
    """Return a number in fixed point, as all answers of this load are."""

    def read(bound: float | None = None) -> str:
        return f"{getattr(store(), name) if bound is None else bound:.{decimals}f}"

    def write(value: float) -> None:
        setattr(store(), name, value)
        changed()

    return under_source(
        {pattern: Command(write, (number,)), f"{pattern}?": Command(read, (Bound(number),), required=0)}
    )


def range_commands(
    pattern: str,
    ends: tuple[float, float],
    store: Store,
    name: str,
    changed: Callable[[float], None] = lambda end: None,
    unit: str = "A",
) -> Commands:
    """Return a range, which is told by the end that it has."""

    def read(bound: float | None = None) -> str:
        return f"{getattr(store(), name) if bound is None else bound:g}"

    def write(end: float) -> None:
        setattr(store(), name, end)
        changed(end)

    named = Number(ends[0], ends[1], ends[1])
    return under_source(
        {
            pattern: Command(write, (RangeEnd(ends, unit),)),
            f"{pattern}?": Command(read, (Bound(named),), required=0),
        }
    )
