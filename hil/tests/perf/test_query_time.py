"""What a reading costs can be measured: the question of the driver is put to the meter by bare pyvisa as well."""

from __future__ import annotations

from hil.perf.query_time import measure_reading
from hil.rig.virtual.process import VirtualBenchProcess


def test_the_question_of_a_reading_is_asked_by_both_ways() -> None:
    bench = VirtualBenchProcess(instruments={"meter": "wt310e"})
    try:
        bench.reset(seed="reading", plant={}, devices={}, node=None, clock="wall")
        ratio = measure_reading(f"TCPIP::{bench.address}::{bench.ports['meter']}::SOCKET", readings=20)
    finally:
        bench.close()
    assert ratio > 0
