"""The transcripts themselves: both the drivers and the virtual instruments are held against them."""

from __future__ import annotations

import re
from contextlib import closing

import pytest

from hil.instruments.dialects import LOADS, METERS, open_load, open_meter
from hil.ports import LoadLimits, Protecting
from hil.tests.instruments.scripted import TRANSCRIPTS, ScriptedInstrument, load_transcript
from hil.units import Ampere, Volt, Watt

NAMES = sorted(path.stem for path in TRANSCRIPTS.glob("*.yaml") if "*IDN?" in path.read_text(encoding="utf-8"))


def model(name: str) -> str:
    manufacturer, number, *_ = str(load_transcript(name)[0].rx).split(",")
    return f"{manufacturer} {number}"


@pytest.mark.parametrize("name", NAMES)
def test_every_line_has_a_source_and_an_example_that_fits_its_pattern(name: str) -> None:
    lines = load_transcript(name)
    assert lines
    for line in lines:
        assert line.s in {"m", "d", "b", "u"}, line
        query = line.tx.split()[0].endswith("?")
        assert query == (line.rx is not None), line
        if line.rx_pattern is not None:
            assert line.rx is not None, line
            assert re.fullmatch(line.rx_pattern, line.rx), line


@pytest.mark.parametrize("name", NAMES)
def test_driver_says_nothing_to_its_instrument_that_the_transcript_does_not_have(name: str) -> None:
    with ScriptedInstrument(load_transcript(name)) as instrument:
        if model(name) in METERS:
            with closing(open_meter("meter", instrument.resource)) as meter:
                meter.prepare()
                meter.read()
                meter.errors()
        else:
            assert model(name) in LOADS
            with closing(open_load("load", instrument.resource)) as load:
                load.prepare()
                if isinstance(load, Protecting):
                    armed = load.protect(LoadLimits(Watt(1000.0), Ampere(4.5), Volt(60.0)))
                    assert any(protection.armed for protection in armed)
                load.set_input(on=True)
                load.set_input(on=False)
                load.errors()
