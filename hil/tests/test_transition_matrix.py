"""The matrix says of each transition which tests fire it, by what machines do and not by what tests say of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hil.protocol.socket.table import SOCKET_TABLE, SocketEvent, SocketState
from hil.tests.transition_matrix import TABLES, Matrix, RecordingTable

FIRST = (SocketState.IDLE, SocketEvent.HELLO)
SECOND = (SocketState.OFFERED, SocketEvent.FUNDING)
TWO = {"socket": {FIRST: SOCKET_TABLE[FIRST], SECOND: SOCKET_TABLE[SECOND]}}

HELLO_ONLY = """
from hil.tests.protocol.desk import SocketDesk


def test_a_socket_hears_hello():
    SocketDesk().hello()


def test_that_fails():
    desk = SocketDesk()
    desk.hello()
    desk.fund()
    raise AssertionError
"""


def test_a_transition_is_listed_with_its_tests_and_an_example_that_says_more_than_one_by_one() -> None:
    matrix = Matrix(TWO)
    matrix.add(FIRST, "hil/tests/protocol/test_state_tables.py::test_each")
    matrix.add(FIRST, "hil/tests/protocol/test_pair.py::test_a_cable_is_served")
    matrix.add(FIRST, "hil/tests/protocol/test_pair.py::test_a_cable_is_served")
    lines = list(matrix.lines())
    assert lines[1].split() == ["idle", "hello", "2", "protocol/test_pair.py::test_a_cable_is_served"]
    assert lines[2].endswith("0  NO TEST FIRES IT")
    assert lines[3].startswith("socket: 1 of 2 transitions are fired by at least one test")
    assert matrix.unfired() == [("socket", SECOND)]


def test_every_transition_of_both_roles_is_in_the_matrix() -> None:
    assert Matrix(TABLES).unfired() == [(role, key) for role, table in TABLES.items() for key in table]


def test_to_ask_whether_a_transition_is_allowed_does_not_take_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RecordingTable, "taken", set())
    table = RecordingTable(SOCKET_TABLE)
    assert FIRST in table
    assert table.get((SocketState.IDLE, SocketEvent.SETTLED)) is None
    assert table.taken == set()
    assert table.get(FIRST) == table[FIRST] == SOCKET_TABLE[FIRST]
    assert table.taken == {FIRST}
    assert (repr(table), list(table), len(table)) == (repr(SOCKET_TABLE), list(SOCKET_TABLE), len(SOCKET_TABLE))


@pytest.mark.parametrize("chosen", ["hears_hello", "hears_hello or fails"])
def test_a_run_that_leaves_a_transition_out_fails_and_says_which(tmp_path: Path, chosen: str) -> None:
    (tmp_path / "test_desk.py").write_text(HELLO_ONLY, encoding="utf-8")
    options = ["-p", "hil.tests.transition_matrix", "--transition-matrix", "-p", "no:cacheprovider", "-k", chosen]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--rootdir", str(tmp_path), *options, str(tmp_path / "test_desk.py")],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=60.0,
        check=False,
    )
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout
    fired = [line.split()[:3] for line in done.stdout.splitlines() if "test_desk.py::" in line and line[:2] == "  "]
    assert fired == [["idle", "hello", "1"]]  # what only a failed test fired does not count
    assert "transitions that no test fires: " in done.stdout
