"""VXI-11 and HiSLIP as a VISA client meets them: what both must do alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import pairwise

import pytest
import pyvisa

from hil.instruments.dialects import open_meter
from hil.tests.vbench.bench_kit import PROGRAMS, Harness, running
from hil.tests.vbench.io.lan.visa import hislip, opened, vxi11
from hil.vbench.bench import Bench
from hil.vbench.instruments.registry import Instruments
from hil.vbench.plant.terminals import ElectronicLoadState

Resource = Callable[[Harness, str], str]


def real_bench() -> Bench:
    state = ElectronicLoadState()
    bench: Bench
    meter, load = Instruments("wt310e", "it8615").build(state, lambda: bench.now())
    bench = Bench(meter, load, state, programs=PROGRAMS)
    return bench


@pytest.fixture(scope="module")
def harness() -> Iterator[Harness]:
    with running(real_bench, lan=True) as found:
        yield found


def by_vxi11(harness: Harness, number: str) -> str:
    return vxi11(harness, f"inst{number}")


def by_hislip(harness: Harness, number: str) -> str:
    return hislip(harness, f"hislip{number}")


both = pytest.mark.parametrize("resource", [by_vxi11, by_hislip])


@both
def test_the_meter_is_device_0_and_the_load_device_1(harness: Harness, resource: Resource) -> None:
    with opened(resource(harness, "0")) as meter, opened(resource(harness, "1")) as load:
        assert "WT310E" in meter.query("*IDN?")
        assert "IT8615" in load.query("*IDN?")


@both
def test_a_serial_poll_tells_of_a_reply_until_it_is_read(harness: Harness, resource: Resource) -> None:
    with opened(resource(harness, "0")) as meter:
        meter.write("*CLS")
        assert meter.read_stb() & 16 == 0
        meter.write("*IDN?")
        assert meter.read_stb() & 16 == 16
        meter.read()
        assert meter.read_stb() & 16 == 0


@both
def test_a_reply_is_read_in_pieces(harness: Harness, resource: Resource) -> None:
    with opened(resource(harness, "0")) as meter:
        meter.write("*IDN?")
        first = meter.read_bytes(8)
        assert first + meter.read_raw() == b"YOKOGAWA,WT310E,C3XX12345E,F1.04\n"


@both
def test_device_clear_drops_an_unread_reply_and_what_waits(harness: Harness, resource: Resource) -> None:
    with opened(resource(harness, "0")) as meter:
        meter.write(":STAT:FILT1 NEV;:STAT:EESR?")
        meter.read()
        meter.write(":COMM:WAIT 1")
        meter.write("*IDN?")
        meter.clear()
        assert meter.query("*OPC?") == "1"


@both
def test_a_read_without_a_reply_ends_with_the_time_out(harness: Harness, resource: Resource) -> None:
    with opened(resource(harness, "0")) as meter:
        meter.timeout = 50
        with pytest.raises((pyvisa.errors.VisaIOError, TimeoutError)):
            meter.read()


@both
def test_a_long_line_and_many_lines_in_one_message_are_taken(harness: Harness, resource: Resource) -> None:
    with opened(resource(harness, "0")) as meter:
        meter.write(":COMM:HEAD OFF;:COMM:VERB OFF")
        meter.write("*CLS\n*ESE 4\n:NUM:NUM 2")
        assert meter.query("*ESE?;:NUM:NUM?") == "4;2"
        meter.write("x" * 100_000)
        assert meter.query(":STAT:ERR?").startswith("363,")


def test_wait_ends_with_the_next_update_in_real_time(harness: Harness) -> None:
    """The bench has no controller here, so its time is the wall clock's; 1 s is the update interval."""
    with opened(by_hislip(harness, "0")) as meter:
        meter.write(":COMM:HEAD OFF;:RATE 1S;:STAT:FILT1 FALL;:NUM:NUM 1;ITEM1 TIME,1;:INTEG:RES;STAR")
        counted = []
        for _ in range(3):
            meter.query(":STAT:EESR?")
            meter.write(":COMM:WAIT 1")
            counted.append(int(meter.query(":NUM:VAL?")))
        meter.write(":INTEG:STOP;RES;:RATE 100MS")
        assert [later - earlier for earlier, later in pairwise(counted)] == [1, 1]


@both
def test_the_framework_s_own_driver_prepares_and_reads(harness: Harness, resource: Resource) -> None:
    with closing(open_meter("meter", resource(harness, "0"))) as meter, opened(by_hislip(harness, "0")) as other:
        meter.prepare()
        other.query(":STAT:FILT1 FALL;:STAT:EESR?")
        assert other.query(":COMM:WAIT? 1") == "1"
        assert meter.read().voltage == pytest.approx(0.0, abs=0.5)
        assert meter.errors() == []


def test_one_client_waits_and_another_one_reads_the_status(harness: Harness) -> None:
    with opened(by_vxi11(harness, "0")) as waiting, opened(by_hislip(harness, "0")) as other:
        waiting.write("*CLS;:STAT:FILT1 NEV;:STAT:EESR?")
        waiting.read()
        waiting.write(":COMM:WAIT 1")
        assert other.read_stb() & 4 == 0
        waiting.clear()
        assert other.query("*OPC?") == "1"
