"""What the WT310E keeps between commands, and the commands of inputs, computation, display and system that set it.

Facts are from the manuals and clients that ``commands/wt310e.yaml`` names row by row.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from hil.vbench.instruments.wt310e.ranges import CURRENT_RANGES, VOLTAGE_RANGES, Range, range_commands
from hil.vbench.instruments.wt310e.replies import FUNCTIONS, Item
from hil.vbench.scpi.engine import Commands, Store, boolean_setting
from hil.vbench.scpi.metering import Integrator
from hil.vbench.scpi.parameters import Boolean, Choice, Command, Integer, Number, Steps
from hil.vbench.scpi.status import ScpiError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.vbench.io.front_panel import FrontPanel
    from hil.vbench.scpi.headers import Headers

RATES: Final = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
MOST_ITEMS: Final = 255
DISPLAYS: Final = 4
_DEFAULT_ITEMS: Final = (Item("U"), Item("I"), Item("P"))

MODES: Final = Choice("RMS", "VMEan", "DC")
WIRINGS: Final = Choice("P1W2")
SOURCES: Final = Choice("VOLTage", "CURRent", "OFF")
AVERAGES: Final = Choice("LINear", "EXPonent")
FORMATS: Final = Choice("ASCii", "FLOat")
COMMAND_SETS: Final = Choice("WT300", "WT300E")
MATH: Final = ("CFU", "CFI", "ADD", "SUB", "MUL", "DIV", "DIVA", "DIVB", "AVW")
OF_ELEMENT: Final = frozenset({"CFU", "CFI", "AVW"})
"""MATH functions whose name ends with the number of the element."""


@dataclass
class Settings:
    """Everything that ``*RST`` brings back to its power-on value."""

    voltage: Range = field(default_factory=lambda: Range(VOLTAGE_RANGES))
    current: Range = field(default_factory=lambda: Range(CURRENT_RANGES))
    mode: str = "RMS"
    wiring: str = "P1W2"
    crest_factor: int = 3
    expanded: bool = False
    """Crest factor A6: as 6, with wider limits of automatic ranging and of overrange."""
    synchronise: str = "VOLT"
    scaling: bool = False
    vt_ratio: float = 1.0
    ct_ratio: float = 1.0
    power_factor: float = 1.0
    """Factor of scaled power."""
    rate: float = 0.25
    line_filter: bool = False
    frequency_filter: bool = False
    averaging: bool = False
    averaging_type: str = "LIN"
    averaging_count: int = 8
    max_hold: bool = False
    math: str = "CFU"
    format: str = "ASC"
    count: int = 3
    items: list[Item] = field(default_factory=lambda: [*_DEFAULT_ITEMS, *[Item("NONE")] * (MOST_ITEMS - 3)])
    displays: list[Item] = field(default_factory=lambda: [*_DEFAULT_ITEMS, Item("LAMB")])
    integrator: Integrator = field(default_factory=Integrator)
    integrator_state: str = "RES"
    integrator_mode: str = "NORM"
    timer: tuple[int, int, int] = (0, 0, 0)
    hold: bool = False
    digits: int = 5

    def set_crest_factor(self, name: str) -> None:
        """Take 3, 6 or A6. Ranges halve beyond 3, and the largest ones are chosen (IM WT310E-01EN, 2-17)."""
        self.crest_factor, self.expanded = (3 if name == "3" else 6), name == "A6"
        divisor = self.crest_factor / 3
        self.voltage.rescale(VOLTAGE_RANGES, divisor, expanded=self.expanded)
        self.current.rescale(CURRENT_RANGES, divisor, expanded=self.expanded)

    @property
    def crest_factor_name(self) -> str:
        """The crest factor as commands write it."""
        return "A6" if self.expanded else str(self.crest_factor)


class CrestFactor:
    """3, 6 or A6, and nothing between them."""

    def convert(self, text: str) -> str:
        """See :class:`hil.vbench.scpi.parameters.Parameter`."""
        if text.upper() == "A6":
            return "A6"
        return f"{Steps((3.0, 6.0)).convert(text):.0f}"


class MathFunction:
    """A function of MATH; CFU, CFI and AVW may have the number of the element behind them."""

    def convert(self, text: str) -> str:
        """See :class:`hil.vbench.scpi.parameters.Parameter`."""
        name = text.upper()
        if name.endswith("1") and name[:-1] in OF_ELEMENT:
            name = name[:-1]
        if name not in MATH:
            raise ScpiError(-141, text[:20])
        return name


def input_commands(headers: Headers, settings: Callable[[], Settings]) -> Commands:
    """Return those of the INPut group."""
    ratio = Number(0.001, 9999.0, 1.0)

    def character(pattern: str, choice: Choice, name: str) -> Commands:
        return headers.character_setting(pattern, choice, settings, name)

    return {
        **character("[INPut:]WIRing", WIRINGS, "wiring"),
        **character("[INPut:]MODE", MODES, "mode"),
        **range_commands("[INPut:]VOLTage", "V", lambda: settings().voltage),
        **range_commands("[INPut:]CURRent", "A", lambda: settings().current),
        "[INPut:]CFACtor": Command(lambda name: settings().set_crest_factor(name), (CrestFactor(),)),
        "[INPut:]CFACtor?": Command(lambda: settings().crest_factor_name),
        **character("[INPut:]SYNChronize", SOURCES, "synchronise"),
        **boolean_setting("[INPut:]FILTer:LINE", settings, "line_filter"),
        **boolean_setting("[INPut:]FILTer:FREQuency", settings, "frequency_filter"),
        **boolean_setting("[INPut:]SCALing[:STATe]", settings, "scaling"),
        **_ratio("VT", ratio, settings, "vt_ratio"),
        **_ratio("CT", ratio, settings, "ct_ratio"),
        **_ratio("SFACtor", ratio, settings, "power_factor"),
    }


def computing_commands(headers: Headers, settings: Callable[[], Settings]) -> Commands:
    """Return those of the MEASure and MATH groups."""
    return {
        **boolean_setting("MEASure:AVERaging[:STATe]", settings, "averaging"),
        **headers.character_setting("MEASure:AVERaging:TYPE", AVERAGES, settings, "averaging_type"),
        "MEASure:AVERaging:COUNt": Command(
            lambda count: setattr(settings(), "averaging_count", round(count)), (Steps((8.0, 16.0, 32.0, 64.0)),)
        ),
        "MEASure:AVERaging:COUNt?": Command(lambda: str(settings().averaging_count)),
        **boolean_setting("MEASure:MHOLd", settings, "max_hold"),
        "MATH": Command(lambda name: setattr(settings(), "math", name), (MathFunction(),)),
        "MATH?": Command(lambda: _math_name(settings().math)),
    }


def display_commands(headers: Headers, settings: Callable[[], Settings]) -> Commands:
    """Return those of the DISPlay group."""

    def show(number: int, function: str, element: int = 1) -> None:
        settings().displays[number - 1] = Item(function)

    item = f"DISPlay[:NORMal]:ITEM<1-{DISPLAYS}>"
    return {
        item: Command(show, (FUNCTIONS, Integer(1, 1)), required=1),
        f"{item}?": Command(lambda number: settings().displays[number - 1].text(headers)),
    }


def system_commands(headers: Headers, settings: Callable[[], Settings], kept: Store) -> Commands:
    """Return those of the SYSTem group; ``kept`` holds what a reset leaves alone."""
    return {
        **headers.character_setting("SYSTem:COMMunicate:COMMand", COMMAND_SETS, kept, "command_set"),
        **boolean_setting("SYSTem:KLOCk", kept, "keys_locked"),
        "SYSTem:RESolution": Command(lambda digits: setattr(settings(), "digits", round(digits)), (Steps((4.0, 5.0)),)),
        "SYSTem:RESolution?": Command(lambda: str(settings().digits)),
    }


def panel_commands(panel: FrontPanel) -> Commands:
    """Return those of the COMMunicate group that lock the keys."""

    def remote(on: bool) -> None:
        panel.go_to_remote() if on else panel.go_to_local()

    return {
        "COMMunicate:REMote": Command(remote, (Boolean(),)),
        "COMMunicate:REMote?": Command(lambda: str(int(panel.remote))),
        "COMMunicate:LOCKout": Command(lambda on: setattr(panel, "locked", on), (Boolean(),)),
        "COMMunicate:LOCKout?": Command(lambda: str(int(panel.locked))),
    }


def _ratio(name: str, ratio: Number, settings: Callable[[], Settings], attribute: str) -> Commands:
    """Return one factor of scaling; all elements are the one that there is."""

    def write(value: float) -> None:
        setattr(settings(), attribute, value)

    def read() -> str:
        return f"{getattr(settings(), attribute):.4f}"

    patterns = (f"[INPut:]SCALing:{name}[:ALL]", f"[INPut:]SCALing:{name}:ELEMent<1-1>")
    commands: Commands = {}
    for pattern in patterns:
        commands[pattern] = Command(write, (ratio,))
    return commands | {f"[INPut:]SCALing:{name}?": Command(read), f"{patterns[1]}?": Command(read)}


def _math_name(name: str) -> str:
    return f"{name}1" if name in OF_ELEMENT else name
