"""labgrid's target of a rig file on a place: what is told when the place is not named."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.errors import ConfigurationError, RigFault
from hil.rig.config.held_place import PLACE_VARIABLE, RECORD_VARIABLE, PlaceRecord, PlaceResource
from hil.rig.labgrid.target import build_target

FLEET = Path(__file__).parents[4] / "rigs/fleet.yaml"


def test_a_rig_file_whose_place_is_not_named_tells_how_to_name_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (PLACE_VARIABLE, RECORD_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(
        ConfigurationError, match=r"LG_HIL_PLACE.*Set LG_HIL_PLACE to the name of a place.*hil run --place"
    ):
        build_target(FLEET)


def test_a_place_that_does_not_offer_a_part_is_a_rig_fault_of_that_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    coil = PlaceResource("K1", "ModbusTCPCoil", {"host": "127.0.0.9:5020", "coil": 0})
    record = PlaceRecord("bench-3", "127.0.0.1:9", "lab/anna", "2026-01-01T00:00:00+00:00", [coil])
    monkeypatch.setenv(RECORD_VARIABLE, str(record.write(tmp_path)))
    monkeypatch.setenv(PLACE_VARIABLE, "bench-3")

    with pytest.raises(RigFault, match=r"place bench-3: the place does not offer what fleet\.yaml binds: .*'meter'"):
        build_target(FLEET)
