"""What the HMC8015 keeps between commands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from hil.vbench.scpi.metering import CURRENT_RANGES, VOLTAGE_RANGES, Integrator, Ranging

PAGES: Final = 4
MOST_FUNCTIONS: Final = 10
DEFAULT_FUNCTIONS: Final = ("URMS", "IRMS", "P", "FPLL", "URAN", "IRAN", "S", "Q", "LAMB", "PHI")

Moment = tuple[int, int, int, int, int, int]
"""Year, month, day, hour, minute and second of the instrument's own clock."""


@dataclass
class Settings:
    """Everything that ``*RST`` brings back to its power-on value."""

    mode: str = "AUTO"
    voltage: Ranging = field(default_factory=lambda: Ranging(VOLTAGE_RANGES))
    current: Ranging = field(default_factory=lambda: Ranging(CURRENT_RANGES))
    functions: tuple[str, ...] = DEFAULT_FUNCTIONS
    """Those of page 1, which are those of ``MEASurement:FUNCtion``."""
    other_pages: dict[int, tuple[str, ...]] = field(default_factory=dict)
    page: int = 1
    page_sizes: dict[int, int] = field(default_factory=lambda: dict.fromkeys(range(1, PAGES + 1), 10))
    data_format: str = "ASC"
    integrator: Integrator = field(default_factory=Integrator)
    integrator_on: bool = False
    integrator_mode: str = "MAN"
    integrator_duration: float = 60.0
    integrator_start: Moment | None = None
    log_mode: str = "UNL"
    log_interval: float = 0.1
    log_duration: float = 60.0
    log_count: int = 1000
    log_page: int = 1
    log_format: str = "CSV"
    log_start: Moment | None = None
    log_name: str = ""
    picture_format: str = "BMP"
    text: str = ""
    beeps: bool = True

    def page_functions(self, page: int) -> tuple[str, ...]:
        """Return the functions that a page shows, with empty cells between and without those at the end."""
        return self.functions if page == 1 else self.other_pages.get(page, DEFAULT_FUNCTIONS)
