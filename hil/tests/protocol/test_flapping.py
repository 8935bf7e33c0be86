"""A link that comes and goes without end leaves nothing behind in either device (50 flaps a minute)."""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path

import hil.protocol
from hil.protocol.socket.table import CONTACT_CLOSED
from hil.tests.protocol.pair import Pair

FLAP_S = 1.2
"""50 flaps a minute, each dead for half of it."""

GROWTH_BYTES = 2000
"""For counters and instants that grow; one message kept for each flap would take 25 times that."""

DEVICE_CODE = [
    tracemalloc.Filter(True, str(Path(hil.protocol.__file__).parent / "*")),
    tracemalloc.Filter(True, str(Path(__file__).parent / "*")),
]
"""Whose allocations count. Other threads of a test process allocate as they please."""


def kept_bytes() -> int:
    gc.collect()
    return sum(kept.size for kept in tracemalloc.take_snapshot().filter_traces(DEVICE_CODE).statistics("filename"))


def flap(pair: Pair, times: int) -> None:
    for _ in range(times):
        pair.run(pair.now + FLAP_S / 2)
        lost = pair.now + FLAP_S / 2
        while pair.now < lost:
            for device in (pair.socket, pair.cable):
                device.on_time(pair.now)
            pair.to_socket.clear()
            pair.to_cable.clear()
            pair.now = min(lost, pair.now + 0.1)


def test_five_hundred_flaps_leave_the_session_alive_and_nothing_behind() -> None:
    pair = Pair(power_w=1.0)
    pair.plug_and_run(5.0)
    flap(pair, 100)
    tracemalloc.start()
    try:
        before = kept_bytes()
        flap(pair, 500)
        grown = kept_bytes() - before
    finally:
        tracemalloc.stop()
    assert pair.socket.machine.state in CONTACT_CLOSED
    assert pair.socket.machine.payments == 1
    assert grown < GROWTH_BYTES
