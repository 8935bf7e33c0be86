"""A port without a file descriptor (pyserial's ``loop://``, as ``rfc2217://``) made fit for a selector."""

from __future__ import annotations

import select
from collections.abc import Iterator
from contextlib import closing

import pytest
from serial import SerialException, serial_for_url

from hil.clock import WallClock
from hil.errors import RigFault
from hil.links.serial_line import SerialLine
from hil.links.threaded_port import ThreadedPort


@pytest.fixture
def watched() -> Iterator[ThreadedPort]:
    with closing(serial_for_url("loop://")) as port, closing(ThreadedPort(port)) as watched:
        yield watched


def readable(port: ThreadedPort) -> bool:
    return bool(select.select([port], [], [], 2.0)[0])


def test_a_selector_sees_what_comes_and_a_read_returns_it(watched: ThreadedPort) -> None:
    assert watched.in_waiting == 0
    watched.write(b"hello")
    assert readable(watched)
    watched.timeout = 2.0
    assert watched.read(5) == b"hello"


def test_a_read_ends_at_its_time_out_with_what_came(watched: ThreadedPort) -> None:
    watched.write(b"12")
    watched.timeout = 0.05
    assert readable(watched)
    assert b"12".startswith(watched.read(3))


def test_a_line_over_it_is_served_by_the_wall_clock(watched: ThreadedPort) -> None:
    clock, line, came = WallClock(), SerialLine("link", watched), bytearray()
    clock.attach(line)
    line.listen(came.extend)
    line.write(b"\x00frame\xff")
    clock.wait_for(lambda: len(came) == 7, timeout=2.0, what="the frame")
    assert bytes(came) == b"\x00frame\xff"


class Lost:
    """A port whose connection is gone."""

    timeout: float | None = None
    in_waiting = 0

    def read(self, size: int = 1) -> bytes:
        raise SerialException("connection failed")

    def write(self, data: bytes) -> int | None:
        return None


def test_a_port_that_is_lost_ends_every_read_and_its_line_is_a_rig_fault() -> None:
    with closing(ThreadedPort(Lost())) as watched:
        assert readable(watched)
        with pytest.raises(RigFault, match=r"line link: the line is lost \(end of stream\)"):
            SerialLine("link", watched).on_readable()
