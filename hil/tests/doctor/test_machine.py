"""The machine: what is told of this one, and of one that lacks something, made with mounts of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hil.doctor import machine
from hil.doctor.finding import State
from hil.tests.doctor.surroundings import around, by_id

LOOK = """
from hil.doctor.machine import shared_memory
sight = shared_memory()
print(sight.state.value, sight.seen, sep="|")
"""


def with_memory_folder(options: str) -> list[str]:
    """Return state and words about a memory folder with a file system of its own, which one process alone sees."""
    unshare = [str(shutil.which("unshare")), *([] if os.geteuid() == 0 else ["--map-root-user"]), "--mount"]
    mount = f'mount -t tmpfs -o {options} none /dev/shm && exec "$0" -c "$1"'
    asked = subprocess.run(
        [*unshare, "sh", "-c", mount, sys.executable, LOOK], capture_output=True, text=True, timeout=60, check=True
    )
    return asked.stdout.strip().split("|")


def test_each_part_of_this_machine_is_looked_at(tmp_path: Path) -> None:
    found = by_id(machine.look(around(tmp_path)))

    names = ("python", "processors", "memory", "shared-memory", "clock", "namespaces", "faketime", "browser", "fonts")
    assert list(found) == [f"machine.{name}" for name in names]
    assert [each for each in found.values() if each.state is not State.OK and not each.remedy] == []
    assert found["machine.python"].seen.startswith(sys.version.split()[0])
    assert found["machine.processors"].seen.startswith(f"{len(os.sched_getaffinity(0))} for this process")
    assert found["machine.memory"].seen.endswith("MiB available")


def test_the_kernel_is_asked_about_the_clock_and_nothing_else_is() -> None:
    sight = machine.clock()

    assert sight.seen.startswith(("synchronised, largest error", "the kernel says", "cannot be asked"))
    assert (sight.state is State.OK) == sight.seen.startswith("synchronised")


@pytest.mark.parametrize(
    ("options", "state", "told"),
    [("size=1m,mode=1777", "problem", "MiB free"), ("size=64m,mode=1777", "ok", ", 64 MiB free")],
)
def test_a_memory_folder_that_holds_no_nodes_is_a_problem(options: str, state: str, told: str) -> None:
    seen = with_memory_folder(options)

    assert seen[0] == state
    assert told in seen[1]


def test_a_memory_folder_that_is_read_only_is_a_warning_since_nodes_go_elsewhere() -> None:
    state, seen = with_memory_folder("size=64m,ro")

    assert state == "warning"
    assert seen.startswith("cannot be written to: nodes keep their data in ")


def test_a_machine_without_a_browser_is_told_as_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    absent = machine.browser()
    program = tmp_path / "chromium"
    program.touch(mode=0o755)
    there = machine.browser()

    assert (absent.state, absent.seen.split(";")[0]) == (State.NOT_NEEDED, "none is there")
    assert (there.state, there.seen.split(";")[0]) == (State.NOT_NEEDED, f"{program} is there")
