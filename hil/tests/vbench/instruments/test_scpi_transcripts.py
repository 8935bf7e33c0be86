"""The virtual instruments play the same transcripts that the drivers are held against.

Neither side knows the other: a mistake that both share would have to be in the transcripts too.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from hil.vbench.instruments.registry import LOADS, METERS
from hil.vbench.plant.terminals import ElectronicLoadState, MeterSample, VirtualInstrument

TRANSCRIPTS = Path(__file__).parents[4] / "fixtures" / "data" / "transcripts"


def meter(name: str) -> VirtualInstrument:
    """Return a meter whose first update, of 0.25 s, is over."""
    instrument = METERS[name](lambda: 0.25)
    instrument.power_on("seed")
    instrument.update(MeterSample(0.25, 0.25, 230.0, 5.652, 1300.0, 50.0))
    return instrument


def load(name: str) -> VirtualInstrument:
    """Return a load with voltage at its terminals."""
    instrument = LOADS[name](ElectronicLoadState(measured=lambda: (48.0, 1.5, 72.0, 50.0)), lambda: 0.0)
    instrument.power_on("seed")
    return instrument


@pytest.mark.parametrize("name", [*METERS, *LOADS])
def test_every_line_of_the_transcript_gets_its_reply(name: str) -> None:
    instrument = meter(name) if name in METERS else load(name)
    lines = YAML(typ="safe").load(TRANSCRIPTS / f"{name}.yaml")
    assert lines
    for number, line in enumerate(lines, start=1):
        reply = instrument.execute(line["tx"])
        where = f"{name}.yaml entry {number}: {line['tx']} -> {reply}"
        if line["rx"] is None:
            assert reply is None, where
        elif "rx_pattern" in line:
            assert re.fullmatch(line["rx_pattern"], str(reply)), where
        else:
            assert reply == line["rx"], where
