"""Ranges of the HMC8015's inputs, and who operates its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.vbench.scpi.engine import Commands, action, boolean_setting, scientific
from hil.vbench.scpi.parameters import Bound, Command, Integer, Number
from hil.vbench.scpi.status import ScpiError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.vbench.io.front_panel import FrontPanel
    from hil.vbench.scpi.metering import Ranging


def ranging_commands(pattern: str, unit: str, ranging: Callable[[], Ranging]) -> Commands:
    """Return range, auto-range and crest factor of one input."""
    ends = ranging().ranges
    number = Number(0.0, ends[-1], ends[-1], unit)

    def read(bound: float | None = None) -> str:
        return scientific(ranging().selected if bound is None else ranging().smallest(bound))

    return {
        f"{pattern}:RANGe": Command(lambda value: ranging().select(value), (number,)),
        f"{pattern}:RANGe?": Command(read, (Bound(number),), required=0),
        **boolean_setting(f"{pattern}:RANGe:AUTO", ranging, "auto"),
        f"{pattern}:CFACtor": Command(lambda value: _set_crest_factor(ranging(), value), (Integer(3, 6),)),
        f"{pattern}:CFACtor?": Command(lambda: str(ranging().crest_factor)),
    }


def panel_commands(panel: FrontPanel) -> Commands:
    """Return what takes the keys away and gives them back; ``&`` begins R&S's interface messages over a socket."""
    local = action(panel.go_to_local)
    remote = action(panel.go_to_remote)
    locked = action(lambda: panel.go_to_remote(locked=True))
    return {
        "SYSTem:LOCal": local,
        "SYSTem:REMote": remote,
        "SYSTem:RWLock": locked,
        "&GTL": local,
        "&NREN": local,
        "&GTR": remote,
        "&LLO": locked,
    }


def _set_crest_factor(ranging: Ranging, value: int) -> None:
    if value not in {3, 6}:
        raise ScpiError(-224)
    ranging.crest_factor = value
