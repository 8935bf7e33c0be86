"""dcps, instro, scpi, socketscpi and lxi drive the virtual loads, unmodified; collected only where they are."""

from __future__ import annotations

import pytest
from PIL import Image

from hil.tests.acceptance.foreign_loads import Told

OUTPUT = 48.0
"""V that the bench's adapter gives."""


def test_dcps_finds_every_function_and_mode_of_its_dl3021(load_clients: dict[str, Told]) -> None:
    told = load_clients["dcps"]

    assert told["identity"].startswith("RIGOL TECHNOLOGIES,DL3021")
    assert told["functions"] == ["CC", "CR", "CV", "CP"]
    assert told["modes"] == ["FIX", "LIST", "WAV", "BATT", "OCP", "OPP"]
    assert told["sense"] == [True, False]
    assert told["ranges"] == [40.0, 150.0]
    assert told["settings"] == [12.5, 0.5]
    assert told["input"] is True
    assert told["error"] == '0,"No error"'


def test_dcps_measures_what_it_has_set(load_clients: dict[str, Told]) -> None:
    volts, amperes, watts, ohms = load_clients["dcps"]["measured"]

    assert [volts, amperes, watts, ohms] == pytest.approx([OUTPUT, 0.5, OUTPUT * 0.5, OUTPUT / 0.5], rel=0.01)
    assert load_clients["dcps"]["extremes"] == pytest.approx([OUTPUT, OUTPUT, 0.5], rel=0.01)


def test_instro_sets_all_that_it_knows_of_a_dl3021_without_an_error(load_clients: dict[str, Told]) -> None:
    told = load_clients["instro DL3021"]

    assert told["measured"] == pytest.approx([OUTPUT, 0.5], rel=0.01)
    assert told["mistake"] == 'Rigol DL30xx reported error: -222,"Data out of range"'


def test_instro_drives_an_8500b_in_every_mode(load_clients: dict[str, Told]) -> None:
    told = load_clients["instro 8500B"]

    most = 300.0 / OUTPUT
    amperes = {"CC": 0.5, "CP": 72.0 / OUTPUT, "CR": OUTPUT / 24.0, "CV": most}
    assert told["measured"] == {mode: pytest.approx([OUTPUT, each], rel=0.01) for mode, each in amperes.items()}
    assert told["shorted"] == pytest.approx([OUTPUT, most], rel=0.01)
    assert told["mistake"] == 'BK85XXB reported error: -222,"Data out of range"'


def test_lxi_takes_a_screenshot_of_a_dl3021(load_clients: dict[str, Told]) -> None:
    told = load_clients["lxi screenshot"]

    assert "Saved screenshot image" in told["said"]
    with Image.open(told["file"]) as picture:
        assert (picture.format, picture.size) == ("BMP", (480, 272))


@pytest.mark.parametrize(
    ("load", "identity", "answer"), [("DL3021", "RIGOL TECHNOLOGIES", "1.5000"), ("IT8615", "ITECH", "1.5000E+00")]
)
def test_scpi_and_socketscpi_set_ask_and_find_their_mistake_out(
    load_clients: dict[str, Told], load: str, identity: str, answer: str
) -> None:
    told = load_clients[f"any {load}"]

    assert set(told) == {"scpi", "socketscpi"}
    for library, (name, setting, mistake) in told.items():
        assert name.startswith(identity), library
        assert setting == answer, library
        assert "113" in mistake, library
        assert "Undefined header" in mistake, library
