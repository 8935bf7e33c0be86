"""The settings of a DL3021 as commands: DL3000 Programming Guide, chapter 2, ``[:SOURce]``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.vbench.instruments.dl3021 import ratings
from hil.vbench.instruments.dl3021.numbers import LEVEL, RANGES, number_commands, range_commands, under_source
from hil.vbench.instruments.dl3021.sequences import battery_commands, list_commands, staircase_commands
from hil.vbench.scpi.engine import Commands, Store, boolean_setting, choice_setting
from hil.vbench.scpi.parameters import Choice, Command, Number
from hil.vbench.scpi.status import ScpiError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.vbench.instruments.dl3021.operation import Operation
    from hil.vbench.instruments.dl3021.settings import Settings


def setting_commands(settings: Callable[[], Settings], operation: Operation) -> Commands:
    """Return the set commands and queries of all settings; those that act now let the plant follow."""
    follow = operation.follow_settings

    def static() -> object:
        return settings().static

    return {
        **_ranged("CURRent", ratings.CURRENT, "current", 4, static, follow),
        **_ranged("VOLTage", ratings.VOLTAGE, "voltage", 3, static, follow),
        **_ranged("RESistance", ratings.RESISTANCE, "resistance", 3, static, follow),
        **number_commands(f"POWer{LEVEL}", ratings.POWER, static, "power", changed=follow),
        **number_commands("CURRent:SLEW[:BOTH]", ratings.SLEW, static, "slew"),
        **number_commands("CURRent:VON", ratings.STARTING_VOLTAGE, static, "starting_voltage", changed=follow),
        **_limits(settings),
        **_transient(lambda: settings().transient),
        **list_commands(settings, operation),
        **battery_commands(lambda: settings().battery, follow),
        **staircase_commands("OCP", "I", ratings.CURRENT, lambda: settings().over_current),
        **range_commands("OCP:RANGe", RANGES["CURR"], lambda: settings().over_current, "current_range"),
        **staircase_commands("OPP", "P", ratings.POWER, lambda: settings().over_power),
        **under_source(boolean_setting("SENSe[:STATe]", settings, "sense")),
    }


def _ranged(
    function: str, number: Number, name: str, decimals: int, static: Store, follow: Callable[[], None]
) -> Commands:
    """Return level and range of one function; a level that does not fit into a smaller range becomes its end."""

    def write(value: float) -> None:
        if value > getattr(static(), f"{name}_range"):
            raise ScpiError(-222)
        setattr(static(), name, value)
        follow()

    def cut(end: float) -> None:
        setattr(static(), name, min(getattr(static(), name), end))
        follow()

    pattern = f"{function}{LEVEL}"
    short = "".join(letter for letter in function if letter.isupper())
    return {
        **number_commands(pattern, number, static, name, decimals),
        f"[SOURce:]{pattern}": Command(write, (number,)),
        **range_commands(f"{function}:RANGe", RANGES[short], static, f"{name}_range", cut, number.unit),
    }


def _limits(settings: Callable[[], Settings]) -> Commands:
    commands: Commands = {}
    for short, long in (("CURR", "CURRent"), ("RES", "RESistance"), ("VOLT", "VOLTage"), ("POW", "POWer")):

        def store(function: str = short) -> object:
            return settings().limits[function]

        commands |= number_commands(f"{long}:VLIMt", ratings.VOLTAGE_LIMIT, store, "voltage")
        commands |= number_commands(f"{long}:ILIMt", ratings.CURRENT_LIMIT, store, "current")
    return commands


def _transient(transient: Store) -> Commands:
    header = "CURRent:TRANsient"
    return {
        **under_source(choice_setting(f"{header}:MODE", Choice("CONTinuous", "PULSe", "TOGGle"), transient, "mode")),
        **number_commands(f"{header}:ALEVel", ratings.CURRENT, transient, "a_level", 4),
        **number_commands(f"{header}:BLEVel", ratings.CURRENT, transient, "b_level", 4),
        **number_commands(f"{header}:AWIDth", ratings.WIDTH, transient, "a_width"),
        **number_commands(f"{header}:BWIDth", ratings.WIDTH, transient, "b_width"),
        **number_commands(f"{header}:FREQuency", ratings.FREQUENCY, transient, "frequency", 6),
        **number_commands(f"{header}:PERiod", ratings.PERIOD, transient, "period"),
        **number_commands(f"{header}:ADUTy", ratings.DUTY, transient, "duty"),
        **number_commands("CURRent:SLEW:POSitive", ratings.SLEW, transient, "rising"),
        **number_commands("CURRent:SLEW:NEGative", ratings.SLEW, transient, "falling"),
    }
