"""ONC RPC and the portmapper, byte by byte: calls, refusals, and what is no call."""

from __future__ import annotations

import socket
import struct
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.tests.vbench.bench_kit import running
from hil.vbench.io.lan.portmapper import Portmapper
from hil.vbench.io.lan.vxi11 import ABORT, CORE, Vxi11Server

PORTMAPPER = Portmapper("127.9.8.7", {CORE: 0x1234, ABORT: 0x1234})


def numbers(*values: int) -> bytes:
    return struct.pack(f"!{len(values)}I", *values)


def call(version: int, procedure: int, arguments: bytes = b"", *, program: int = 100_000, rpc: int = 2) -> bytes:
    return numbers(77, 0, rpc, program, version, procedure, 0, 0, 0, 0) + arguments


def replies(request: bytes) -> list[bytes]:
    found: list[bytes] = []
    PORTMAPPER.answer(request, found.append)
    return found


ACCEPTED = numbers(77, 1, 0, 0, 0)


@pytest.mark.parametrize(
    ("request_", "reply"),
    [
        (call(2, 0), ACCEPTED + numbers(0)),
        (call(2, 3, numbers(CORE, 1, 6, 0)), ACCEPTED + numbers(0, 0x1234)),
        (call(2, 3, numbers(CORE, 1, 17, 0)), ACCEPTED + numbers(0, 0)),
        (call(2, 3, numbers(CORE, 2, 6, 0)), ACCEPTED + numbers(0, 0)),
        (call(2, 3, numbers(4711, 1, 6, 0)), ACCEPTED + numbers(0, 0)),
        (call(2, 1, numbers(CORE, 1, 6, 5)), ACCEPTED + numbers(0, 0)),
        (
            call(2, 4),
            ACCEPTED + numbers(0, 1, CORE, 1, 6, 0x1234, 1, ABORT, 1, 6, 0x1234, 0),
        ),
        (
            call(3, 3, numbers(CORE, 1, 3) + b"tcp\0" + numbers(0, 0)),
            ACCEPTED + numbers(0, 15) + b"127.9.8.7.18.52\0",
        ),
        (call(4, 3, numbers(CORE, 1, 3) + b"udp\0" + numbers(0, 0)), ACCEPTED + numbers(0, 0)),
        (call(5, 3), ACCEPTED + numbers(2, 2, 4)),
        (call(2, 9), ACCEPTED + numbers(3)),
        (call(2, 3, b"\0"), ACCEPTED + numbers(4)),
        (call(2, 3, program=4711), ACCEPTED + numbers(1)),
        (call(2, 0, rpc=3), numbers(77, 1, 1, 0, 2, 2)),
    ],
)
def test_a_call_is_answered_as_the_rfcs_say(request_: bytes, reply: bytes) -> None:
    assert replies(request_) == [reply]


def test_a_reply_and_half_a_call_are_not_answered() -> None:
    assert replies(numbers(77, 1, 0, 0, 0, 0, 0, 0, 0, 0)) == []
    assert replies(call(2, 0)[:-1]) == []


@given(st.binary(max_size=120))
def test_no_bytes_make_the_portmapper_fail(data: bytes) -> None:
    assert len(replies(data)) <= 1


@given(st.integers(8, 28), st.binary(max_size=60))
def test_no_arguments_make_the_core_channel_fail(procedure: int, arguments: bytes) -> None:
    connection = Vxi11Server({}).make_protocol()

    with patch.object(connection, "respond") as respond:
        connection.carry_out(call(1, procedure, arguments, program=CORE))

    respond.assert_called_once()


@pytest.mark.parametrize(("procedure", "result"), [(20, numbers(8)), (22, numbers(8, 0)), (25, numbers(8))])
def test_the_core_channel_refuses_what_it_does_not_have(procedure: int, result: bytes) -> None:
    connection = Vxi11Server({}).make_protocol()

    with patch.object(connection, "respond") as respond:
        connection.carry_out(call(1, procedure, program=CORE))

    respond.assert_called_once_with(ACCEPTED + numbers(0) + result)


def test_the_portmapper_answers_over_tcp_and_over_udp() -> None:
    with running(lan=True) as harness:
        question = call(2, 3, numbers(CORE, 1, 6, 0))
        expected = ACCEPTED + numbers(0, harness.ports["vxi11"])
        client = harness.client("portmapper")
        half = len(question) // 2
        client.send(numbers(half) + question[:half] + numbers(1 << 31 | len(question) - half) + question[half:])
        assert client.read(4 + len(expected)) == numbers(1 << 31 | len(expected)) + expected
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            datagrams.settimeout(10)
            datagrams.sendto(question, (harness.address, harness.ports["portmapper"]))
            assert datagrams.recv(1000) == expected


def test_a_record_that_is_too_long_ends_the_connection() -> None:
    with running(lan=True) as harness:
        client = harness.client("vxi11")
        client.send(numbers(0x7FFF_FFFF))
        assert client.line() == b""
