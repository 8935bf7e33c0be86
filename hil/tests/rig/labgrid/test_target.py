"""labgrid's target of a rig file on a place: what is told when the place is not named."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.errors import ConfigurationError
from hil.rig.config.held_place import PLACE_VARIABLE, RECORD_VARIABLE
from hil.rig.labgrid.target import build_target

FLEET = Path(__file__).parents[4] / "rigs/fleet.yaml"


def test_a_rig_file_whose_place_is_not_named_tells_how_to_name_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (PLACE_VARIABLE, RECORD_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(
        ConfigurationError, match=r"LG_HIL_PLACE.*Set LG_HIL_PLACE to the name of a place.*hil run --place"
    ):
        build_target(FLEET)
