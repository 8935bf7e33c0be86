"""What reaches instruments: rights, listeners and USB, with real device files and ports."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.doctor.access import device_file, holder, host_and_port, how_to_open, listens
from hil.doctor.addresses import Unknown, UsbDevice, Wrong, sight_of
from hil.doctor.finding import State
from hil.doctor.instruments import SERIAL_PORTS, coordinator, look, ports, visa
from hil.rig.config.addresses import Part
from hil.tests.acceptance.commands import poll
from hil.tests.doctor.surroundings import around, by_id, closed_port, listening, open_folder, without_rights


@pytest.fixture
def terminal() -> Iterator[Path]:
    """A serial port: the far end of a pseudo-terminal."""
    near, far = os.openpty()
    yield Path(os.ttyname(far))
    os.close(near)
    os.close(far)


def test_a_port_that_may_be_opened_is_well(terminal: Path) -> None:
    assert device_file(terminal).state is State.OK


def test_a_port_that_this_user_may_not_open_is_told_with_the_group_that_may(terminal: Path) -> None:
    terminal.chmod(0)
    with without_rights():
        sight = device_file(terminal)

    assert sight.state is State.PROBLEM
    assert sight.seen == f"{terminal} may not be opened by this user"
    assert "log in anew" in sight.remedy or "udev" in sight.remedy


def test_a_port_that_another_program_has_open_is_told_with_that_program(terminal: Path) -> None:
    with subprocess.Popen(["cat", str(terminal)], stdout=subprocess.PIPE) as other:  # noqa: S607 - whichever cat
        try:
            poll(lambda: holder(terminal), "the other program to open the port")
            sight = device_file(terminal)
        finally:
            other.kill()

    assert (sight.state, sight.seen) == (State.PROBLEM, f"{terminal} is open in process {other.pid} (cat)")


def test_the_remedy_names_the_group_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "port"
    file.touch()
    os.chown(file, -1, os.getgid() or 20)  # dialout of Debian, where root may choose

    assert how_to_open([file]).startswith("sudo usermod -aG ")


@pytest.mark.parametrize(("name", "told"), [("absent", "is not there"), ("file", "is no device")])
def test_what_is_no_device_file_is_a_problem(tmp_path: Path, name: str, told: str) -> None:
    (tmp_path / "file").touch()

    sight = device_file(tmp_path / name)

    assert (sight.state, told in sight.seen) == (State.PROBLEM, True)


def test_adapters_that_are_there_are_listed_and_those_without_rights_are_a_warning() -> None:
    with open_folder() as devices:
        assert ports(devices, SERIAL_PORTS).state is State.NOT_NEEDED
        for name in ("ttyUSB0", "ttyACM0", "ttyS0"):
            (devices / name).touch()
            (devices / name).chmod(0o666)
        assert ports(devices, SERIAL_PORTS).seen == f"{devices}/ttyACM0, {devices}/ttyUSB0 may be opened"
        (devices / "ttyUSB0").chmod(0)
        with without_rights():
            sight = ports(devices, SERIAL_PORTS)

    assert sight.state is State.WARNING
    assert sight.seen == f"{devices}/ttyUSB0 may not be opened by this user"


def test_visa_tells_what_its_backend_opens() -> None:
    sight = visa()

    assert sight.state is State.OK
    for word in ("@py", "TCPIP SOCKET", "ASRL INSTR"):
        assert word in sight.seen


def test_a_listener_gets_a_connection_and_not_a_byte() -> None:
    with listening() as server:
        host, port = server.getsockname()
        sight = listens(host, port, "Look.")
        connection, _ = server.accept()
        with connection:
            connection.settimeout(5)
            sent = connection.recv(1)

    assert sight.state is State.OK
    assert sent == b""


def test_a_closed_port_is_a_problem_with_its_reason() -> None:
    port = closed_port()

    sight = listens("127.0.0.1", port, "Switch it on.")

    assert (sight.state, sight.remedy) == (State.PROBLEM, "Switch it on.")
    assert sight.seen == f"127.0.0.1:{port} does not answer (Connection refused)"


@pytest.mark.parametrize(
    ("address", "read"), [("lab", ("lab", 7)), ("lab:20", ("lab", 20)), ("[::1]:20", ("::1", 20)), ("::1", None)]
)
def test_an_address_is_read_or_refused(address: str, read: tuple[str, int] | None) -> None:
    if read is None:
        with pytest.raises(ValueError, match="::1"):
            host_and_port(address, 7)
    else:
        assert host_and_port(address, 7) == read


@pytest.mark.parametrize(
    ("resource", "address"),
    [
        ("TCPIP::lab::5025::SOCKET", ("lab", 5025)),
        ("TCPIP::lab::INSTR", ("lab", 111)),
        ("TCPIP::lab::hislip0::INSTR", ("lab", 4880)),
        ("TCPIP::lab::hislip0,4881::INSTR", ("lab", 4881)),
    ],
)
def test_each_kind_of_visa_resource_on_the_network_has_its_port(
    tmp_path: Path, resource: str, address: tuple[str, int]
) -> None:
    sight = sight_of(Part(("resources",), "VisaInstrument", {"resource": resource}), around(tmp_path))

    assert (getattr(sight, "host", None), getattr(sight, "port", None)) == address


def test_an_instrument_on_a_serial_port_is_looked_at_by_its_device_file(tmp_path: Path, terminal: Path) -> None:
    part = Part(("resources",), "VisaInstrument", {"resource": f"ASRL{terminal}::INSTR"})

    assert sight_of(part, around(tmp_path))().seen == f"{terminal} may be opened"


def test_what_cannot_be_looked_at_is_told_and_what_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    unknown = sight_of(Part(("resources",), "NetworkPowerPort", {}), around(tmp_path))
    wrong = sight_of(Part(("resources",), "NetworkSerialPort", {"host": "lab"}), around(tmp_path))

    assert isinstance(unknown, Unknown)
    assert unknown().state is State.NOT_NEEDED
    assert isinstance(wrong, Wrong)
    assert wrong().state is State.PROBLEM


def test_an_instrument_on_usb_is_found_by_its_identity_and_its_rights() -> None:
    with open_folder() as folder:
        device = folder / "usb/1-2"
        device.mkdir(parents=True)
        for name, text in (
            ("idVendor", "1ab1"), ("idProduct", "0e11"), ("serial", "DL3A"), ("busnum", "1"), ("devnum", "4"),
        ):  # fmt: skip
            (device / name).write_text(f"{text}\n")
        file = folder / "dev/bus/usb/001/004"
        file.parent.mkdir(parents=True)
        file.touch()
        file.chmod(0o660)
        part = Part(("resources",), "VisaInstrument", {"resource": "USB0::0x1AB1::0x0E11::DL3A::INSTR"})
        sight = sight_of(part, around(folder))
        another = UsbDevice(0x1AB1, 0x0E11, "DL3B", folder / "usb", folder / "dev/bus/usb")

        assert sight().state is State.OK
        assert another().seen == "1ab1:0e11 DL3B is not connected"
        file.chmod(0)
        with without_rights():
            refused = sight()

    assert (refused.state, "may not be opened" in refused.seen) == (State.PROBLEM, True)


def test_the_coordinator_that_the_environment_names_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening() as server:
        monkeypatch.setenv("LG_COORDINATOR", f"127.0.0.1:{server.getsockname()[1]}")
        assert coordinator().state is State.OK
    assert coordinator().state is State.PROBLEM
    monkeypatch.setenv("LG_COORDINATOR", "127.0.0.1:twenty")
    assert coordinator().state is State.PROBLEM
    monkeypatch.delenv("LG_COORDINATOR")
    assert coordinator().state is State.NOT_NEEDED


def test_the_theme_has_a_finding_for_each_way_to_an_instrument(tmp_path: Path) -> None:
    found = by_id(look(around(tmp_path)))

    assert list(found) == [f"instruments.{name}" for name in ("serial", "usb", "visa", "coordinator", "ser2net")]
