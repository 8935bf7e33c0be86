"""A storage that cannot be written stops the device that needs it: no ledger and no peer is blamed for it."""

from __future__ import annotations

import pytest

from hil.devices.storage.journal import StorageFailed
from hil.errors import RigFault
from hil.protocol.policy import Mode
from hil.protocol.wire.framing import FrameDecoder
from hil.protocol.wire.messages import Error, Payment, Receipt, decode_message
from hil.tests.devices.device_pair import DevicePair


def full(pair: DevicePair, role: str, *records: str) -> None:
    """Let the storage of a device refuse these records, all if none is named, as FileStorage does on a full medium."""
    storage = pair.devices[role].storage
    write = storage.write

    def refuse(name: str, record: bytes) -> None:
        if not records or name in records:
            raise RigFault(f"cannot write record '{name}': No space left on device", place="device storage")
        write(name, record)

    storage.write = refuse  # type: ignore[method-assign]


def said(pair: DevicePair) -> list[object]:
    payloads = [payload for _, _, frame in pair.sent for payload in FrameDecoder().feed(frame)]
    return [decode_message(payload) for payload in payloads if isinstance(payload, bytes)]


@pytest.mark.parametrize("mode", Mode)
def test_a_socket_that_cannot_note_what_it_broadcast_stops_and_blames_no_ledger(mode: Mode) -> None:
    pair = DevicePair(socket={"mode": mode.label}, cable={"max_payments": 1})
    full(pair, "socket", "unburied")
    with pytest.raises(StorageFailed, match="No space left"):
        pair.start().run(200.0)
    assert not pair.closed
    assert not [each for each in said(pair) if isinstance(each, Error)]
    assert "halted: device storage: cannot write record 'unburied'" in pair.socket.console
    assert "ledger" not in pair.socket.console.partition("ready")[2]


def test_a_socket_that_cannot_write_the_session_down_sends_no_receipt() -> None:
    pair = DevicePair()
    full(pair, "socket", "session")
    with pytest.raises(StorageFailed, match="No space left"):
        pair.start().run(60.0)
    assert not pair.closed
    assert not [each for each in said(pair) if isinstance(each, Receipt)]


def test_a_cable_that_cannot_write_the_session_down_sends_no_payment() -> None:
    pair = DevicePair()
    full(pair, "cable", "session")
    with pytest.raises(StorageFailed, match="No space left"):
        pair.start().run(60.0)
    assert not [each for each in said(pair) if isinstance(each, Payment)]
