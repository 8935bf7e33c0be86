"""The virtual instruments play the same transcripts that the drivers are held against.

Neither side knows the other: a mistake that both share would have to be in the transcripts too.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ruamel.yaml import YAML

from hil.vbench.hmc8015 import Hmc8015
from hil.vbench.it8615 import It8615
from hil.vbench.terminals import ElectronicLoadState, MeterSample

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.vbench.terminals import VirtualInstrument

TRANSCRIPTS = Path(__file__).parents[3] / "fixtures" / "data" / "transcripts"


def meter() -> VirtualInstrument:
    instrument = Hmc8015(lambda: 0.1)
    instrument.power_on("seed")
    instrument.update(MeterSample(0.1, 0.1, 230.0, 5.652, 1300.0, 50.0))
    return instrument


def load() -> VirtualInstrument:
    instrument = It8615(ElectronicLoadState(measured=lambda: (230.0, 5.652, 1300.0, 50.0)))
    instrument.power_on("seed")
    return instrument


@pytest.mark.parametrize(("name", "build"), [("hmc8015", meter), ("it8615", load)])
def test_every_line_of_the_transcript_gets_its_reply(name: str, build: Callable[[], VirtualInstrument]) -> None:
    instrument = build()
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
