"""HiSLIP by its own client calls and byte by byte: initialisation, locks, interrupted replies, refusals."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyvisa_py.protocols.hislip import Instrument

from hil.tests.vbench.bench_kit import Client, Harness, running

HEADER = struct.Struct("!2sBBIQ")


@pytest.fixture(scope="module")
def harness() -> Iterator[Harness]:
    with running(lan=True) as found:
        yield found


def client(harness: Harness, sub_address: str = "hislip0") -> Instrument:
    return Instrument(harness.address, timeout=5.0, port=harness.ports["hislip"], sub_address=sub_address)


def message(kind: int, control: int = 0, parameter: int = 0, payload: bytes = b"") -> bytes:
    return HEADER.pack(b"HS", kind, control, parameter, len(payload)) + payload


def received(connection: Client) -> tuple[int, int, int, bytes]:
    _, kind, control, parameter, size = HEADER.unpack(connection.read(HEADER.size))
    return kind, control, parameter, connection.read(size)


def session(harness: Harness) -> tuple[Client, Client]:
    """Return both channels of a new client."""
    synchronous, asynchronous = harness.client("hislip"), harness.client("hislip")
    synchronous.send(message(0, 0, 0x0100_0000, b"hislip0"))
    kind, control, parameter, _ = received(synchronous)
    assert (kind, control, parameter >> 16) == (1, 0, 0x0100)
    asynchronous.send(message(17, 0, parameter & 0xFFFF))
    assert received(asynchronous)[:2] == (18, 0)
    return synchronous, asynchronous


def test_a_reply_is_cut_into_messages_of_the_size_that_the_client_takes(harness: Harness) -> None:
    synchronous, asynchronous = session(harness)
    asynchronous.send(message(15, 0, 0, (HEADER.size + 3).to_bytes(8, "big")))
    assert received(asynchronous) == (16, 0, 0, (1 << 20).to_bytes(8, "big"))
    synchronous.send(message(6, 0, 0xFFFF_FF00, b"abc") + message(7, 0, 0xFFFF_FF02, b"de"))
    assert [received(synchronous) for _ in range(2)] == [(6, 0, 0xFFFF_FF02, b"abc"), (7, 0, 0xFFFF_FF02, b"de\n")]


def test_a_message_that_comes_before_the_last_reply_was_read_interrupts_it(harness: Harness) -> None:
    synchronous, asynchronous = session(harness)
    synchronous.send(message(7, 0, 2, b"first"))
    assert received(synchronous)[3] == b"first\n"
    synchronous.send(message(7, 0, 4, b"second"))
    assert received(synchronous) == (13, 0, 4, b"")
    assert received(asynchronous) == (14, 0, 4, b"")
    assert received(synchronous) == (7, 0, 4, b"second\n")
    synchronous.send(message(7, 1, 6, b"third"))
    assert received(synchronous) == (7, 0, 6, b"third\n")


def test_an_exclusive_lock_keeps_another_client_off(harness: Harness) -> None:
    with closing(client(harness)) as holder, closing(client(harness)) as other:
        assert holder.async_lock_request(1.0) == "success"
        assert other.async_lock_info() == 1
        assert other.async_lock_request(0.02) == "failure"
        assert other.async_lock_request(1.0, "shared") == "failure"
        assert holder.async_lock_release() == "success"
        assert holder.async_lock_release() == "error"
        assert other.async_lock_info() == 0


@pytest.mark.parametrize(
    "control", ["enableRemote", "enableAndGotoRemote", "enableAndLockoutLocal", "enableAndGTRLLO", "justGTL"]
)
def test_remote_and_local_are_acknowledged(harness: Harness, control: str) -> None:
    with closing(client(harness)) as one:
        one.send(b"quiet")
        one.async_remote_local_control(control)


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", (2, 1)),
        (message(0, 0, 0, b"hislip9"), (2, 3)),
        (message(0, 0, 0, b"inst0"), (2, 3)),
        (message(17, 0, 0xFFFF), (2, 3)),
        (message(7, 0, 0, b"*IDN?"), (2, 3)),
        (message(0) + message(7, 0, 0, b"*IDN?"), (1, 0)),
    ],
)
def test_a_wrong_beginning_is_a_fatal_error(harness: Harness, sent: bytes, told: tuple[int, int]) -> None:
    connection = harness.client("hislip")
    connection.send(sent)
    assert received(connection)[:2] == told
    if told == (1, 0):
        assert received(connection)[:2] == (2, 2)
    assert connection.read(1) == b""


def test_an_unknown_message_is_an_error_and_the_client_goes_on(harness: Harness) -> None:
    synchronous, asynchronous = session(harness)
    synchronous.send(message(99))
    assert received(synchronous)[:2] == (3, 1)
    asynchronous.send(message(10, 99))
    assert received(asynchronous)[:2] == (3, 2)
    synchronous.send(message(12, 0, 2))
    assert received(synchronous)[3] == b"*TRG\n"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 7), st.binary(max_size=40)), max_size=6))
def test_no_messages_end_the_bench(harness: Harness, sent: list[tuple[int, int, bytes]]) -> None:
    synchronous, asynchronous = session(harness)
    for channel in (synchronous, asynchronous):
        for kind, control, payload in sent:
            channel.send(message(kind, control, 1, payload))
    for channel in (synchronous, asynchronous):
        channel.close()
    with closing(client(harness)) as one:
        one.send(b"alive")
        assert one.receive() == b"alive\n"
