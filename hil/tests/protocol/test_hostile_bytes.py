"""A frame that is not one, or that holds no message: a typed error, counted, and the link goes on."""

from __future__ import annotations

from dataclasses import dataclass

import cbor2
import pytest

from hil.fuzz.sessions.plans import Plan
from hil.fuzz.sessions.simulation import Simulation
from hil.protocol.wire.fields import MessageError, MessageErrorCode
from hil.protocol.wire.framing import FrameDecoder, FrameError, FrameErrorCode, encode_frame
from hil.protocol.wire.messages import Meter, decode_message, encode_message

SESSION = (1).to_bytes(8, "big")
GOOD = encode_frame(encode_message(Meter(SESSION, 60_000, 0)))


def _damaged_crc(frame: bytes) -> bytes:
    return frame[:-2] + bytes([frame[-2] ^ 3 or 7]) + b"\0"


@dataclass(frozen=True)
class Hostile:
    """Bytes on the line and the code by which they are refused."""

    data: bytes
    code: FrameErrorCode | MessageErrorCode


def _message(plain: object) -> bytes:
    return encode_frame(cbor2.dumps(plain))


HOSTILE = {
    "wrong CRC": Hostile(_damaged_crc(GOOD), FrameErrorCode.BAD_CRC),
    "a frame that never seems to end": Hostile(b"\x01" * 1_000_000 + b"\0", FrameErrorCode.TOO_LONG),
    "a byte string of 2^64-1 bytes": Hostile(
        encode_frame(bytes.fromhex("8407485bffffffffffffffff")), MessageErrorCode.BAD_CBOR
    ),
    "an array of 2^32-1 items": Hostile(encode_frame(bytes.fromhex("9affffffff07")), MessageErrorCode.BAD_CBOR),
    "four thousand arrays in each other": Hostile(encode_frame(b"\x81" * 4000), MessageErrorCode.BAD_CBOR),
    "four thousand tags around a number": Hostile(encode_frame(b"\xc1" * 4000 + b"\0"), MessageErrorCode.BAD_CBOR),
    "a text for a number": Hostile(_message([7, SESSION, 60_000, "1000"]), MessageErrorCode.WRONG_TYPE),
    "bytes for a list of coins": Hostile(
        _message([3, SESSION, 60_000, b"coins", b"s", 1]), MessageErrorCode.WRONG_TYPE
    ),
    "a float": Hostile(_message([7, SESSION, 60_000, 1.5]), MessageErrorCode.BAD_CBOR),
    "an unknown type of message": Hostile(_message([10, SESSION, 60_000, 1000]), MessageErrorCode.UNKNOWN_TYPE),
    "an unknown version": Hostile(_message([1, SESSION, 60_000, 2, [1], 3]), MessageErrorCode.UNSUPPORTED_VERSION),
    "a version of another form": Hostile(_message([1, SESSION, 60_000, 200, {}]), MessageErrorCode.BAD_CBOR),
    "one field too many": Hostile(_message([7, SESSION, 60_000, 1000, 0]), MessageErrorCode.FIELD_COUNT),
}


def code_of(data: bytes) -> FrameErrorCode | MessageErrorCode:
    (item,) = FrameDecoder().feed(data)
    if isinstance(item, FrameError):
        return item.code
    with pytest.raises(MessageError) as caught:
        decode_message(item)
    return caught.value.code


@pytest.fixture
def simulation() -> Simulation:
    """A pair in the middle of a delivery."""
    simulation = Plan().start()
    simulation.run(1.0)
    assert simulation.closed
    return simulation


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bytes_are_refused_by_name(name: str) -> None:
    assert code_of(HOSTILE[name].data) is HOSTILE[name].code


@pytest.mark.parametrize("role", ["socket", "cable"])
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bytes_are_counted_and_the_session_goes_on(simulation: Simulation, role: str, name: str) -> None:
    machine = simulation.devices[role].machine
    before = (machine.state, machine.payments, machine.credited_mwh)
    machine.on_bytes(HOSTILE[name].data, simulation.now)
    assert machine.context.bad_frames == 1
    assert (machine.state, machine.payments, machine.credited_mwh) == before
    assert len(machine.context.decoder._pending) == 0
    simulation.run_for(10.0)
    (account,) = simulation.auditor.accounts.values()
    assert account.credited == 3


def test_a_good_frame_behind_every_hostile_one_arrives() -> None:
    decoder = FrameDecoder()
    items = decoder.feed(b"".join(hostile.data + GOOD for hostile in HOSTILE.values()))
    assert [decode_message(item) for item in items[1::2] if isinstance(item, bytes)] == [
        Meter(SESSION, 60_000, 0)
    ] * len(HOSTILE)
    assert decoder.errors == {FrameErrorCode.BAD_CRC: 1, FrameErrorCode.TOO_LONG: 1}


def test_a_report_of_a_bad_frame_keeps_no_traceback_alive() -> None:
    """A peer that sends zeros makes one error for each; a traceback would make it a kilobyte for each byte."""
    items = FrameDecoder().feed(bytes(100))
    assert len(items) == 100
    assert all(isinstance(item, FrameError) and item.__traceback__ is None for item in items)
