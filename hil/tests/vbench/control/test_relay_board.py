import shutil
import subprocess
from collections.abc import Callable, Iterator

import pytest
from pyModbusTCP.client import ModbusClient

from hil.tests.vbench.bench_kit import Client, Harness, running

ILLEGAL_FUNCTION, ILLEGAL_ADDRESS = 1, 2


@pytest.fixture(scope="module")
def harness() -> Iterator[Harness]:
    with running() as harness:
        yield harness


@pytest.fixture
def control(harness: Harness) -> Iterator[Client]:
    client = harness.client("control")
    client.ask(op="reset", seed="s")
    yield client
    client.close()


@pytest.fixture
def modbus(harness: Harness) -> Iterator[ModbusClient]:
    client = ModbusClient(harness.address, harness.ports["relays"], timeout=10)
    yield client
    client.close()


def test_a_coil_reads_back_at_once_and_its_contact_follows(control: Client, modbus: ModbusClient) -> None:
    assert modbus.write_single_coil(1, True) is True
    assert modbus.read_coils(0, 4) == [False, True, False, False]
    assert modbus.read_discrete_inputs(0, 4) == [False] * 4
    control.ask(op="advance", until=0.015)
    assert modbus.read_discrete_inputs(0, 4) == [False, True, False, False]
    assert modbus.write_single_coil(1, False) is True
    assert modbus.read_coils(1, 1) == [False]
    control.ask(op="advance", until=0.1)
    assert modbus.read_discrete_inputs(1, 1) == [False]


def test_several_coils_can_be_written_at_once(control: Client, modbus: ModbusClient) -> None:
    assert modbus.write_multiple_coils(1, [True, False, True]) is True
    assert modbus.read_coils(0, 4) == [False, True, False, True]
    assert {name: contact["coil"] for name, contact in control.ask(op="truth")["contacts"].items()} == {
        "K1": False,
        "K2": True,
        "K3": False,
        "K4": True,
        "socket": False,
    }


def test_what_the_board_does_not_have_is_refused(control: Client, modbus: ModbusClient) -> None:
    assert modbus.write_single_coil(4, True) is False
    assert modbus.last_except == ILLEGAL_ADDRESS
    assert modbus.write_multiple_coils(2, [True, True, True]) is False
    assert modbus.last_except == ILLEGAL_ADDRESS
    assert modbus.read_coils(4, 1) is None
    assert modbus.last_except == ILLEGAL_ADDRESS
    assert modbus.read_holding_registers(0, 1) is None
    assert modbus.last_except == ILLEGAL_FUNCTION
    assert modbus.read_coils(0, 4) == [False] * 4


def test_reset_opens_all_relays(control: Client, modbus: ModbusClient) -> None:
    modbus.write_multiple_coils(0, [True] * 4)
    control.ask(op="advance", until=1.0)
    control.ask(op="reset", seed="s")
    assert modbus.read_coils(0, 4) == modbus.read_discrete_inputs(0, 4) == [False] * 4


def test_garbage_on_the_modbus_port_harms_nobody(harness: Harness, control: Client, modbus: ModbusClient) -> None:
    vandal = harness.client("relays")
    vandal.send(bytes(range(256)) * 20)
    vandal.close()
    assert modbus.write_single_coil(0, True) is True
    assert modbus.read_coils(0, 1) == [True]


def by_library(harness: Harness) -> tuple[list[bool], list[bool]]:
    client = ModbusClient(harness.address, harness.ports["relays"], timeout=10, auto_close=True)
    assert client.write_single_coil(1, True) is True
    return client.read_coils(0, 4), client.read_discrete_inputs(0, 4)


def by_mbpoll(harness: Harness) -> tuple[list[bool], list[bool]]:
    def run(*arguments: str) -> str:
        command = ["mbpoll", "-m", "tcp", "-p", str(harness.ports["relays"]), "-1", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout

    def read(kind: str) -> list[bool]:
        lines = run("-t", kind, "-r", "1", "-c", "4", harness.address).splitlines()
        return [line.split()[1] == "1" for line in lines if line.startswith("[")]

    assert "Written 1 references" in run("-t", "0", "-r", "2", harness.address, "1")
    return read("0"), read("1")


CLIENTS = [by_library, *([by_mbpoll] if shutil.which("mbpoll") else [])]


@pytest.mark.parametrize("client", CLIENTS)
def test_a_person_s_modbus_client_switches_a_relay(
    harness: Harness, control: Client, client: Callable[[Harness], tuple[list[bool], list[bool]]]
) -> None:
    assert client(harness) == ([False, True, False, False], [False] * 4)
    control.ask(op="advance", until=0.1)
    assert client(harness) == ([False, True, False, False],) * 2
