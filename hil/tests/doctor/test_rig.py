"""What a rig needs of this machine: its addresses are reached, its device files looked at, and nothing is sent."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from hil.doctor.finding import Finding, State
from hil.doctor.rig import look
from hil.errors import ConfigurationError
from hil.rig.config.rig_file import RigFile
from hil.rig.safety.watchdog_client import WatchdogClient
from hil.tests.acceptance.commands import Project
from hil.tests.doctor.surroundings import ROOT, around, by_id, closed_port, listening

LINES = ("socket-link", "cable-link", "socket-console", "cable-console")


class Bench:
    """A physical bench as its rig file describes it: two instruments, a relay board, four serial ports."""

    def __init__(self, folder: Path, servers: dict[str, socket.socket], terminals: dict[str, Path]) -> None:
        self.project = Project.make(folder).folder
        self.servers = servers
        text = (ROOT / "rigs/bench-example.yaml").read_text(encoding="utf-8")
        for old, role in (
            ("192.0.2.11::5025", "meter"),
            ("192.0.2.12::30000", "load"),
            ("192.0.2.13:502", "relays"),
        ):
            host, port = servers[role].getsockname()
            text = text.replace(old, f"{host}{'::' if '::' in old else ':'}{port}")
        for number, line in enumerate(LINES):
            old = f"/dev/serial/by-path/pci-0000:00:14.0-usb-0:2:1.0-port{number}"
            text = text.replace(old, str(terminals[line]))
        self.file = self.project / "rigs/bench.yaml"
        self.file.write_text(text, encoding="utf-8")

    def look(self) -> dict[str, Finding]:
        return by_id(look(around(self.project, self.file)))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with ExitStack() as stack:
        servers = {role: stack.enter_context(listening()) for role in ("meter", "load", "relays")}
        terminals = {}
        for line in LINES:
            near, far = os.openpty()
            stack.callback(os.close, near)
            stack.callback(os.close, far)
            terminals[line] = Path(os.ttyname(far))
        yield Bench(tmp_path / "project", servers, terminals)


def test_a_bench_that_is_all_there_is_well_and_each_address_is_tried_once(bench: Bench) -> None:
    found = bench.look()

    assert {name: each for name, each in found.items() if each.state is not State.OK} == {}
    assert {"rig.meter", "rig.load", "rig.K1+K2+K3+K4", *(f"rig.{line}" for line in LINES)} <= set(found)


def test_no_byte_is_sent_to_instruments_and_relays(bench: Bench) -> None:
    bench.look()

    for server in bench.servers.values():
        connection, _ = server.accept()
        with connection:
            connection.settimeout(5)
            assert connection.recv(1) == b""
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_each_part_that_is_gone_is_a_problem_of_its_own(bench: Bench) -> None:
    bench.servers["load"].close()
    text = bench.file.read_text(encoding="utf-8")
    port = next(line for line in text.splitlines() if "RawSerialPort: {name: cable-link" in line)
    bench.file.write_text(text.replace(port, port.replace("/dev/", "/dev/no-")), encoding="utf-8")

    found = bench.look()

    assert [name for name, each in found.items() if each.state is State.PROBLEM] == ["rig.load", "rig.cable-link"]
    assert all(found[name].remedy for name in ("rig.load", "rig.cable-link"))


def test_a_bench_that_a_run_has_is_left_alone(bench: Bench) -> None:
    watchdog = WatchdogClient(RigFile.load(bench.file))
    try:
        watchdog.wait_until_ready()
        found = bench.look()
    finally:
        watchdog.end()

    assert found["rig.in-use"].state is State.WARNING
    assert str(watchdog.process) in found["rig.in-use"].seen
    assert "rig.meter" not in found
    assert found["rig.addresses"].state is State.NOT_NEEDED
    for server in bench.servers.values():
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_locked_rig_is_a_problem(bench: Bench) -> None:
    locks = bench.project / "reports/locks"
    locks.mkdir()
    lock = {"rig": "bench-example", "file": "b.yaml", "reason": "K1 does not open", "since": "2026-01-01T00:00:00"}
    (locks / "bench.json").write_text(json.dumps(lock))

    found = bench.look()["rig.lock"]

    assert (found.state, found.seen) == (State.PROBLEM, "locked since 2026-01-01T00:00:00: K1 does not open")
    assert found.remedy.endswith(f"hil rig clear {bench.file}")


def test_a_simulated_bench_needs_no_address_unless_it_stands_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LG_HIL_BENCH", raising=False)
    rig = ROOT / "rigs/virtual.yaml"

    found = by_id(look(around(tmp_path, rig)))
    monkeypatch.setenv("LG_HIL_BENCH", "127.0.0.1")
    standing = by_id(look(around(tmp_path, rig)))

    assert list(found) == ["rig.file", "rig.lock", "rig.in-use"]
    assert found["rig.file"].seen.endswith("simulated: a run starts its bench")
    assert {"rig.meter", "rig.load", "rig.K1+K2+K3+K4"} <= set(standing)


def test_a_template_without_its_variable_is_a_problem(bench: Bench) -> None:
    text = bench.file.read_text(encoding="utf-8")
    host, port = bench.servers["meter"].getsockname()
    changed = text.replace(f"'TCPIP::{host}::{port}::SOCKET'", "!template 'TCPIP::$LG_NO_SUCH::5025::SOCKET'")
    bench.file.write_text(changed, encoding="utf-8")

    found = bench.look()["rig.resources"]

    assert found.state is State.PROBLEM
    assert "LG_NO_SUCH" in found.seen


def test_devices_that_are_programs_need_namespaces_and_libfaketime(tmp_path: Path) -> None:
    project = Project.make(tmp_path / "project")
    name = project.rig("own.yaml", ("serial: virtual-socket", "serial: x\n        command: [sh, -c, 'exit 0']"))

    found = by_id(look(around(project.folder, project.folder / name)))

    assert {"rig.storage", "rig.calendar"} <= set(found)


def test_a_program_that_cannot_be_executed_is_the_authors_error(tmp_path: Path) -> None:
    project = Project.make(tmp_path / "project")
    name = project.rig("own.yaml", ("serial: virtual-socket", "serial: x\n        command: [no-such-program]"))

    with pytest.raises(ConfigurationError, match="'no-such-program' is not found"):
        look(around(project.folder, project.folder / name))


def test_a_place_whose_coordinator_is_not_there_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LG_COORDINATOR", f"127.0.0.1:{closed_port()}")

    found = by_id(look(around(tmp_path, ROOT / "rigs/remote.yaml")))["rig.place.bench"]

    assert (found.state, "Connection refused" in found.seen) == (State.PROBLEM, True)
    assert "labgrid-coordinator" in found.remedy


def test_a_coordinator_that_never_answers_costs_the_deadline_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listening() as silent:
        monkeypatch.setenv("LG_COORDINATOR", f"127.0.0.1:{silent.getsockname()[1]}")
        found = by_id(look(around(tmp_path, ROOT / "rigs/remote.yaml")))["rig.place.bench"]

    assert (found.state, "does not answer" in found.seen) == (State.PROBLEM, True)
    assert found.remedy


def test_without_a_rig_there_is_nothing_to_look_at(tmp_path: Path) -> None:
    assert look(around(tmp_path)) == []
