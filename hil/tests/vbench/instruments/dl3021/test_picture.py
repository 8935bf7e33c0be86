"""The picture of the virtual DL3021's display."""

from __future__ import annotations

import sys
from io import BytesIO
from typing import Any
from unittest.mock import patch

from PIL import Image

from hil.tests.vbench.instruments.dl3021.bench import Bench


def screenshot(bench: Bench) -> Image.Image:
    """Read the block as lxi-tools does: the header goes, the rest is the file."""
    reply = (bench(":PROJ:WND:DATA?") or "").encode("latin-1")
    digits = int(reply[1:2])
    picture = reply[2 + digits :]
    assert len(picture) == int(reply[2 : 2 + digits])
    return Image.open(BytesIO(picture))


def test_the_screenshot_is_a_bitmap_of_the_display() -> None:
    bench = Bench()
    before = screenshot(bench)
    assert (before.format, before.size) == ("BMP", (480, 272))
    assert screenshot(bench).tobytes() == before.tobytes()
    pictures = [before.tobytes()]
    for change in ("CURR 1.5", "INP 1", "FUNC POW", "FUNC:MODE BATT", "FUNC:MODE FIX;:SYST:KEY 33"):
        bench(change)
        bench.wait(0.2)
        pictures.append(screenshot(bench).tobytes())
    assert len(set(pictures)) == len(pictures)
    bench.no_error()


def test_a_screenshot_without_its_library_tells_which_to_install() -> None:
    bench = Bench()
    missing: dict[str, Any] = {"PIL": None}
    with patch.dict(sys.modules, missing):
        assert bench(":PROJ:WND:DATA?") is None
    assert "pip install 'micropay-hil[display]'" in str(bench("SYST:ERR?"))
