"""The relay board's Modbus held against the specification: a wrong request gets its exception and moves nothing."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.tests.vbench.bench_kit import Harness, running
from hil.vbench.io.modbus_tcp import reply_to


class FourRelays:
    """A board of four coils whose contacts follow at once."""

    def __init__(self) -> None:
        self.driven = [False] * 4

    def coils(self) -> Sequence[bool]:
        return self.driven

    def inputs(self) -> Sequence[bool]:
        return self.driven

    def drive(self, first: int, values: Sequence[bool]) -> None:
        assert first + len(values) <= 4
        self.driven[first : first + len(values)] = values


def asked(request: str, board: FourRelays | None = None) -> str:
    return reply_to(bytes.fromhex(request), board or FourRelays()).hex(" ")


@pytest.mark.parametrize(
    ("request_pdu", "reply", "driven"),
    [
        ("05 0001 FF00", "05 00 01 ff 00", [False, True, False, False]),
        ("05 0001 0000", "05 00 01 00 00", [False] * 4),
        ("0F 0001 0003 01 05", "0f 00 01 00 03", [False, True, False, True]),
        ("01 0000 0004", "01 01 00", [False] * 4),
        ("02 0003 0001", "02 01 00", [False] * 4),
    ],
)
def test_a_right_request_is_carried_out_and_answered(request_pdu: str, reply: str, driven: list[bool]) -> None:
    board = FourRelays()
    assert asked(request_pdu, board) == reply
    assert board.driven == driven


def test_bits_are_packed_from_the_lowest_one_and_padded_with_zeros() -> None:
    board = FourRelays()
    board.driven = [True, False, True, True]
    assert asked("01 0000 0004", board) == "01 01 0d"
    assert asked("01 0002 0002", board) == "01 01 03"


@pytest.mark.parametrize("value", ["0001", "00FF", "FF01", "FFFF", "0100", "7F00", "FE00"])
def test_a_coil_closes_on_ff00_and_on_no_other_value(value: str) -> None:
    board = FourRelays()
    assert asked(f"05 0000 {value}", board) == "85 03"
    assert board.driven == [False] * 4


@pytest.mark.parametrize(
    ("request_pdu", "reply"),
    [
        ("01 0000 0000", "81 03"),
        ("01 0000 07D1", "81 03"),
        ("02 0000 0000", "82 03"),
        ("01 0004 0001", "81 02"),
        ("01 0000 0005", "81 02"),
        ("01 FFFF 0001", "81 02"),
        ("02 0003 0002", "82 02"),
        ("05 0004 FF00", "85 02"),
        ("0F 0000 0000 00", "8f 03"),
        ("0F 0000 0004 02 0F 00", "8f 03"),
        ("0F 0000 0004 01", "8f 03"),
        ("0F 0000 0004 01 0F 00", "8f 03"),
        ("0F 0002 0003 01 07", "8f 02"),
        ("0F 0000 07B1 F7", "8f 03"),
        ("01", "81 03"),
        ("01 00", "81 03"),
        ("05 0000 FF", "85 03"),
        ("05 0000 FF00 00", "85 03"),
        ("0F 0000", "8f 03"),
        ("03 0000 0001", "83 01"),
        ("11", "91 01"),
        ("2B 0E 01 00", "ab 01"),
        ("00", "80 01"),
        ("64", "e4 01"),
    ],
)
def test_a_wrong_request_gets_the_exception_of_its_function(request_pdu: str, reply: str) -> None:
    board = FourRelays()
    assert asked(request_pdu, board) == reply
    assert board.driven == [False] * 4


@given(st.binary(min_size=1, max_size=253))
def test_whatever_is_asked_the_answer_is_of_that_function_and_only_writes_move_a_relay(request_pdu: bytes) -> None:
    board = FourRelays()
    reply = reply_to(request_pdu, board)
    assert reply[0] & 0x7F == request_pdu[0] & 0x7F
    if reply[0] & 0x80:
        assert len(reply) == 2
        assert reply[1] in {1, 2, 3}
        assert board.driven == [False] * 4
    if any(board.driven):
        assert request_pdu[0] == 15 or request_pdu[3:] == b"\xff\x00"


@pytest.fixture(scope="module")
def harness() -> Iterator[Harness]:
    with running() as harness:
        yield harness


@pytest.fixture
def wire(harness: Harness) -> Iterator[socket.socket]:
    with socket.create_connection((harness.address, harness.ports["relays"]), timeout=10) as connection:
        yield connection


def frame(pdu: str, *, transaction: int = 1, protocol: int = 0, unit: int = 1) -> bytes:
    body = bytes([unit]) + bytes.fromhex(pdu)
    return b"".join(number.to_bytes(2, "big") for number in (transaction, protocol, len(body))) + body


def received(wire: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size and (more := wire.recv(size - len(data))):
        data += more
    return data


def test_requests_in_one_segment_are_answered_in_order_and_one_in_pieces_is_waited_for(wire: socket.socket) -> None:
    wire.sendall(frame("01 0000 0004", transaction=7) + frame("11", transaction=8, unit=9))
    assert received(wire, 19) == bytes.fromhex("0007 0000 0004 01 01 01 00") + bytes.fromhex("0008 0000 0003 09 91 01")
    second = frame("05 0002 FF01", transaction=9)
    wire.sendall(second[:5])
    wire.sendall(second[5:])
    assert received(wire, 9) == bytes.fromhex("0009 0000 0003 01 85 03")


def test_a_frame_of_another_protocol_is_dropped(wire: socket.socket) -> None:
    wire.sendall(frame("05 0000 FF00", protocol=1) + frame("01 0000 0001", transaction=2))
    assert received(wire, 10) == bytes.fromhex("0002 0000 0004 01 01 01 00")


@pytest.mark.parametrize("length", ["0000", "0001", "00FF", "FFFF"])
def test_a_length_that_cannot_be_ends_the_connection(wire: socket.socket, length: str) -> None:
    wire.sendall(bytes.fromhex(f"0001 0000 {length} 01 05 0000 FF00"))
    with contextlib.suppress(ConnectionResetError):
        assert wire.recv(100) == b""
