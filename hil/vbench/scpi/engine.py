"""A small SCPI-99 / IEEE 488.2 engine: lines in, replies out, errors into the queue.

An instrument is a table of patterns and :class:`Command`; the engine adds the common commands and ``SYST:ERR?``.
A line is parsed once and kept, so a repeated query costs a dictionary look-up and the handler.
Units of a line run in order; a wrong unit goes into the error queue and the rest still runs, so that an ``*OPC``
at the end of a line always comes to pass. Replies of one line are joined by ``;``.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from hil.vbench.plant.terminals import Pause
from hil.vbench.scpi.grammar import Tree, split
from hil.vbench.scpi.parameters import Boolean, Bound, Choice, Command, Integer, Number
from hil.vbench.scpi.status import ScpiError, Status, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from hil.vbench.scpi.status import ConditionRegister

LONGEST_LINE: Final = 4096
"""Characters that the input buffer takes; a longer line is dropped whole with -363."""

KEPT_LINES: Final = 256
LONGEST_KEPT_LINE: Final = 256

Unit: TypeAlias = "Callable[[], str | None]"
Commands: TypeAlias = "dict[str, Command]"


class ScpiEngine:
    """Interprets lines for one instrument.

    :param commands: the instrument's own commands by pattern (see :mod:`hil.vbench.scpi.grammar`).
    :param identity: reply to ``*IDN?``.
    :param reset: called on ``*RST``; brings the settings, not the status, back to their power-on values.
    :param entry: writes an entry of the error queue in the instrument's dialect.
    :param error_query: how the instrument's dialect asks for the oldest entry; None: by SCPI-99, with all of its other
        questions about the queue (volume 2, 21.8).
    :param questionable: whether it has SCPI-99's QUEStionable register; :param operation: its OPERation register.
    """

    def __init__(
        self,
        commands: Mapping[str, Command],
        *,
        identity: str,
        reset: Callable[[], None],
        entry: Callable[[int, str], str] = quoted,
        error_query: str | None = None,
        questionable: bool = False,
        operation: bool = False,
        more_summaries: Callable[[], int] = lambda: 0,
    ) -> None:
        self.status = Status(entry, more_summaries)
        errors = self._error_queries() if error_query is None else {error_query: Command(self.status.next_error)}
        registers = self._register_commands(questionable=questionable, operation=operation)
        self._tree = Tree({**self._common_commands(identity, reset), **errors, **registers, **commands})
        self._programs: dict[str, tuple[Unit, ...]] = {}

    def execute(self, line: str) -> str | None:
        """Run one line and return its reply; raises nothing but Pause for anything in ``line``."""
        program = self._programs.get(line)
        if program is None:
            program = self._parse(line)
        return self._run(iter(program), [])

    def _run(self, program: Iterator[Unit], replies: list[str]) -> str | None:
        for unit in program:
            try:
                reply = unit()
            except ScpiError as error:
                self.status.report(error)
                continue
            except Pause as pause:
                replies += [] if pause.reply is None else [pause.reply]
                pause.go_on = partial(self._run, program, replies)
                raise
            if reply is not None:
                replies.append(reply)
        return ";".join(replies) if replies else None

    def _parse(self, line: str) -> tuple[Unit, ...]:
        try:
            program = self._compile(line)
        except ScpiError as error:
            program = (_failing(error),)
        if len(line) <= LONGEST_KEPT_LINE:
            if len(self._programs) >= KEPT_LINES:
                self._programs.clear()
            self._programs[line] = program
        return program

    def _compile(self, line: str) -> tuple[Unit, ...]:
        if len(line) > LONGEST_LINE:
            raise ScpiError(-363)
        if not all(" " <= character <= "~" or character in "\t\r\n" for character in line):
            raise ScpiError(-101)
        path = self._tree.root
        units: list[Unit] = []
        for text in split(line, ";"):
            if not text:
                continue
            header, *rest = text.split(maxsplit=1)
            try:
                command, suffixes, path = self._tree.resolve(header, path)
                arguments = command.convert(split(rest[0], ",") if rest else [])
            except ScpiError as error:
                units.append(_failing(error))
            else:
                units.append(partial(command.handler, *suffixes, *arguments))
        return tuple(units)

    def _common_commands(self, identity: str, reset: Callable[[], None]) -> Commands:
        status = self.status
        mask = Integer(0, 255)
        return {
            "*IDN?": Command(lambda: identity),
            "*OPT?": Command(lambda: "0"),
            "*RST": action(reset),
            "*CLS": action(status.clear),
            "*ESE": Command(lambda value: setattr(status, "event_enable", value), (mask,)),
            "*ESE?": Command(lambda: str(status.event_enable)),
            "*ESR?": Command(lambda: str(status.read_events())),
            "*SRE": Command(lambda value: setattr(status, "service_enable", value), (mask,)),
            "*SRE?": Command(lambda: str(status.service_enable)),
            "*STB?": Command(lambda: str(status.status_byte())),
            "*OPC": action(status.operation_complete),
            "*OPC?": Command(lambda: "1"),
            "*WAI": action(lambda: None),
            "*TRG": action(_ignore_trigger),
            "*TST?": Command(lambda: "0"),
        }

    def _error_queries(self) -> Commands:
        status = self.status
        return {
            "SYSTem:ERRor[:NEXT]?": Command(status.next_error),
            "SYSTem:ERRor:ALL?": Command(status.all_errors),
            "SYSTem:ERRor:CODE[:NEXT]?": Command(status.next_code),
            "SYSTem:ERRor:CODE:ALL?": Command(status.all_codes),
            "SYSTem:ERRor:COUNt?": Command(status.error_count),
        }

    def _register_commands(self, *, questionable: bool, operation: bool) -> Commands:
        # by name: a new register takes the place of the old one at power-on
        present = {"QUEStionable": questionable, "OPERation": operation}
        names = [name for name, has_it in present.items() if has_it]
        commands: Commands = {}
        for name in names:
            commands |= _condition_commands(f"STATus:{name}", partial(getattr, self.status, name.lower()))

        def preset() -> None:
            for name in names:
                getattr(self.status, name.lower()).enable = 0

        return {**commands, "STATus:PRESet": action(preset)} if names else {}


def _condition_commands(pattern: str, register: Callable[[], ConditionRegister]) -> Commands:
    mask = Integer(0, 32_767)
    return {
        f"{pattern}[:EVENt]?": Command(lambda: str(register().read_events())),
        f"{pattern}:CONDition?": Command(lambda: str(register().condition)),
        f"{pattern}:ENABle": Command(lambda bits: setattr(register(), "enable", bits), (mask,)),
        f"{pattern}:ENABle?": Command(lambda: str(register().enable)),
    }


def _failing(error: ScpiError) -> Unit:
    def unit() -> None:
        # a fresh one each time: a kept exception would collect tracebacks
        raise ScpiError(error.code, str(error).partition(";")[2])

    return unit


def _ignore_trigger() -> None:
    raise ScpiError(-211)


def action(do: Callable[[], None]) -> Command:
    """Return a command without parameters and reply."""
    return Command(do)


def scientific(value: float) -> str:
    """Return a number as ``2.3012E+02``: five significant digits."""
    return f"{value:.4E}"


Store: TypeAlias = "Callable[[], object]"
"""Returns the object that holds an instrument's settings now (``*RST`` replaces it)."""


def number_setting(pattern: str, number: Number, store: Store, name: str) -> Commands:
    """Return set command and query (also of MIN, MAX, DEF) for a number kept in attribute ``name``."""

    def read(bound: float | None = None) -> str:
        return scientific(getattr(store(), name) if bound is None else bound)

    return {
        pattern: Command(lambda value: setattr(store(), name, value), (number,)),
        f"{pattern}?": Command(read, (Bound(number),), required=0),
    }


def integer_setting(pattern: str, integer: Integer, store: Store, name: str) -> Commands:
    """Return set command and query for a whole number kept in attribute ``name``."""
    return {
        pattern: Command(lambda value: setattr(store(), name, value), (integer,)),
        f"{pattern}?": Command(lambda: str(getattr(store(), name))),
    }


def boolean_setting(pattern: str, store: Store, name: str) -> Commands:
    """Return set command and query for a switch kept in attribute ``name``; the query answers 0 or 1."""
    return {
        pattern: Command(lambda value: setattr(store(), name, value), (Boolean(),)),
        f"{pattern}?": Command(lambda: "1" if getattr(store(), name) else "0"),
    }


def choice_setting(pattern: str, choice: Choice, store: Store, name: str) -> Commands:
    """Return set command and query for a name of a closed list kept in attribute ``name``."""
    return {
        pattern: Command(lambda value: setattr(store(), name, value), (choice,)),
        f"{pattern}?": Command(lambda: str(getattr(store(), name))),
    }
