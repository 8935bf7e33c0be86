"""The virtual HMC8015's log, memory, clock, picture and binary readings."""

from __future__ import annotations

import struct
import sys
from io import BytesIO
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from hil.tests.vbench.instruments.hmc8015.bench import Bench


@pytest.fixture
def bench() -> Bench:
    return Bench()


def lines(bench: Bench, name: str = "A.CSV") -> list[list[str]]:
    return [line.split(",") for line in bench.binary(f'DATA:DATA? "{name}",INT').decode().splitlines()]


def test_a_log_has_a_line_for_each_interval_with_the_values_of_its_page(bench: Bench) -> None:
    bench('SYST:DATE 2026,11,30;TIME 23,59,59;:CHAN1:MEAS:FUNC URMS,P;:LOG:FNAM "A";INT 0.5;STAT ON')
    bench.pass_periods(20)
    bench("LOG:STAT OFF")
    bench.pass_periods(20)
    heading, *rows = lines(bench)
    assert heading == ["Timestamp", "URMS", "P"]
    assert [row[0] for row in rows] == [
        *("2026-11-30 23:59:59.100", "2026-11-30 23:59:59.500", "2026-12-01 00:00:00.000"),
        *("2026-12-01 00:00:00.500", "2026-12-01 00:00:01.000"),
    ]
    assert [[float(value) for value in row[1:]] for row in rows] == [pytest.approx([230.0, 1300.0], rel=1e-3)] * 5


@pytest.mark.parametrize(
    ("mode", "count"), [("MODE COUN;COUN 3", 3), ("MODE DUR;DUR 1", 10), ("MODE TIME;DUR 2", 20), ("MODE UNL", 25)]
)
def test_a_log_ends_as_its_mode_says(bench: Bench, mode: str, count: int) -> None:
    bench(f'LOG:FNAM "A.CSV";{mode};STAT ON')
    bench.pass_periods(25)
    assert len(lines(bench)) == 1 + count
    assert bench("LOG:STAT?") == ("1" if "UNL" in mode else "0")


def test_a_log_and_the_integrator_begin_at_their_start_time(bench: Bench) -> None:
    bench("SYST:DATE 2026,11,30;TIME 18,0,0;:INT:MODE SPAN;STIM 2026,11,30,18,0,2;DUR 1;:CHAN1:MEAS:FUNC TIME")
    bench('LOG:MODE SPAN;STIM 2026,11,30,18,0,1;DUR 1;FNAM "A.CSV";STAT ON;:INT:STAR')
    bench.pass_periods(20)
    assert bench.numbers("CHAN1:MEAS:DATA?") == [pytest.approx(0.0, abs=1e-6)]
    bench.pass_periods(20)
    assert bench.numbers("CHAN1:MEAS:DATA?") == [pytest.approx(1.0)]
    assert lines(bench)[1][0] == "2026-11-30 18:00:01.000"


def test_an_integrator_that_is_stopped_before_its_start_has_counted_nothing(bench: Bench) -> None:
    bench("INT:MODE SPAN;STIM 2020,1,1,0,0,5;STAR;:CHAN1:MEAS:FUNC TIME")
    bench.pass_periods(10)
    bench("INT:STOP")
    bench.pass_periods(100)
    assert bench.numbers("CHAN1:MEAS:DATA?") == [0.0]


def test_files_are_listed_measured_and_deleted(bench: Bench) -> None:
    for name in ("B.CSV", "A.TXT"):
        bench(f'LOG:FNAM "{name}";STAT ON;STAT OFF')
    assert bench("DATA:LIST?") == '"B.CSV","A.TXT"'
    assert bench('DATA:POIN? "B.CSV"') == str(len(bench.binary('DATA:DATA? "b.csv"')))
    bench('DATA:DEL "B.CSV",INT')
    assert bench("DATA:LIST? INT;:SYST:ERR?") == '"A.TXT";0,"No error"'
    bench.meter.power_on("again")
    assert bench("DATA:LIST?") == ""


@pytest.mark.parametrize("name", ["", "../A.CSV", "A B", "/EXT/A.CSV", "A.CSVX"])
def test_a_name_that_cannot_be_is_refused(bench: Bench, name: str) -> None:
    bench(f'LOG:FNAM "{name}"')
    assert str(bench("SYST:ERR?")).startswith("-257,")


def test_a_full_memory_ends_the_log_and_tells_it(bench: Bench) -> None:
    with patch("hil.vbench.instruments.hmc8015.files.CAPACITY", 200):
        bench('LOG:FNAM "A.CSV";STAT ON')
        bench.pass_periods(20)
    assert str(bench("LOG:STAT?;:SYST:ERR?")).startswith("0;-254,")
    assert len(bench.binary('DATA:DATA? "A.CSV"')) <= 200


@pytest.mark.parametrize("kind", ["BMP", "PNG"])
def test_a_hard_copy_is_a_picture_of_the_display(bench: Bench, kind: str) -> None:
    bench(f"HCOP:FORM {kind}")
    bench.pass_periods(1)
    before = Image.open(BytesIO(bench.binary("HCOP:DATA?")))
    assert (before.format, before.size) == (kind, (320, 240))
    assert bench.binary("HCOP:DATA?") == bench.binary("HCOP:DATA?")
    pictures = [before.tobytes()]
    for change in ('DISP:TEXT "toast"', "SYST:REM", "VIEW:NUM:SHOW 2", "LOG:STAT ON"):
        bench(change)
        pictures.append(Image.open(BytesIO(bench.binary("HCOP:DATA?"))).tobytes())
    bench.pass_periods(1, voltage=120.0)
    pictures.append(Image.open(BytesIO(bench.binary("HCOP:DATA?"))).tobytes())
    assert len(set(pictures)) == len(pictures)


def test_a_hard_copy_without_its_library_tells_which_to_install(bench: Bench) -> None:
    missing: dict[str, Any] = {"PIL": None}
    with patch.dict(sys.modules, missing):
        assert bench("HCOP:DATA?") is None
    assert "pip install 'micropay-hil[display]'" in str(bench("SYST:ERR?"))


@given(st.floats(1.0, 299.0), st.floats(0.01, 9.0))
def test_binary_readings_have_the_values_of_the_text(voltage: float, current: float) -> None:
    bench = Bench()
    bench("CHAN1:MEAS:FUNC URMS,IRMS,P")
    bench.pass_periods(1, voltage, current, voltage * current)
    text = bench.numbers("CHAN1:MEAS:DATA?")
    bench("CHAN1:MEAS:FORM BIN")
    assert struct.unpack("<3f", bench.binary("CHAN1:MEAS:DATA?")) == pytest.approx(text, rel=1e-6)


def test_interface_messages_lock_and_free_the_keys(bench: Bench) -> None:
    panel = bench.meter.panel
    seen = []
    for message in ("&GTR", "&LLO", "&GTL", "SYST:RWL", "SYST:LOC", "SYST:REM", "&NREN"):
        bench(message)
        seen.append((panel.remote, panel.locked))
    assert seen == [
        *((True, False), (True, True), (False, False)),
        *((True, True), (False, False), (True, False), (False, False)),
    ]
    assert bench("&FOO;:SYST:ERR?") == '-113,"Undefined header;&FOO"'


@given(st.lists(st.tuples(st.integers(2000, 2099), st.integers(1, 12), st.integers(1, 28)), min_size=1, max_size=4))
def test_the_clock_goes_on_from_what_it_was_set_to(dates: list[tuple[int, int, int]]) -> None:
    bench = Bench()
    bench("SYST:TIME 12,0,0")
    for date in dates:
        bench(f"SYST:DATE {','.join(map(str, date))}")
        assert bench("SYST:DATE?") == ",".join(map(str, date))
    bench.now += 3661.0
    assert bench("SYST:TIME?") == "13,1,1"
