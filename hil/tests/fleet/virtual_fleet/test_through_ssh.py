"""A place whose exporter is isolated: each of its parts is reached through a real ssh server, the instruments too."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from labgrid.util.ssh import sshmanager

from hil.errors import ConfigurationError, RigFault
from hil.fleet.coordinator import Coordinator
from hil.fleet.owner import Owner
from hil.fleet.safe_place import write_record
from hil.fleet.virtual_fleet.places import make_places
from hil.fleet.virtual_fleet.programs import start, wait_until, wait_until_ready
from hil.fleet.virtual_fleet.up_and_down import FOLDER, Fleet, _resources, down, up
from hil.rig.config.held_place import PLACE_VARIABLE, RECORD_VARIABLE, PlaceRecord, PlaceResource, read_place
from hil.rig.labgrid.resources_and_drivers import VisaInstrument
from hil.rig.labgrid.ssh_forward import reachable
from hil.tests.fleet.virtual_fleet.kit import hil, new_laboratory

SSHD = shutil.which("sshd") or "/usr/sbin/sshd"
ISOLATED = {"proxy": "exporter-host", "proxy_required": True}

SERVER = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/user_key.pub
PidFile {folder}/sshd.pid
StrictModes no
UsePAM no
"""

CLIENT = """\
Host exporter-host
  HostName 127.0.0.1
  Port {port}
  User {user}
  IdentityFile {folder}/user_key
  UserKnownHostsFile {folder}/known_hosts
"""

WRAPPER = """\
#!/bin/sh
echo "$@" >> {folder}/calls
exec {ssh} -F {folder}/client "$@"
"""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture(scope="module")
def ssh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A server on loopback, and a client that knows its host as ``exporter-host``; yields the folder of both."""
    folder = tmp_path_factory.mktemp("ssh")
    for name in ("host_key", "user_key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)  # noqa: S607
    port, user = free_port(), getpass.getuser()
    (folder / "server").write_text(SERVER.format(port=port, folder=folder))
    (folder / "client").write_text(CLIENT.format(port=port, folder=folder, user=user))
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {(folder / 'host_key.pub').read_text()}")
    wrapper = folder / "bin/ssh"
    wrapper.parent.mkdir()
    wrapper.write_text(WRAPPER.format(folder=folder, ssh=shutil.which("ssh")))
    wrapper.chmod(0o755)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # sshd demands it of root
    with (folder / "log").open("wb") as log, pytest.MonkeyPatch.context() as patch:
        server = subprocess.Popen([SSHD, "-D", "-e", "-f", str(folder / "server")], stderr=log)
        patch.setenv("PATH", f"{wrapper.parent}:{os.environ['PATH']}")
        try:
            assert wait_until(lambda: "listening" in (folder / "log").read_text(), 10.0), (folder / "log").read_text()
            yield folder
        finally:
            sshmanager.close_all()
            server.terminate()
            server.wait(10)


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("laboratory")
    new_laboratory(root)
    return root


@pytest.fixture(scope="module")
def fleet(laboratory: Path) -> Iterator[Fleet]:
    yield up(laboratory, 1, laboratory / "rigs/fleet.yaml")
    down(laboratory)


def instrument(resource: str, **extra: object) -> VisaInstrument:
    found = VisaInstrument(target=None, name="meter", resource=resource)  # type: ignore[call-arg]  # labgrid has no types
    found.extra = extra
    return found


def test_an_instrument_behind_an_isolated_exporter_answers_at_the_end_of_a_forwarded_port(
    ssh: Path, fleet: Fleet
) -> None:
    direct = f"TCPIP::{fleet.benches['virtual-1']}::5025::SOCKET"
    resource = reachable(instrument(direct, **ISOLATED))
    _, host, port, _ = resource.split("::")
    assert (host, port) != (fleet.benches["virtual-1"], "5025")
    with socket.create_connection((host, int(port)), timeout=5) as meter:
        meter.sendall(b"*IDN?\n")
        assert b"HMC8015" in meter.recv(100)


def test_an_instrument_that_can_be_reached_is_asked_where_it_is() -> None:
    assert (
        reachable(instrument("TCPIP::192.0.2.7::INSTR", proxy="x", proxy_required=False)) == "TCPIP::192.0.2.7::INSTR"
    )


@pytest.mark.parametrize("resource", ["TCPIP::192.0.2.7::INSTR", "ASRL/dev/ttyS0::INSTR"])
def test_a_resource_that_ssh_cannot_carry_is_told_with_what_can_be(resource: str) -> None:
    with pytest.raises(ConfigurationError, match=r"cannot be reached through ssh.*TCPIP::HOST::PORT::SOCKET, or a VPN"):
        reachable(instrument(resource, **ISOLATED))


def test_a_host_that_ssh_does_not_reach_is_a_rig_fault(ssh: Path) -> None:
    unknown = instrument("TCPIP::192.0.2.7::5025::SOCKET", proxy="no-such-host.invalid", proxy_required=True)
    with pytest.raises(RigFault, match=r"meter: no way to 192\.0\.2\.7:5025 through ssh"):
        reachable(unknown)


def test_a_place_is_made_safe_through_ssh(ssh: Path, fleet: Fleet, laboratory: Path) -> None:
    offered = _resources(fleet.benches["virtual-1"])
    resources = [
        PlaceResource(name, str(arguments.pop("cls")), arguments, ISOLATED) for name, arguments in offered.items()
    ]
    record = PlaceRecord("virtual-1", fleet.coordinator, "a/b", "2026-11-30T12:00:00+00:00", resources)
    path = record.write(laboratory / "reports/places")
    (ssh / "calls").write_text("")
    done = hil(
        laboratory, "rig", "safe", "rigs/fleet.yaml", **{RECORD_VARIABLE: str(path), PLACE_VARIABLE: "virtual-1"}
    )
    assert done.returncode == 0, done.stderr
    assert "safe after" in done.stdout
    forwards = [line for line in (ssh / "calls").read_text().splitlines() if "-O forward" in line]
    for port in (5025, 30000, 5020):
        assert any(f":{fleet.benches['virtual-1']}:{port} " in line for line in forwards), forwards


def test_the_record_of_a_job_says_which_parts_are_reached_through_ssh(fleet: Fleet, laboratory: Path) -> None:
    folder = laboratory / FOLDER
    words = ("labgrid.remote.exporter", "-c", fleet.coordinator, "-n", "isolated", "--isolated")
    exporter = start("exporter isolated", [sys.executable, "-m", *words, str(folder / "virtual-1.yaml")], folder)
    wait_until_ready(exporter, "Exporter ready")
    make_places(fleet.coordinator, {"isolated": {"rig": "fleet"}}, len(_resources("")))
    with Coordinator(fleet.coordinator, Owner.person()) as coordinator:
        places = coordinator.places()
    record = read_place(write_record(laboratory, fleet.coordinator, places["isolated"], "a/b"))
    assert {each.extra["proxy_required"] for each in record.resources} == {True}
    assert places["virtual-1"].ways == {}
