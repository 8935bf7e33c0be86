"""Lines of the virtual bench conform, by a loop-back plug and against a partner; what spoils bytes is found out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import pytest
from serial import Serial

from hil.conformance.line import LINE_CHECKS, check_line
from hil.errors import RigFault
from hil.links.serial_line import SerialLine
from hil.rig.virtual.lockstep_clock import LockstepClock
from hil.tests.conformance.benches import Make, differences
from hil.vbench.model_request import LINES


@pytest.mark.parametrize("name", LINES)
def test_every_line_with_a_loop_back_plug_conforms(make: Make, name: str) -> None:
    bench = make({name: name})
    clock = LockstepClock(bench.process)
    findings = check_line(bench.line(name, clock), clock)
    assert differences(findings) == []
    assert [finding.check for finding in findings] == list(LINE_CHECKS)


def test_a_line_on_a_pty_conforms(make: Make) -> None:
    bench = make({"socket-link": "socket-link"}, serial=["socket-link"])
    with closing(Serial(bench.process.terminals["socket-link"])) as port:
        clock, line = LockstepClock(bench.process), SerialLine("socket-link", port)
        clock.attach(line)
        assert differences(check_line(line, clock)) == []


def test_two_lines_with_a_crossed_cable_conform_in_both_directions(make: Make) -> None:
    bench = make({"socket-link": "cable-link", "cable-link": "socket-link"})
    clock = LockstepClock(bench.process)
    findings = check_line(bench.line("socket-link", clock), clock, bench.line("cable-link", clock))
    assert differences(findings) == []
    assert len(findings) == 2 * len(LINE_CHECKS)
    assert findings[-1].check == "back from cable-link: it is quiet at the end"


def test_a_line_without_a_plug_is_found_out(make: Make) -> None:
    bench = make()
    clock = LockstepClock(bench.process)
    found = differences(check_line(bench.line("socket-link", clock), clock))
    assert "differs: every byte comes through unchanged: 256 bytes were sent, 0 came within 2 s" in found


def test_a_plug_at_an_unknown_line_and_one_in_the_place_of_a_device_are_refused(make: Make) -> None:
    with pytest.raises(RigFault, match=r"'sockt-link' is not a line; known: .*'socket-link'"):
        make({"sockt-link": "sockt-link"})
    bench = make()
    with pytest.raises(RigFault, match="'socket-link' ends at a device, not in a plug"):
        bench.process.reset(seed="", plant={}, devices={"socket": {}}, node=None, plugs={"socket-link": "socket-link"})


class Plug(LockstepClock):
    """A loop-back plug in memory, and the time that passes with it.

    :param spoil: what becomes of the bytes of one write.
    """

    name = "plug"

    def __init__(self, spoil: Callable[[bytes], bytes]) -> None:
        self._instant = 0.0
        super().__init__(self)
        self._spoil = spoil
        self._under_way = b""
        self._listeners: list[Callable[[bytes], None]] = []

    def advance(self, until: float, received: object, meanwhile: Callable[[], None]) -> tuple[float, dict[str, int]]:
        self._instant = until
        data, self._under_way = self._under_way, b""
        if data:
            self._listeners[-1](data)
        return until, {}

    def write(self, data: bytes) -> None:
        self._under_way += self._spoil(data)

    def listen(self, listener: Callable[[bytes], None]) -> None:
        self._listeners.append(listener)


def test_a_plug_without_a_flaw_conforms() -> None:
    plug = Plug(lambda data: data)
    assert differences(check_line(plug, plug)) == []


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda data: data.replace(b"\x11", b""), "255 came"),  # soft flow control
        (lambda data: bytes(byte & 0x7F for byte in data), "from byte 128 on 80 81"),  # seven data bits
        (lambda data: data.replace(b"\n", b"\r\n"), "from byte 10 on 0a 0b"),  # a terminal that is not raw
        (lambda data: data[:4095], "4096 bytes were sent, 4095 came"),
        (lambda data: data + data[-1:], "found"),
    ],
)
def test_a_line_that_spoils_bytes_is_found_out(spoil: Callable[[bytes], bytes], words: str) -> None:
    plug = Plug(spoil)
    assert any(words in line for line in differences(check_line(plug, plug)))


def test_a_line_that_babbles_is_found_out() -> None:
    plug = Plug(lambda data: data)
    plug.write(b"\x00\xff")
    found = differences(check_line(plug, plug))
    assert found == ["differs: it is quiet while nobody sends: nothing was sent, and 00 ff came"]
