"""K1 to K4 through labgrid's own Modbus driver, over TCP: a relay that does not obey is a rig fault."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from labgrid import Target
from labgrid.driver import ModbusCoilDriver
from labgrid.resource import ModbusTCPCoil

from hil.errors import ConfigurationError, RigFault
from hil.rig.labgrid.relays import CoilRelay, MirrorContact
from hil.rig.safety.standalone_safe_state import keep_connection
from hil.tests.rig.labgrid.boards import Board, served


@pytest.fixture
def board() -> Iterator[Board]:
    with served(Board()) as running:
        yield running


def relay(port: int, name: str = "K1", coil: int = 0, *, invert: bool = False) -> CoilRelay:
    target = Target("main")
    ModbusTCPCoil(target, name=name, host=f"127.0.0.1:{port}", coil=coil, invert=invert)
    driver = ModbusCoilDriver(target, name=name)
    target.activate(driver)
    return CoilRelay(driver)


def test_a_relay_closes_and_opens_and_reads_back(board: Board) -> None:
    k2 = relay(board.port, "K2", coil=1)

    k2.set(closed=True)
    assert board.coils == [False, True, False, False]
    assert k2.is_closed()

    k2.set(closed=False)
    assert board.coils == [False] * 4
    assert not k2.is_closed()


@pytest.mark.parametrize(("kept", "connections"), [(False, 4), (True, 1)])
def test_a_connection_is_kept_between_requests_only_where_that_is_wanted(
    board: Board, *, kept: bool, connections: int
) -> None:
    k1 = relay(board.port)
    if kept:
        keep_connection(k1._output)

    k1.set(closed=True)  # told and read back
    k1.set(closed=False)

    assert board.coils == [False] * 4
    assert board.connections == connections


def test_an_inverted_relay_closes_with_its_coil_off(board: Board) -> None:
    k1 = relay(board.port, invert=True)

    k1.set(closed=True)

    assert board.coils[0] is False
    assert k1.is_closed()


def test_a_relay_that_stays_open_is_a_rig_fault(board: Board) -> None:
    board.stuck.add(0)

    with pytest.raises(RigFault, match="told to close and reads back open") as caught:
        relay(board.port).set(closed=True)

    assert caught.value.place == "relay K1"
    assert caught.value.remedy


def test_a_relay_that_is_welded_shut_is_a_rig_fault(board: Board) -> None:
    board.coils[0] = True
    board.stuck.add(0)

    with pytest.raises(RigFault, match="relay K1: told to open and reads back closed"):
        relay(board.port).set(closed=False)


def test_a_board_that_refuses_is_a_rig_fault(board: Board) -> None:
    board.refuses = True
    k1 = relay(board.port)

    # labgrid lets a refused write pass in silence: the read-back finds it
    with pytest.raises(RigFault, match="relay K1: the relay cannot be read"):
        k1.set(closed=True)
    with pytest.raises(RigFault, match="relay K1: the relay cannot be read"):
        k1.is_closed()


def test_a_board_that_is_not_there_is_a_rig_fault_with_a_remedy() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        k1 = relay(closed.getsockname()[1])

        with pytest.raises(RigFault, match=r"relay K1: the relay cannot be switched \(its board takes no") as caught:
            k1.set(closed=True)

    assert caught.value.remedy == "Check the relay board's address and supply."


def test_a_relay_obeys_again_when_its_board_is_back(board: Board) -> None:
    k1 = relay(board.port)
    board.refuses = True
    with pytest.raises(RigFault):
        k1.set(closed=True)
    board.refuses = False

    k1.set(closed=True)

    assert board.coils[0]


def mirrored(port: int, name: str = "K1", number: int = 0) -> MirrorContact:
    target = Target("main")
    ModbusTCPCoil(target, name=name, host=f"127.0.0.1:{port}", coil=number)
    driver = ModbusCoilDriver(target, name=name)
    target.activate(driver)
    return MirrorContact(driver, number)


def test_a_mirror_contact_tells_where_the_contacts_are_and_not_what_the_coil_was_told(board: Board) -> None:
    board.welded.add(1)
    contact = mirrored(board.port, "K2", 1)
    relay(board.port, "K2", coil=1).set(closed=False)
    assert contact.is_closed()
    assert not mirrored(board.port, "K3", 2).is_closed()
    fault = contact.refuse(told=False)
    assert str(fault).startswith("relay K2: reads back open and its mirror contact is closed: it is welded shut")
    assert "it does not close" in str(contact.refuse(told=True))


def test_a_mirror_contact_that_cannot_be_read_is_a_rig_fault(board: Board) -> None:
    contact = mirrored(board.port)
    board.refuses = True
    with pytest.raises(RigFault, match="the mirror contact cannot be read") as caught:
        contact.is_closed()
    assert caught.value.place == "relay K1"


def test_a_relay_without_a_modbus_board_has_no_mirror_contact() -> None:
    class Pin:
        name = "K1"

    with pytest.raises(ConfigurationError, match="a mirror contact is read from the relay's Modbus board"):
        MirrorContact(Pin(), 0)
