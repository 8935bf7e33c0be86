"""What a bench can do, by its rig file alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.errors import ConfigurationError
from hil.ports import Identity
from hil.rig.check.capabilities import (
    another_model,
    beyond_load,
    undecidable_edge,
    undecidable_energy,
    undecidable_interruption,
)
from hil.rig.config.rig_file import RigFile
from hil.units import Percent, Second, Watt, WattHour

ROOT = Path(__file__).parents[4]
VIRTUAL = (ROOT / "rigs/virtual.yaml").read_text(encoding="utf-8")
BENCH = "      - VirtualBench:\n          name: bench\n"
FACTS = "      load: {calibration: 'none: virtual'}\n"


def rig(folder: Path, *changes: tuple[str, str]) -> RigFile:
    """Return the virtual rig with changes."""
    text = VIRTUAL
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "rig.yaml"
    path.write_text(text, encoding="utf-8")
    return RigFile.load(path)


@pytest.mark.parametrize(
    ("changes", "power", "why"),
    [
        ([], 1800, ""),
        ([], 2000, "2000 W is outside what rig 'virtual' can draw: above 0 W, at most 1800 W (its load is an IT8615)"),
        ([], 0, "0 W is outside"),
        ([("power: 2000 W", "power: 1500 W")], 1501, "at most 1500 W (its limits.power)"),
        ([(BENCH, BENCH + "          load: dl3021\n")], 300, "at most 200 W (its load is a DL3021)"),
        ([(BENCH, ""), (FACTS, FACTS.replace("{", "{model: itech it8615, "))], 2000, "at most 1800 W (its load"),
        ([(BENCH, "")], 2000, ""),
    ],
)
def test_load_takes_what_its_model_and_the_limits_of_the_rig_allow(
    tmp_path: Path, changes: list[tuple[str, str]], power: float, why: str
) -> None:
    found = beyond_load(rig(tmp_path, *changes), Watt(power))
    assert (why in found) if why else found == ""


def test_edge_cannot_be_seen_before_the_meter_has_updated(tmp_path: Path) -> None:
    assert undecidable_edge(rig(tmp_path), Second(0.1)) == ""
    assert undecidable_edge(rig(tmp_path), Second(0.05)) == (
        "rig 'virtual' cannot decide a limit of 50 ms: its meter updates every 100 ms, so no reading shows an edge"
        " of power within 100 ms"
    )
    by_the_wall_clock = rig(tmp_path, (BENCH, BENCH + "          clock: wall\n"))
    assert "within 110 ms" in undecidable_edge(by_the_wall_clock, Second(0.1))


def test_a_short_interruption_is_known_as_well_as_the_meter_reads_voltage(tmp_path: Path) -> None:
    assert undecidable_interruption(rig(tmp_path), Second(0.001)) == ""
    assert undecidable_interruption(rig(tmp_path), Second(0.0004)) == (
        "rig 'virtual' cannot decide a limit of 0.4 ms: its meter updates every 100 ms and reads 230 V within 0.27 V,"
        " so an interruption within one update is known within 0.4685 ms"
    )
    slower = rig(tmp_path, (BENCH, BENCH + "          meter: wt310e\n"))
    assert "within 0.8658 ms" in undecidable_interruption(slower, Second(0.0005))
    assert undecidable_interruption(rig(tmp_path, (BENCH, "")), Second(0.0004)) == ""


def test_energy_is_known_no_better_than_the_meter_integrates(tmp_path: Path) -> None:
    assert undecidable_energy(rig(tmp_path), WattHour(40), Percent(2)) == ""
    assert undecidable_energy(rig(tmp_path), WattHour(40), Percent(0.1)) == (
        "rig 'virtual' cannot decide 0.1 % of 40 Wh, which is 0.04 Wh: its meter is uncertain by 0.05284 Wh at least"
    )


def test_meter_that_the_rig_file_does_not_name_is_not_reckoned_with(tmp_path: Path) -> None:
    unknown = rig(tmp_path, (BENCH, ""))
    assert undecidable_edge(unknown, Second(0.001)) == undecidable_energy(unknown, WattHour(1), Percent(0.001)) == ""


def test_model_without_a_driver_is_refused_with_the_nearest(tmp_path: Path) -> None:
    wrong = rig(tmp_path, (FACTS, FACTS.replace("{", "{model: ITECH IT8616, ")))
    with pytest.raises(ConfigurationError, match=r"load\.model: 'ITECH IT8616' has no driver.*mean 'ITECH IT8615'"):
        beyond_load(wrong, Watt(1))


def test_instrument_that_is_another_than_the_rig_file_says_is_found(tmp_path: Path) -> None:
    declared = rig(tmp_path, (FACTS, FACTS.replace("{", "{model: ITECH IT8615, ")))
    same, other = Identity("ITECH Ltd.", "IT8615", "1", "1"), Identity("RIGOL TECHNOLOGIES", "DL3021", "1", "1")
    assert another_model(declared, "load", same) == another_model(declared, "meter", other) == ""
    assert another_model(declared, "load", other) == (
        "the rig file says that it is an ITECH IT8615, and it says 'RIGOL TECHNOLOGIES DL3021'"
    )
