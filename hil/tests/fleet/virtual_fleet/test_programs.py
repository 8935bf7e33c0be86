"""Programs that outlive their command: started, found, ended."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hil.chain.node.process_identity import identity_of
from hil.errors import RigFault
from hil.fleet.virtual_fleet.programs import Program, end, marked, start, wait_until, wait_until_ready

WAITS = "import sys; print('here I am', flush=True); sys.stdin.read(); import signal; signal.pause()"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {WAITS}"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    end((), of_fleet=tmp_path)


def python(text: str) -> list[str]:
    return [sys.executable, "-c", text]


def test_a_program_is_ready_when_it_says_so_and_is_ended_with_its_name(folder: Path) -> None:
    program = start("bench one", python(WAITS), folder)
    wait_until_ready(program, "here I am")
    assert program.runs()
    assert end([program]) == ["bench one"]
    assert not program.runs()
    assert end([program]) == []


def test_a_program_that_ends_while_it_starts_is_a_rig_fault_with_its_last_words(folder: Path) -> None:
    program = start("bench one", python("raise SystemExit('no such address')"), folder)
    with pytest.raises(RigFault, match="bench one: it ended while it was starting: no such address"):
        wait_until_ready(program, "here I am")


def test_a_program_that_no_file_tells_of_is_found_by_its_environment_and_ended(folder: Path) -> None:
    program = start("bench one", python(WAITS), folder)
    wait_until_ready(program, "here I am")
    assert [identity.pid for identity in marked(folder)] == [program.pid]
    assert marked(folder / "other") == []
    assert end((), of_fleet=folder) == ["1 more process of the fleet"]


def test_a_program_that_does_not_obey_is_killed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hil.fleet.virtual_fleet.programs.END_S", 0.2)
    program = start("bench one", python(DEAF), folder)
    wait_until_ready(program, "here I am")
    assert end([program]) == ["bench one"]
    assert not program.runs()


def test_a_later_process_with_the_same_id_is_another_program_and_is_left_alone(tmp_path: Path) -> None:
    other = subprocess.Popen(python(WAITS), stdin=subprocess.PIPE)
    try:
        identity = identity_of(other.pid)
        assert identity is not None
        earlier = Program("bench one", str(replace(identity, started=identity.started - 1)), str(tmp_path / "log"))
        assert end([earlier]) == []
        assert other.poll() is None
    finally:
        other.kill()
        other.communicate()


def test_a_condition_that_never_holds_is_given_up_in_time() -> None:
    looks = iter(range(100))
    assert not wait_until(lambda: next(looks) < 0, 0.2)
    assert next(looks) >= 2
