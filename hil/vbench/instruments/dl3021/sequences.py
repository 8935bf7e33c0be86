"""Lists, discharges and tests of a source's protection as commands: DL3000 Programming Guide, 2-33 to 2-48."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from hil.vbench.instruments.dl3021 import ratings
from hil.vbench.instruments.dl3021.numbers import (
    LEVEL,
    RANGES,
    RangeEnd,
    number_commands,
    range_commands,
    under_source,
)
from hil.vbench.instruments.dl3021.settings import ANSWERS
from hil.vbench.scpi.engine import Commands, Store, boolean_setting, choice_setting, integer_setting
from hil.vbench.scpi.parameters import Bound, Choice, Command, Integer, Number
from hil.vbench.scpi.status import ScpiError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.vbench.instruments.dl3021.operation import Operation
    from hil.vbench.instruments.dl3021.settings import Settings, StepList

STEP_NUMBER = Integer(0, ratings.MOST_STEPS - 1)
LEVELS = Number(0.0, ratings.RESISTANCE.maximum, 0.0)
"""Of a step: the range of the list's mode is looked at when the level is set."""


def list_commands(settings: Callable[[], Settings], operation: Operation) -> Commands:
    """Return the commands of the list; it takes none of them while it runs (UG 2-42)."""

    def sequence() -> StepList:
        return settings().sequence

    def set_mode(answer: str) -> None:
        sequence().function = next(function for function, name in ANSWERS.items() if name == answer)
        sequence().level_range = RANGES[sequence().function][1]

    def set_range(value: float) -> None:
        sequence().level_range = RangeEnd(RANGES[sequence().function]).convert(str(value))

    def set_level(number: int, value: float) -> None:
        if value > sequence().level_range:
            raise ScpiError(-222)
        sequence().step(number).level = value

    commands = {
        "LIST:MODE": Command(set_mode, (Choice(*ANSWERS.values()),)),
        "LIST:MODE?": Command(lambda: ANSWERS[sequence().function]),
        "LIST:RANGe": Command(set_range, (LEVELS,)),
        "LIST:RANGe?": Command(lambda: f"{sequence().level_range:g}"),
        **_whole("LIST:COUNt", Integer(0, ratings.MOST_CYCLES), sequence, "cycles"),
        **_whole("LIST:STEP", Integer(2, ratings.MOST_STEPS), sequence, "count"),
        **_of_step("LIST:LEVel", "level", LEVELS, 4, sequence),
        "LIST:LEVel": Command(set_level, (STEP_NUMBER, LEVELS)),
        **_of_step("LIST:WIDth", "width", ratings.STEP_WIDTH, 5, sequence),
        **_of_step("LIST:SLEW", "slew", ratings.SLEW, 3, sequence),
        **choice_setting("LIST:END", Choice("LAST", "OFF"), sequence, "end"),
    }

    def refuse_while_running(handler: Callable[..., str | None], *arguments: object) -> str | None:
        if operation.running:
            raise ScpiError(-221, "the list runs")
        return handler(*arguments)

    for pattern, command in commands.items():
        if not pattern.endswith("?"):
            commands[pattern] = Command(partial(refuse_while_running, command.handler), command.parameters)
    return under_source(commands)


def _whole(pattern: str, number: Integer, store: Store, name: str) -> Commands:
    """Return a whole number, whose query also tells its MIN and MAX."""
    limits = Number(number.minimum, number.maximum, number.minimum)

    def read(bound: float | None = None) -> str:
        return str(getattr(store(), name) if bound is None else int(bound))

    return {
        **integer_setting(pattern, number, store, name),
        f"{pattern}?": Command(read, (Bound(limits),), required=0),
    }


def _of_step(pattern: str, name: str, number: Number, decimals: int, sequence: Callable[[], StepList]) -> Commands:
    def write(step: int, value: float) -> None:
        setattr(sequence().step(step), name, value)

    def read(step: int) -> str:
        return f"{getattr(sequence().step(step), name):.{decimals}f}"

    return {pattern: Command(write, (STEP_NUMBER, number)), f"{pattern}?": Command(read, (STEP_NUMBER,))}


def battery_commands(battery: Store, follow: Callable[[], None]) -> Commands:
    """Return the commands of the discharge; the guide writes BATTary."""
    switches = {"VENabstop": "voltage", "CENabstop": "capacity", "TENabstop": "time"}
    commands: Commands = {}
    for header, name in switches.items():
        commands |= under_source(boolean_setting(f"BATTary:{header}", battery, f"stops_at_{name}"))
    return {
        **range_commands("BATTary:RANGe", RANGES["CURR"], battery, "current_range"),
        **number_commands(f"BATTary{LEVEL}", ratings.CURRENT, battery, "current", 4, follow),
        **number_commands("BATTary:VON", ratings.STARTING_VOLTAGE, battery, "starting_voltage", changed=follow),
        **number_commands("BATTary:VSTop", ratings.STARTING_VOLTAGE, battery, "stop_voltage"),
        **number_commands("BATTary:CSTop", ratings.CAPACITY, battery, "stop_capacity"),
        **number_commands("BATTary:TIMestop", ratings.DISCHARGE_TIME, battery, "stop_time"),
        **commands,
    }


def staircase_commands(header: str, letter: str, level: Number, test: Store) -> Commands:
    """Return the commands of the test of an over-current (OCP, ``I``) or over-power protection (OPP, ``P``)."""
    step = Number(0.001, level.maximum, 1.0, level.unit)
    return {
        **number_commands(f"{header}:VON", ratings.STARTING_VOLTAGE, test, "starting_voltage"),
        **number_commands(f"{header}:VONDelay", ratings.DELAY, test, "delay"),
        **number_commands(f"{header}:{letter}SET", level, test, "start"),
        **number_commands(f"{header}:{letter}STep", step, test, "step"),
        **number_commands(f"{header}:{letter}DELaystep", ratings.STEP_DELAY, test, "step_delay"),
        **number_commands(f"{header}:{letter}MAX", level, test, "most"),
        **number_commands(f"{header}:{letter}MIN", level, test, "least"),
        **number_commands(f"{header}:V{header}", ratings.STARTING_VOLTAGE, test, "trip_voltage"),
        **number_commands(f"{header}:T{header}", ratings.TRIP_TIME, test, "trip_time"),
    }
