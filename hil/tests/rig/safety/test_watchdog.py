"""The watchdog on a virtual bench in real time: real processes, real kills, and the true state of the plant."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hil.clock import WallClock
from hil.errors import RigFault
from hil.perf.safe_state import Program, is_dead, kills
from hil.rig.config.rig_file import RigFile
from hil.rig.safety import watchdog_client
from hil.rig.safety.lock import find_locks
from hil.rig.safety.watchdog import NICENESS, go_before_others
from hil.rig.safety.watchdog_client import WatchdogClient
from hil.rig.virtual.process import VirtualBenchProcess
from hil.tests.acceptance.commands import ROOT, Helper, poll
from hil.tests.rig.labgrid.boards import Board, served

REALTIME = ROOT / "rigs/realtime.yaml"


@pytest.fixture
def bench() -> Iterator[VirtualBenchProcess]:
    process = VirtualBenchProcess()
    start_world(process)
    yield process
    process.close()


def start_world(bench: VirtualBenchProcess) -> None:
    bench.reset(seed="x", plant={}, devices={}, node=None, clock="wall")
    bench.plug("load")


def rig_file(folder: Path, *changes: tuple[str, str]) -> Path:
    """Write a copy of the rig in real time with some passages replaced."""
    text = REALTIME.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "bench.yaml"
    path.write_text(text, encoding="utf-8")
    return path


class Live:
    """A program with everything switched on, 1300 W flowing, and its watchdog."""

    def __init__(self, rig: Path, bench: VirtualBenchProcess, folder: Path, mode: str = "--steady") -> None:
        self.report = folder / "safe_state.json"
        self.locks = folder / "locks"
        self.rig = rig
        self.bench = bench
        self.said = folder / "said.txt"
        with self.said.open("wb") as said:
            more = ("--locks", str(self.locks), mode)
            self.program = Program(rig, bench.address, self.report, *more, errors=said.fileno())
        self.program.begin()
        self.program.expect("live")
        poll(lambda: bench.ask({"op": "truth"})["power"] > 1000, "power")
        self.watchdog = next(helper for helper in self.children() if "hil.rig.safety.watchdog" in helper.command)

    def children(self) -> list[Helper]:
        helpers = (Helper.of(int(path.name)) for path in Path("/proc").glob("[0-9]*"))
        return [helper for helper in helpers if helper and helper.parent == self.program.process]

    def told(self) -> dict[str, Any]:
        poll(self.report.exists, "the watchdog's report", timeout=20)
        document: dict[str, Any] = json.loads(self.report.read_text(encoding="utf-8"))
        return document

    def watchdog_ends(self) -> bool:
        poll(lambda: not self.watchdog.is_alive(), "the end of the watchdog", timeout=20)
        return True


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_process_group_that_is_killed_leaves_a_safe_bench(
    number: signal.Signals, bench: VirtualBenchProcess, tmp_path: Path
) -> None:
    live = Live(REALTIME, bench, tmp_path)
    os.killpg(live.program.process, number)

    told = live.told()
    assert is_dead(bench), (told, bench.ask({"op": "truth"}))
    assert told["reached"] is True
    assert told["cause"] == "the test process is gone"
    assert [step["part"] for step in told["steps"]] == ["load input", "K1", "K2", "K3", "K4"]
    assert told["ms"] <= 1000
    watts, volts = told["meter"].split(", ")
    assert abs(float(watts.removesuffix(" W"))) < 3
    assert float(volts.removesuffix(" V")) < 1
    assert live.watchdog_ends()
    assert "safe after" in live.said.read_text()
    assert not live.locks.exists()
    live.program.close()


def test_a_test_process_that_hangs_is_overruled_and_watched_until_its_end(
    bench: VirtualBenchProcess, tmp_path: Path
) -> None:
    live = Live(rig_file(tmp_path, ("heartbeat: 5 s", "heartbeat: 0.5 s")), bench, tmp_path, "--hang")

    told = live.told()
    assert told["cause"] == "no heartbeat of the test process for 0.5 s"
    assert is_dead(bench)
    assert live.watchdog.is_alive()
    live.program.kill()
    assert live.watchdog_ends()
    assert [act["cause"] for act in live.told()["acts"]] == [told["cause"], "the test process is gone"]
    live.program.close()


def test_a_watchdog_that_is_told_to_end_makes_the_bench_safe_first(bench: VirtualBenchProcess, tmp_path: Path) -> None:
    live = Live(REALTIME, bench, tmp_path)
    os.kill(live.watchdog.pid, signal.SIGTERM)

    assert "SIGTERM" in live.told()["cause"]
    assert is_dead(bench)
    live.program.close()


def test_welded_contactors_are_found_by_the_meter_and_lock_the_rig(bench: VirtualBenchProcess, tmp_path: Path) -> None:
    start_world(bench)
    for contactor in ("K1", "K2"):
        bench.seed_fault(contactor, "welded")
    # the load is switched off before, so no power flows: what the meter finds is the voltage
    live = Live(REALTIME, bench, tmp_path)
    live.program.kill()

    told = live.told()
    assert all(step["reached"] for step in told["steps"])
    assert told["reached"] is False
    assert (
        "K1 is welded shut or does not switch this circuit, or the meter shows voltage where there is none"
        in told["problem"]
    )
    assert live.watchdog_ends()
    ((_, lock),) = find_locks(live.locks, RigFile.load(REALTIME))
    assert "welded" in lock.reason
    assert "SAFE STATE NOT REACHED" in live.said.read_text()
    live.program.close()


def test_a_coil_that_ignores_what_it_is_told_is_named_and_the_rest_is_switched(
    bench: VirtualBenchProcess, tmp_path: Path
) -> None:
    with served(Board(coils=[False, True, False, False], stuck={1})) as board:
        there = "K2, host: !template '$LG_HIL_BENCH:5020'"
        rig = rig_file(tmp_path, (there, f"K2, host: '127.0.0.1:{board.port}'"))
        watchdog = WatchdogClient(
            RigFile.load(rig), address=bench.address, locks=tmp_path / "locks", errors=subprocess.DEVNULL
        )
        watchdog.wait_until_ready()
        told = watchdog.trip("a test")
        watchdog.end()

    steps = {step["part"]: step for step in told["steps"]}
    assert told["reached"] is False
    assert "relay K2: told to open and reads back closed" in steps["K2"]["problem"]
    assert steps["K2"]["tries"] > 1
    assert all(steps[part]["reached"] for part in ("load input", "K1", "K3", "K4"))
    assert find_locks(tmp_path / "locks", RigFile.load(rig))


def test_a_load_that_hangs_does_not_keep_the_contactor_closed(bench: VirtualBenchProcess, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        there = "TCPIP::$LG_HIL_BENCH::30000::SOCKET"
        rig = rig_file(tmp_path, (there, f"TCPIP::127.0.0.1::{silent.getsockname()[1]}::SOCKET"))
        watchdog = WatchdogClient(RigFile.load(rig), address=bench.address, errors=subprocess.DEVNULL)
        watchdog.wait_until_ready()
        told = watchdog.trip("a test")
        watchdog.end()

    load, k1, *_ = told["steps"]
    assert not load["reached"]
    assert "no whole reply to '*IDN?'" in load["problem"]
    assert k1["reached"]
    assert k1["ms"] < 1000


def test_a_virtual_bench_that_has_ended_is_nothing_to_lock(bench: VirtualBenchProcess, tmp_path: Path) -> None:
    watchdog = WatchdogClient(
        RigFile.load(REALTIME),
        address=bench.address,
        lifeline=bench.lifeline,
        locks=tmp_path / "locks",
        errors=subprocess.DEVNULL,
    )
    watchdog.wait_until_ready()
    os.kill(bench.process, signal.SIGKILL)
    bench._process.wait(timeout=5)
    told = watchdog.trip("a test")
    watchdog.end()

    assert told["reached"] is True
    assert "had ended" in told["meter"]
    assert not (tmp_path / "locks").exists()


def test_a_run_without_its_watchdog_is_a_rig_fault(bench: VirtualBenchProcess) -> None:
    watchdog = WatchdogClient(RigFile.load(REALTIME), address=bench.address, errors=subprocess.DEVNULL)
    watchdog.wait_until_ready()
    os.kill(watchdog.process, signal.SIGKILL)
    assert watchdog._process.wait(10)
    with pytest.raises(RigFault, match="nobody would make the bench safe"):
        watchdog.arm()
    watchdog.end()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog_client, "ANSWER_TIMEOUT_S", 0.2)
    monkeypatch.setattr(watchdog_client, "SECOND_CHANCE_S", 0.05)


@contextlib.contextmanager
def guarded(rig: str, bench: VirtualBenchProcess) -> Iterator[WatchdogClient]:
    watchdog = WatchdogClient(RigFile.load(ROOT / f"rigs/{rig}.yaml"), address=bench.address, errors=subprocess.DEVNULL)
    try:
        watchdog.wait_until_ready()
        yield watchdog
    finally:
        watchdog.end()


def test_a_bench_that_is_taken_from_its_run_is_refused_while_it_is_in_use_and_not_when_it_is_safe(
    bench: VirtualBenchProcess,
) -> None:
    def taken() -> None:
        raise RigFault("another job has it", place="place bench-1")

    with guarded("realtime", bench) as watchdog:
        watchdog.also = taken
        watchdog.look()
        for use in (watchdog.arm, watchdog.look):
            with pytest.raises(RigFault, match="place bench-1: another job has it"):
                use()
        watchdog.disarm()
        watchdog.look()


@pytest.mark.usefixtures("impatient")
def test_a_watchdog_that_hangs_is_noticed_by_its_silence_while_the_bench_is_in_use(bench: VirtualBenchProcess) -> None:
    with guarded("realtime", bench) as watchdog:
        watchdog._limit = 0.1
        watchdog.arm()
        os.kill(watchdog.process, signal.SIGSTOP)
        with pytest.raises(RigFault, match=r"no 'alive' from the watchdog within 0\.2 s: it hangs"):
            poll(watchdog.beat, "a fault of the watchdog", timeout=10)
        assert watchdog.lost is not None
        with pytest.raises(RigFault, match="it hangs"):
            watchdog.disarm()
        with pytest.raises(RigFault, match="it hangs"):
            watchdog.trip("a test")
    assert watchdog._process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("rig", ["realtime", "virtual"])
@pytest.mark.usefixtures("impatient")
def test_a_watchdog_that_hung_is_noticed_at_the_latest_when_the_bench_is_safe(
    bench: VirtualBenchProcess, rig: str
) -> None:
    with guarded(rig, bench) as watchdog:
        watchdog.arm()
        os.kill(watchdog.process, signal.SIGSTOP)
        with pytest.raises(RigFault, match="no 'resting' from the watchdog"):
            watchdog.disarm()
        with pytest.raises(RigFault, match="it hangs"):
            watchdog.arm()


def test_a_watchdog_that_answers_is_never_taken_for_one_that_hangs(bench: VirtualBenchProcess) -> None:
    clock = WallClock()
    with guarded("realtime", bench) as watchdog:
        watchdog._limit = 0.01
        for _ in range(3):
            watchdog.arm()
            for _ in range(50):
                clock.sleep(0.002)
                watchdog.beat()
            watchdog.disarm()
        assert watchdog.lost is None


def test_the_watchdog_goes_before_other_programs_if_it_may_and_watches_all_the_same_if_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int] = []

    def refuse(which: int, who: int, niceness: int) -> None:
        asked.append(niceness)
        raise PermissionError

    monkeypatch.setattr(os, "setpriority", refuse)
    go_before_others()

    assert asked == [NICENESS]
    assert NICENESS < 0


def test_after_a_normal_end_the_watchdog_has_done_nothing(bench: VirtualBenchProcess, tmp_path: Path) -> None:
    watchdog = WatchdogClient(RigFile.load(REALTIME), address=bench.address, report=tmp_path / "safe_state.json")
    watchdog.wait_until_ready()
    watchdog.arm()
    watchdog.disarm()
    watchdog.end()

    assert watchdog._process.returncode == 0
    assert not (tmp_path / "safe_state.json").exists()


def test_kills_at_random_instants_leave_no_power(tmp_path: Path) -> None:
    done = list(kills(REALTIME, count=5, seed=3))

    assert len(done) == 5
    assert max(kill.ms for kill in done) <= 1000
