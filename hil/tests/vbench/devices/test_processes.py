"""Real device programs in processes of their own, on a bench that follows the wall clock."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pyModbusTCP.client import ModbusClient

from hil.clock import WallClock
from hil.tests.vbench.bench_kit import Client, Harness, running

ACCOUNT = "5a" * 16
BOOT = [{"name": "application", "seconds": 0.05}]
CONTACT = 4
DEADLINE = 20.0

Plug = Callable[[str], Client]


@pytest.fixture(scope="module")
def harness() -> Iterator[Harness]:
    with running() as harness:
        yield harness


@pytest.fixture
def control(harness: Harness) -> Iterator[Client]:
    client = harness.client("control")
    yield client
    client.ask(op="reset", seed="over")
    client.close()


@pytest.fixture
def plug(harness: Harness) -> Iterator[Plug]:
    """Connects to a line of the bench until the test is over; a line has one client at a time."""
    clients: list[Client] = []

    def connect(name: str) -> Client:
        clients.append(harness.client(name))
        return clients[-1]

    yield connect
    for client in clients:
        client.close()


def awaited(condition: Callable[[], Any], what: str) -> Any:
    clock = WallClock()

    def look_again() -> None:
        clock.call_at(clock.now() + 0.02, look_again)

    look_again()
    return clock.wait_for(condition, timeout=DEADLINE, what=what)


def until(console: Client, event: str) -> dict[str, Any]:
    """Return the next line of the console that tells of ``event``."""
    while True:
        line: dict[str, Any] = json.loads(console.line())
        if line["event"] == event:
            return line


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def cable(control: Client, **plant: float) -> None:
    control.ask(op="reset", seed="s", clock="wall", plant=plant, devices={"cable": {"account": ACCOUNT, "boot": BOOT}})


def test_a_cable_starts_with_its_supply_and_is_killed_with_it(harness: Harness, control: Client, plug: Plug) -> None:
    console, link = plug("cable-console"), plug("cable-link")
    cable(control)
    harness.switch("K4", closed=True)
    pid = until(console, "start")["pid"]
    assert until(console, "ready")["role"] == "cable"
    assert link.read(1) != b""  # it says HELLO
    assert is_alive(pid)
    harness.switch("K4", closed=False)
    awaited(lambda: not is_alive(pid), "the end of the cable's program")
    assert control.ask(op="faults").keys() == {"now"}


def test_what_a_device_stored_outlives_kill_9_but_not_the_scenario(
    harness: Harness, control: Client, plug: Plug
) -> None:
    console = plug("cable-console")
    cable(control)

    def records(pid: int) -> dict[str, bytes]:
        """Return the first copies of the records, as the program sees them."""
        return {path.name: path.read_bytes() for path in Path(f"/proc/{pid}/root{folder}/storage").glob("*.a")}

    harness.switch("K4", closed=True)
    pid = until(console, "start")["pid"]
    until(console, "ready")
    arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    folder = os.path.dirname(arguments[arguments.index(b"--storage") + 1].decode())
    first = records(pid)
    assert first
    harness.switch("K4", closed=False)
    awaited(lambda: not is_alive(pid), "the end of the cable's program")
    harness.switch("K4", closed=True)
    again = until(console, "start")["pid"]
    assert again != pid
    until(console, "ready")
    second = records(again)
    assert second.keys() == first.keys()
    assert second["addresses.a"] != first["addresses.a"]  # it goes on counting where it was
    control.ask(op="reset", seed="t")
    assert not Path(folder).exists()


def test_a_program_that_dies_by_itself_is_told_to_the_controller(harness: Harness, control: Client, plug: Plug) -> None:
    console = plug("cable-console")
    cable(control)
    harness.switch("K4", closed=True)
    pid = until(console, "start")["pid"]
    os.kill(pid, signal.SIGKILL)
    told = awaited(lambda: control.ask(op="faults").get("failed"), "the failure")
    assert told == [["cable", "its program was ended by signal 9"]]
    assert control.ask(op="faults").keys() == {"now"}


def test_a_program_that_a_signal_has_stopped_is_told_once_to_the_controller(
    harness: Harness, control: Client, plug: Plug
) -> None:
    console = plug("cable-console")
    cable(control)
    harness.switch("K4", closed=True)
    pid = until(console, "start")["pid"]
    os.kill(pid, signal.SIGSTOP)
    told = awaited(lambda: control.ask(op="faults").get("failed"), "the failure")
    assert told == [["cable", "its program was stopped by a signal (state T)"]]
    for _ in range(5):
        assert control.ask(op="faults").keys() == {"now"}
    harness.switch("K4", closed=False)
    awaited(lambda: not is_alive(pid), "the end of the cable's program")


def test_no_secret_is_on_a_command_line(harness: Harness, control: Client, plug: Plug) -> None:
    console = plug("socket-console")
    start_socket(harness, control)
    pid = until(console, "start")["pid"]
    line = Path(f"/proc/{pid}/cmdline").read_bytes()
    assert b"s3cret" not in line
    assert ACCOUNT.encode() not in line


def start_socket(harness: Harness, control: Client) -> None:
    with socket.socket() as unused:  # no node: the socket waits for one
        unused.bind(("127.0.0.1", 0))
        node = {"host": "127.0.0.1", "port": unused.getsockname()[1], "user": "u", "password": "s3cret"}
    profile = {"account": ACCOUNT, "boot": BOOT}
    control.ask(op="reset", seed="s", clock="wall", devices={"socket": profile}, node=node)
    harness.switch("K1", closed=True)  # its meter is fed from there
    harness.switch("K3", closed=True)


def test_the_contact_is_a_coil_that_only_a_socket_with_power_can_hold(
    harness: Harness, control: Client, plug: Plug
) -> None:
    console = plug("socket-console")
    board = ModbusClient(harness.address, harness.ports["relays"], timeout=10)
    start_socket(harness, control)
    until(console, "note")
    assert board.write_single_coil(CONTACT, True)
    assert board.read_coils(CONTACT, 1) == [True]
    awaited(lambda: control.ask(op="truth")["contacts"]["socket"]["closed"], "the contact to close")
    harness.switch("K3", closed=False)
    awaited(lambda: board.read_coils(CONTACT, 1) == [False], "the contact to fall open")
    board.write_single_coil(CONTACT, True)
    assert board.read_coils(CONTACT, 1) == [False]
    board.close()


def test_a_socket_told_to_end_opens_its_contact(harness: Harness, control: Client, plug: Plug) -> None:
    console = plug("socket-console")
    board = ModbusClient(harness.address, harness.ports["relays"], timeout=10)
    start_socket(harness, control)
    pid = until(console, "start")["pid"]
    until(console, "note")
    assert board.write_single_coil(CONTACT, True)
    os.kill(pid, signal.SIGTERM)
    assert until(console, "end") | {"t": 0} == {
        "t": 0,
        "role": "socket",
        "event": "end",
        "reason": "SIGTERM",
        "code": 0,
    }
    assert board.read_coils(CONTACT, 1) == [False]
    board.close()


def test_an_unknown_clock_is_refused(control: Client) -> None:
    assert (
        "'wal' is no clock; known: virtual, wall. Did you mean 'wall'?" in control.ask(op="reset", clock="wal")["error"]
    )


def test_a_socket_without_mains_cannot_read_its_meter_and_ends(harness: Harness, control: Client, plug: Plug) -> None:
    console = plug("socket-console")
    start_socket(harness, control)
    until(console, "note")
    harness.switch("K1", closed=False)
    assert "the energy meter does not answer" in until(console, "failed")["text"]
    told = awaited(lambda: control.ask(op="faults").get("failed"), "the failure")
    assert told == [["socket", "its program ended with code 7"]]


SAYS_NOTHING = """\
#!/bin/sh
while read -r at time voltage current power energy contact plug event rest; do
  [ "$at" = at ] && echo "until never"
done
"""


def test_what_a_program_takes_is_told_while_its_device_has_power(harness: Harness, control: Client, plug: Plug) -> None:
    console = plug("cable-console")
    cable(control)
    assert control.ask(op="resources")["resources"] == {}
    harness.switch("K4", closed=True)
    pid = until(console, "start")["pid"]
    until(console, "ready")
    taken = control.ask(op="resources")["resources"]["cable"]
    assert taken["pid"] == pid
    assert taken["memory_kib"] > 1000  # an interpreter with its modules
    assert taken["descriptors"] >= 6
    assert taken["threads"] >= 1


def test_of_a_program_that_speaks_the_lockstep_protocol_its_host_is_left_out(
    harness: Harness, control: Client, plug: Plug, tmp_path: Path
) -> None:
    program = tmp_path / "silent.sh"
    program.write_text(SAYS_NOTHING)
    program.chmod(0o755)
    programs = {"cable": {"command": ["./silent.sh"], "folder": str(tmp_path)}}
    devices = {"cable": {"account": ACCOUNT, "boot": BOOT}}
    control.ask(op="reset", seed="s", clock="wall", devices=devices, programs=programs)
    harness.switch("K4", closed=True)

    def shell() -> dict[str, int] | None:
        taken: dict[str, int] | None = control.ask(op="resources")["resources"].get("cable")
        running = taken is not None and b"silent.sh" in Path(f"/proc/{taken['pid']}/cmdline").read_bytes()
        return taken if running else None

    taken = awaited(shell, "the program that the host runs")
    assert taken["threads"] == 1
    assert taken["memory_kib"] < 1000  # a shell, and no interpreter that runs it
