"""The line over real ports: a pseudo-terminal and a TCP socket, both through pyserial."""

from __future__ import annotations

import os
import pty
import select
import socket
import threading
import tty
from collections.abc import Iterator
from zlib import crc32

import pytest
import serial

from hil.clock import WallClock
from hil.errors import RigFault
from hil.links import serial_line
from hil.links.serial_line import SerialLine, close_together


class FarEnd:
    """The other end of a line, and the line."""

    def __init__(self, line: SerialLine) -> None:
        self.line = line

    def send(self, data: bytes) -> None:
        raise NotImplementedError

    def receive(self, count: int) -> bytes:
        raise NotImplementedError

    def vanish(self) -> None:
        raise NotImplementedError


class Terminal(FarEnd):
    def __init__(self) -> None:
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        self.port = serial.Serial(os.ttyname(slave), 115_200)
        os.close(slave)
        super().__init__(SerialLine("socket-link", self.port))

    def send(self, data: bytes) -> None:
        os.write(self.master, data)

    def receive(self, count: int) -> bytes:
        return os.read(self.master, count)

    def vanish(self) -> None:
        os.close(self.master)
        self.master = -1

    def close(self) -> None:
        self.port.close()
        if self.master >= 0:
            os.close(self.master)


class Network(FarEnd):
    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.port = serial.serial_for_url(f"socket://127.0.0.1:{server.getsockname()[1]}")
            self.connection, _ = server.accept()
        super().__init__(SerialLine("socket-link", self.port))

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def receive(self, count: int) -> bytes:
        return self.connection.recv(count)

    def vanish(self) -> None:
        self.connection.close()

    def close(self) -> None:
        if self.port.is_open:
            self.port._socket.close()  # pyserial's own close() sleeps for 0.3 s
            self.port.is_open = False
        self.connection.close()


@pytest.fixture(params=[Terminal, Network], ids=["pseudo-terminal", "TCP"])
def far(request: pytest.FixtureRequest) -> Iterator[Terminal | Network]:
    end = request.param()
    yield end
    end.close()


def test_bytes_go_both_ways_and_are_counted(far: Terminal | Network) -> None:
    heard: list[bytes] = []
    far.line.listen(heard.append)
    far.line.write(b"\x00hello\x00")
    assert far.receive(100) == b"\x00hello\x00"
    far.send(b"\x11\x13\r\n\x00offer")
    far.line.receive_until(10)
    assert b"".join(heard) == b"\x11\x13\r\n\x00offer"
    assert (far.line.bytes_sent, far.line.bytes_received) == (7, 10)


def test_receive_until_reads_what_is_missing_and_leaves_the_rest(far: Terminal | Network) -> None:
    heard: list[bytes] = []
    far.line.listen(heard.append)
    far.send(b"abcdef")
    far.line.receive_until(2)
    far.line.receive_until(2)
    assert heard == [b"ab"]
    far.line.receive_until(6)
    assert heard == [b"ab", b"cdef"]


def test_after_a_reset_the_line_counts_from_zero_and_nobody_listens(far: Terminal | Network) -> None:
    heard: list[bytes] = []
    far.line.listen(heard.append)
    far.send(b"ab")
    far.line.receive_until(1)
    far.line.reset()
    far.line.receive_until(1)
    assert (heard, far.line.bytes_received) == ([b"a"], 1)


def test_what_one_scenario_left_on_the_line_never_reaches_the_next(far: Terminal | Network) -> None:
    heard: list[bytes] = []
    far.line.listen(heard.append)
    far.send(b"abcdef")
    far.line.receive_until(2)
    far.line.drain(6)
    far.line.reset()
    far.line.listen(heard.append)
    far.send(b"next")
    far.line.receive_until(4)
    assert heard == [b"ab", b"next"]


def test_bytes_that_nobody_has_counted_are_drained_too(far: Terminal | Network) -> None:
    far.send(b"abcdef")
    assert select.select([far.line], [], [], 5)[0]
    far.line.drain()
    assert select.select([far.line], [], [], 0)[0] == []


def test_a_line_that_was_lost_meanwhile_is_named_when_it_is_drained(far: Terminal | Network) -> None:
    far.vanish()
    assert select.select([far.line], [], [], 5)[0]
    with pytest.raises(RigFault, match="line socket-link: the line is lost"):
        far.line.drain()


def test_fewer_bytes_than_announced_are_a_fault_that_names_the_line(
    far: Terminal | Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serial_line, "READ_TIMEOUT_S", 0.02)
    line = SerialLine("cable-link", far.port)
    far.send(b"abc")
    with pytest.raises(RigFault, match=r"5 bytes were announced and 3 came within 0\.02 s") as caught:
        line.receive_until(5)
    assert caught.value.place == "line cable-link"
    assert caught.value.remedy


def test_a_line_that_was_lost_is_a_fault_with_name_and_remedy(far: Terminal | Network) -> None:
    far.vanish()
    with pytest.raises(RigFault, match="the line is lost") as caught:
        far.line.receive_until(1)
    assert caught.value.place == "line socket-link"
    assert "cable" in str(caught.value.remedy)
    with pytest.raises(RigFault, match="the line is lost"):
        far.line.on_readable()


def test_a_line_whose_port_is_closed_cannot_be_written(far: Terminal | Network) -> None:
    far.port.close()
    with pytest.raises(RigFault, match="the line is lost"):
        far.line.write(b"x")
    assert far.line.bytes_sent == 0


def test_an_other_end_that_takes_no_bytes_is_a_fault_and_no_endless_wait(
    far: Terminal | Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serial_line, "WRITE_TIMEOUT_S", 0.05)
    line = SerialLine("socket-link", far.port)
    with pytest.raises(RigFault, match="Write timeout"):
        line.write(bytes(50_000_000))


def test_the_wall_clock_serves_a_line_while_it_waits(far: Terminal | Network) -> None:
    heard = bytearray()
    far.line.listen(heard.extend)
    clock = WallClock()
    clock.attach(far.line)
    far.send(b"a message")
    clock.wait_for(lambda: len(heard) == 9, timeout=2.0, what="nine bytes")
    assert heard == b"a message"


def test_what_went_over_the_line_is_summed_up_in_both_directions(far: Terminal | Network) -> None:
    far.line.write(b"hel")
    far.line.write(b"lo")
    far.send(b"offer")
    far.line.receive_until(2)
    far.line.receive_until(5)
    assert (far.line.checksum_sent, far.line.checksum_received) == (crc32(b"hello"), crc32(b"offer"))
    far.line.reset()
    assert (far.line.checksum_sent, far.line.checksum_received) == (0, 0)


def test_a_line_that_is_quiet_and_there_passes_the_inspection(far: Terminal | Network) -> None:
    far.line.inspect()


def test_bytes_that_nobody_announced_are_a_fault(far: Terminal | Network) -> None:
    far.send(b"\x00\xff")
    select.select([far.line.fileno()], [], [], 2.0)
    with pytest.raises(RigFault, match=r"\d bytes came that nobody sent: 00") as caught:
        far.line.inspect()
    assert caught.value.place == "line socket-link"


def test_an_other_end_that_went_away_unnoticed_is_found_by_the_inspection(far: Terminal | Network) -> None:
    far.vanish()
    with pytest.raises(RigFault, match="the line is lost"):
        far.line.inspect()


class SlowPort:
    """A port that is not closed before all others of its kind are being closed too."""

    timeout: float | None = None
    write_timeout: float | None = None
    in_waiting = 0

    def __init__(self, others: threading.Barrier, error: OSError | None = None) -> None:
        self.closed = False
        self._others = others
        self._error = error

    def read(self, size: int = 1) -> bytes:
        return bytes(size)

    def write(self, data: bytes) -> int:
        return len(data)

    def fileno(self) -> int:
        return -1

    def close(self) -> None:
        self._others.wait(timeout=10.0)
        if self._error is not None:
            raise self._error
        self.closed = True


def test_lines_are_closed_at_the_same_time() -> None:
    others = threading.Barrier(4)
    ports = [SlowPort(others) for _ in range(4)]
    close_together([SerialLine(f"line {number}", port) for number, port in enumerate(ports)])
    assert all(port.closed for port in ports)


def test_a_line_that_cannot_be_closed_is_told_when_the_others_are_closed() -> None:
    others = threading.Barrier(3)
    ports = [SlowPort(others), SlowPort(others, OSError("gone")), SlowPort(others)]
    with pytest.raises(OSError, match="gone"):
        close_together([SerialLine(f"line {number}", port) for number, port in enumerate(ports)])
    assert [port.closed for port in ports] == [True, False, True]
