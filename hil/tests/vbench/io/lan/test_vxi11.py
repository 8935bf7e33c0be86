"""VXI-11 by its own client calls: locks, termination characters, remote and local, abort."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pyvisa_py.protocols.vxi11 import CoreClient
from pyvisa_py.tcpip import Vxi11CoreClient

from hil.tests.vbench.bench_kit import Harness, running

OK, NO_LINK, LOCKED, NO_LOCK, TIMED_OUT = 0, 4, 11, 12, 15
END, WAIT, TERMINATED = 8, 1, 128


@pytest.fixture(scope="module")
def harness() -> Iterator[Harness]:
    with running(lan=True) as found:
        yield found


@contextmanager
def core(harness: Harness) -> Iterator[CoreClient]:
    client = Vxi11CoreClient(harness.address, harness.ports["vxi11"])
    try:
        yield client
    finally:
        client.close()


def link(client: Any, name: bytes | str = "inst0", *, lock: bool = False, patience: int = 0) -> int:
    error, number, _, largest = client.create_link(1, int(lock), patience, name)
    assert (error, largest) == (OK, 65536)
    return int(number)


def write(client: Any, number: int, data: bytes, flags: int = END) -> Any:
    return client.device_write(number, 1000, 1000, flags, data)


def read(client: Any, number: int, most: int = 100, timeout: int = 1000, flags: int = 0, end: int = 0) -> Any:
    return client.device_read(number, most, timeout, 0, flags, end)


def test_a_read_says_why_it_ended(harness: Harness) -> None:
    with core(harness) as client:
        number = link(client)
        assert write(client, number, b"a,b,c") == (OK, 5)
        assert read(client, number, most=2) == (OK, 1, b"a,")
        assert read(client, number, flags=TERMINATED, end=ord(",")) == (OK, 2, b"b,")
        assert read(client, number) == (OK, 4, b"c\n")


def test_a_message_may_come_in_pieces(harness: Harness) -> None:
    with core(harness) as client:
        number = link(client)
        write(client, number, b"ab", flags=0)
        assert read(client, number, timeout=20) == (TIMED_OUT, 0, b"")
        write(client, number, b"cd")
        assert read(client, number) == (OK, 4, b"abcd\n")


def test_a_lock_keeps_others_off_until_it_is_given_back_or_its_client_is_gone(harness: Harness) -> None:
    with core(harness) as other:
        with core(harness) as client:
            mine, theirs = link(client), link(other)
            assert client.device_lock(mine, 0, 0) == OK
            assert write(other, theirs, b"x") == (LOCKED, 0)
            assert other.device_unlock(theirs) == NO_LOCK
            assert other.device_lock(theirs, WAIT, 20) == LOCKED
            assert other.device_read_stb(theirs, 0, 0, 0)[0] == LOCKED
            assert client.device_unlock(mine) == OK
            assert write(other, theirs, b"x") == (OK, 1)
            assert client.device_lock(mine, 0, 0) == OK
        assert other.device_lock(theirs, WAIT, 5000) == OK


def test_a_link_can_be_made_with_the_lock_and_needs_it_then(harness: Harness) -> None:
    with core(harness) as client, core(harness) as other:
        link(client, lock=True)
        assert other.create_link(1, 1, 20, "inst0")[0] == LOCKED
        assert other.create_link(1, 0, 0, "inst0")[0] == OK
        assert other.create_link(1, 0, 0, "gpib0,12")[0] == 3


def test_a_link_of_another_client_is_none(harness: Harness) -> None:
    with core(harness) as client, core(harness) as other:
        number = link(client)
        assert write(other, number, b"x") == (NO_LINK, 0)
        assert other.destroy_link(number) == NO_LINK
        assert client.destroy_link(number) == OK
        assert client.destroy_link(number) == NO_LINK


def test_remote_local_and_trigger_reach_the_instrument(harness: Harness) -> None:
    with core(harness) as client:
        number = link(client)
        assert client.device_remote(number, 0, 0, 0) == OK
        assert client.device_local(number, 0, 0, 0) == OK
        assert client.device_trigger(number, 0, 0, 0) == OK
        assert read(client, number) == (OK, 4, b"*TRG\n")
