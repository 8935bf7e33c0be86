"""Which test fires which transition of the state tables: ``pytest -p hil.tests.transition_matrix --transition-matrix``.

A pytest plugin, used by ``make spec``. It wraps the table of each machine that fires an event, so it sees what the
machine took and not what a test believes; a transition taken in a test that failed counts for nothing. The matrix
lists the tables as they stand, so a new transition appears by itself. The run fails if no test fires one.
"""

from __future__ import annotations

import enum
from collections.abc import Generator, Iterator, Mapping
from typing import Any, Final, TypeAlias

import pytest

from hil.protocol.cable.table import CABLE_TABLE
from hil.protocol.machine import MachineContext
from hil.protocol.socket.table import SOCKET_TABLE

TABLES: Final[dict[str, Mapping[Any, Any]]] = {"socket": SOCKET_TABLE, "cable": CABLE_TABLE}
ONE_BY_ONE: Final = "test_state_tables.py"
"""Fires each transition once, from a state made for it; another test is the better example."""

Transition: TypeAlias = tuple[enum.Enum, enum.Enum]


class Matrix:
    """The tests that fired each transition."""

    def __init__(self, tables: Mapping[str, Mapping[Any, Any]]) -> None:
        self._tests: dict[str, dict[Transition, dict[str, None]]] = {
            role: {transition: {} for transition in table} for role, table in tables.items()
        }

    def add(self, transition: Transition, test: str) -> None:
        """Note that ``test`` fired ``transition``; one that is in no table (a table made by a test) is left out."""
        for fired in self._tests.values():
            if transition in fired:
                fired[transition][test] = None

    def unfired(self) -> list[tuple[str, Transition]]:
        """Return the transitions, with their role, that no test fired."""
        return [(role, key) for role, fired in self._tests.items() for key, tests in fired.items() if not tests]

    def lines(self) -> Iterator[str]:
        """Yield the matrix as people read it: a line for each transition, then the sums."""
        for role, fired in self._tests.items():
            order = list(dict.fromkeys(state for state, _ in fired))
            yield f"{role + ': in state':<26}{'event':<22}{'tests':>5}  for example"
            for (state, event), tests in sorted(fired.items(), key=lambda entry: order.index(entry[0][0])):
                yield f"  {state.value:<24}{event.value:<22}{len(tests):>5}  {_example(tests)}"
            covered = sum(map(bool, fired.values()))
            played = sum(any(ONE_BY_ONE not in test for test in tests) for tests in fired.values())
            yield (
                f"{role}: {covered} of {len(fired)} transitions are fired by at least one test, "
                f"{played} of them also by a test other than {ONE_BY_ONE}"
            )


def _example(tests: Mapping[str, None]) -> str:
    chosen = min(tests, key=lambda test: (ONE_BY_ONE in test, len(test), test), default="NO TEST FIRES IT")
    return chosen.rpartition("hil/tests/")[2]


class RecordingTable(Mapping[Any, Any]):
    """The table of a machine, whatever it is, which remembers the entries that are taken."""

    taken: Final[set[Any]] = set()
    """Common to all tables, so that copies of a machine record into it, too."""

    def __init__(self, table: Mapping[Any, Any]) -> None:
        self._table = table

    def __getitem__(self, key: Any) -> Any:
        entry = self._table[key]
        self.taken.add(key)
        return entry

    def get(self, key: Any, default: Any = None) -> Any:
        entry = self._table.get(key, default)  # its own way, which may record as well
        if entry is not default:
            self.taken.add(key)
        return entry

    def __contains__(self, key: object) -> bool:
        return key in self._table  # asking whether a transition is allowed does not take it

    def __iter__(self) -> Iterator[Any]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)

    def __repr__(self) -> str:
        return repr(self._table)


class TransitionRecorder:
    """Wraps the machines during each test and keeps the matrix."""

    def __init__(self) -> None:
        self.matrix = Matrix(TABLES)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        RecordingTable.taken.clear()
        original = MachineContext.fire

        def fire(context: MachineContext[Any, Any, Any, Any], event: Any) -> bool:
            if not isinstance(context.table, RecordingTable):
                context.table = RecordingTable(context.table)  # of this one machine
            return original(context, event)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(MachineContext, "fire", fire)
            result = yield
        for transition in RecordingTable.taken:  # not reached if the test failed
            self.matrix.add(transition, item.nodeid)
        return result

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.matrix.unfired() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("transitions of the state tables")
        for line in self.matrix.lines():
            terminalreporter.write_line(line)
        if unfired := len(self.matrix.unfired()):
            terminalreporter.write_line(f"transitions that no test fires: {unfired}", red=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--transition-matrix", action="store_true", help="print which test fires which transition of the state tables"
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--transition-matrix"):
        config.pluginmanager.register(TransitionRecorder(), "transition-recorder")
