from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from hil.vbench.devices.pzem004t import PzemValues, RtuPort, VirtualPzem, crc16

TRANSCRIPT = Path(__file__).parents[4] / "fixtures" / "data" / "transcripts" / "pzem004t.yaml"
READ_ALL = bytes.fromhex("01040000000A700D")
TOAST = PzemValues(230.0, 5.652, 1300.0, 8.9, 50.0)


def test_every_frame_of_the_transcript_gets_its_reply_to_the_byte() -> None:
    present = [TOAST]
    module = VirtualPzem(lambda: present[0])
    entries = YAML(typ="safe").load(TRANSCRIPT)
    assert len(entries) > 10
    for number, entry in enumerate(entries, start=1):
        if "values" in entry:
            voltage, current, power, energy, frequency, *_ = entry["values"]
            present[0] = PzemValues(voltage, current, power, energy, frequency)
        reply = module.answer(bytes.fromhex(entry["tx"]))
        expected = entry["rx"] and bytes.fromhex(entry["rx"])
        assert reply == expected, f"pzem004t.yaml entry {number}: {entry['tx']} -> {reply and reply.hex(' ')}"


def test_the_register_counts_whole_watt_hours_only_and_from_the_last_clearing() -> None:
    present = [TOAST]
    module = VirtualPzem(lambda: present[0])

    def energy() -> int:
        reply = module.answer(READ_ALL)
        assert reply is not None
        return int.from_bytes(reply[13:15], "big")

    assert energy() == 8
    module.answer(bytes.fromhex("01428011"))
    assert energy() == 0
    present[0] = PzemValues(230.0, 5.652, 1300.0, 10.0, 50.0)
    assert energy() == 1


def test_the_register_goes_on_from_zero_at_10_000_kwh() -> None:
    module = VirtualPzem(lambda: PzemValues(230.0, 5.652, 1300.0, 10_000_003.5, 50.0))
    reply = module.answer(READ_ALL)
    assert reply is not None
    assert reply[13:17] == bytes([0, 3, 0, 0])


class Later:
    """An event loop's ``call_later`` whose time a test moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self._due: list[tuple[float, Callable[[], None]]] = []

    def __call__(self, delay: float, action: Callable[[], None]) -> None:
        self._due.append((self.now + delay, action))

    def move(self, seconds: float) -> None:
        self.now += seconds
        ready = [action for due, action in self._due if due <= self.now]
        self._due = [(due, action) for due, action in self._due if due > self.now]
        for action in ready:
            action()


@pytest.fixture
def later() -> Later:
    return Later()


def test_a_request_in_pieces_is_answered_when_both_frames_would_have_been_on_the_wire(later: Later) -> None:
    sent: list[bytes] = []
    port = RtuPort(VirtualPzem(lambda: TOAST), sent.append, later)
    port.receive(READ_ALL[:3])
    later.move(0.01)
    port.receive(READ_ALL[3:])
    later.move(33 * 10 / 9600 - 0.001)
    assert sent == []
    later.move(0.002)
    assert len(sent) == 1
    assert len(sent[0]) == 25
    assert crc16(sent[0]) == 0


def test_garbage_is_dropped_after_a_silence_and_the_next_request_is_answered(later: Later) -> None:
    sent: list[bytes] = []
    port = RtuPort(VirtualPzem(lambda: TOAST), sent.append, later)
    port.receive(b"\x00\xff\x01")
    later.move(0.03)
    port.receive(READ_ALL)
    later.move(0.1)
    assert len(sent) == 1


def sealed(request: str) -> bytes:
    frame = bytes.fromhex(request)
    return frame + crc16(frame).to_bytes(2, "little")


@pytest.mark.parametrize(
    ("request_frame", "function", "exception"),
    [
        ("01 10 0001 0001 02 0001", 0x10, 1),
        ("01 01 0000 0001", 0x01, 1),
        ("01 11", 0x11, 1),
        ("01 2B 0E 01 00", 0x2B, 1),
        ("01 04 0000 0000", 0x04, 3),
        ("01 03 0001 0000", 0x03, 3),
        ("01 04 0000", 0x04, 3),
        ("01 04 0000 000A 00", 0x04, 3),
        ("01 06 0002 0000", 0x06, 3),
        ("01 04 0000 000B", 0x04, 2),
        ("01 03 0000 0001", 0x03, 2),
        ("01 06 0007 0001", 0x06, 2),
    ],
)
def test_a_wrong_request_gets_the_exception_of_its_function(
    later: Later, request_frame: str, function: int, exception: int
) -> None:
    sent: list[bytes] = []
    port = RtuPort(VirtualPzem(lambda: TOAST), sent.append, later)
    port.receive(sealed(request_frame))
    later.move(0.03)
    later.move(0.1)
    assert sent == [sealed(f"01 {function | 0x80:02X} {exception:02X}")]


@pytest.mark.parametrize("request_frame", ["02 04 0000 000A", "00 04 0000 000A", "07 10 0001 0001 02 0001"])
def test_a_frame_for_another_module_and_a_damaged_one_get_no_answer(later: Later, request_frame: str) -> None:
    sent: list[bytes] = []
    port = RtuPort(VirtualPzem(lambda: TOAST), sent.append, later)
    port.receive(sealed(request_frame))
    later.move(0.1)
    port.receive(bytes([*sealed("01 04 0000 000A")[:-1], 0]))
    later.move(0.1)
    later.move(0.1)
    assert sent == []
