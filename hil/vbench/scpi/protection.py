"""Over-current and over-power protection of an electronic load."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hil.vbench.scpi.engine import Commands, boolean_setting, number_setting
from hil.vbench.scpi.parameters import Number

if TYPE_CHECKING:
    from collections.abc import Callable

VOLTAGE_FAULT: Final = 1 << 0
OVER_CURRENT: Final = 1 << 1
OVER_POWER: Final = 1 << 3
"""Bits of an electronic load's QUEStionable register; ITECH's manuals name VF, OC and OP (m), the numbers are u."""

TRIPS: Final = {"over voltage": VOLTAGE_FAULT, "over current": OVER_CURRENT, "over power": OVER_POWER}

DELAY: Final = Number(0.0, 10.0, 0.0, "S")
"""Limits of the delay (unverified)."""


@dataclass
class Protection:
    """Trips when a value stays above ``level`` for ``delay`` seconds."""

    name: str
    level: float
    enabled: bool = False
    delay: float = 0.0
    above_since: float | None = None

    def trips(self, value: float, now: float | None) -> bool:
        """Look at a value at the instant ``now``; without a clock the delay counts as zero."""
        if not self.enabled or value <= self.level:
            self.above_since = None
            return False
        if now is None:
            return True
        if self.above_since is None:
            self.above_since = now
        return now - self.above_since >= self.delay


def protection_commands(pattern: str, level: Number, protection: Callable[[], Protection]) -> Commands:
    """Return level, delay and state of one protection under the header ``pattern``."""
    return {
        **number_setting(f"{pattern}[:LEVel]", level, protection, "level"),
        **number_setting(f"{pattern}:DELay", DELAY, protection, "delay"),
        **boolean_setting(f"{pattern}:STATe", protection, "enabled"),
    }
