"""The transcripts themselves: both the drivers and the virtual instruments are held against them."""

from __future__ import annotations

import re

import pytest

from hil.tests.instruments.scripted import load_transcript


@pytest.mark.parametrize("name", ["hmc8015", "it8615"])
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
