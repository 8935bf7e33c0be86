"""Which transitions of the state tables the scenarios reach on the virtual bench: ``make transitions``.

A pytest plugin (``-p hil.tests.bench_transitions --bench-transitions``). The machines that the rig plays are traced in
this process, those of the devices in the bench's, whose programs it builds by :func:`build` instead. The run fails if a
transition is reached by no scenario and is not listed, with the reason, in ``UNREACHABLE``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from hil.devices.firmware import factory as programs
from hil.protocol.machine import MachineContext
from hil.rig.virtual.process import PROGRAMS_VARIABLE
from hil.tests.transition_matrix import TABLES

if TYPE_CHECKING:
    from hil.devices.board import Board, Program

TRACE_VARIABLE: Final = "HIL_TEST_TRANSITIONS"
"""Names the file to which both processes append what is taken."""

_ANSWERED = "an answer of the ledger is awaited for 0.55 s at most, and what asked for it was heard: 60 s begin anew"
UNREACHABLE: Final[dict[tuple[str, str, str], str]] = {
    ("socket", "checking coins", "cable silent"): _ANSWERED,
    ("socket", "checking payment", "cable silent"): _ANSWERED,
    ("socket", "checking top-up", "cable silent"): _ANSWERED,
    ("socket", "awaiting payment", "funds exhausted"): "FUNDING that does not hold one payment is refused before",
    ("cable", "paying", "request declined"): "of all receipts the one before a payment that is declined was lost",
    ("socket", "awaiting payment", "ledger lost"): "no answer is awaited, and coins are watched while power flows only",
}
"""(role, state, event) -> why no scenario on a bench can take it."""


def build(role: str, profile: Mapping[str, object], board: Board) -> Program:
    """Build the reference program of ``role``, traced; the virtual bench calls this in its own process."""
    _trace()
    return programs.build(role, profile, board)


def _trace() -> None:
    """Append each transition that a machine of this process takes from now on to the file."""
    original = MachineContext.fire
    if hasattr(original, "traces"):
        return
    roles = {id(table): role for role, table in TABLES.items()}
    trace = Path(os.environ[TRACE_VARIABLE])

    class Traced(dict[Any, Any]):
        """A state table that tells what is taken from it."""

        def __init__(self, role: str, table: Mapping[Any, Any]) -> None:
            super().__init__(table)
            self.role = role
            self.told: set[Any] = set()

        def get(self, key: Any, default: Any = None) -> Any:
            entry = super().get(key, default)
            if entry is not None and key not in self.told:
                self.told.add(key)
                with trace.open("a", encoding="utf-8") as file:
                    file.write(f"{self.role}\t{key[0].value}\t{key[1].value}\n")
            return entry

    tables = {identity: Traced(role, TABLES[role]) for identity, role in roles.items()}

    def fire(context: MachineContext[Any, Any, Any, Any], event: Any) -> bool:
        traced = tables.get(id(context.table))
        if traced is not None:
            context.table = traced  # of this one machine
        return original(context, event)

    fire.traces = True  # type: ignore[attr-defined]
    MachineContext.fire = fire  # type: ignore[method-assign,assignment]


def _unreached(taken: set[tuple[str, ...]]) -> Iterator[tuple[str, str, str]]:
    for role, table in TABLES.items():
        for state, event in table:
            if (role, state.value, event.value) not in taken:
                yield role, state.value, event.value


class _Recorder:
    def __init__(self, trace: Path) -> None:
        self._trace = trace
        self._missing: list[tuple[str, str, str]] = []

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        taken = {tuple(line.split("\t")) for line in self._trace.read_text(encoding="utf-8").splitlines()}
        self._missing = list(_unreached(taken))
        if any(each not in UNREACHABLE for each in self._missing) and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("transitions that no scenario reaches")
        total = sum(len(table) for table in TABLES.values())
        for each in self._missing:
            role, state, event = each
            terminalreporter.write_line(f"{role:8}{state:20}{event:24}{UNREACHABLE.get(each, 'NO REASON GIVEN')}")
        terminalreporter.write_line(f"{total - len(self._missing)} of {total} transitions are reached on the bench")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--bench-transitions", metavar="FILE", help="note here which transitions scenarios reach, and tell which not"
    )


def pytest_configure(config: pytest.Config) -> None:
    chosen = config.getoption("--bench-transitions")
    if chosen:
        trace = Path(chosen).resolve()
        trace.parent.mkdir(parents=True, exist_ok=True)
        trace.write_text("", encoding="utf-8")
        os.environ[TRACE_VARIABLE] = str(trace)
        os.environ[PROGRAMS_VARIABLE] = f"{__name__}:build"
        _trace()
        config.pluginmanager.register(_Recorder(trace), "bench-transitions")
