"""Steps about mains, plug and faults of the bench: only where the rig file says that this bench can."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.bdd.language.applicability import demands, feature
from hil.bdd.language.catalogue import load_catalogue
from hil.rig.config.rig_file import RigFile

VIRTUAL = Path(__file__).parents[3] / "rigs" / "virtual.yaml"

STEPS = {
    "the mains are lost for 3 s": "switches-under-load",
    "the mains ahead of the socket's contact are interrupted for 3 s": "switches-under-load",
    "the cable is pulled out of the socket": "switches-under-load",
    "the cable is plugged in again": "switches-under-load",
    "the mains are at 50 % for 1 s": "programmable-mains",
    "relay K1 welds shut, as a seeded fault": "seeded-faults",
    "relay K2 bounces for 20 ms whenever it closes, as a seeded fault": "seeded-faults",
    "the socket's own contact welds shut, as a seeded fault": "seeded-faults",
    "the socket's own contact opens by itself for 20 ms every three seconds, as a seeded fault": "seeded-faults",
    "the lab meter freezes, as a seeded fault": "seeded-faults",
    "the load hangs, as a seeded fault": "seeded-faults",
    "the lab meter drifts by 2 %, as a seeded fault": "seeded-faults",
    "the cable's own meter drifts by -1 %, as a seeded fault": "seeded-faults",
}


def rig_without(flag: str, folder: Path) -> RigFile:
    text = VIRTUAL.read_text(encoding="utf-8")
    assert f"      - {flag}\n" in text
    path = folder / "rig.yaml"
    path.write_text(text.replace(f"      - {flag}\n", ""), encoding="utf-8")
    return RigFile.load(path)


@pytest.mark.parametrize(("step", "flag"), STEPS.items(), ids=STEPS)
def test_a_step_is_not_applicable_on_a_rig_without_its_feature_flag(step: str, flag: str, tmp_path: Path) -> None:
    (definition,) = load_catalogue().find("when", step)
    (check,) = (demand.check for demand in demands(definition.function, "not-offered"))
    arguments = definition.expression.values(step)
    assert check(RigFile.load(VIRTUAL), *arguments) == ""
    assert check(rig_without(flag, tmp_path), *arguments) == f"rig 'virtual' has no feature '{flag}'"


def test_a_profile_beyond_the_rigs_power_is_not_applicable(tmp_path: Path) -> None:
    path = tmp_path / "weak.yaml"
    path.write_text(VIRTUAL.read_text(encoding="utf-8").replace("power: 2000 W", "power: 500 W"), encoding="utf-8")
    (definition,) = load_catalogue().find("given", "the load plays a kettle")
    (check,) = (demand.check for demand in demands(definition.function, "not-offered"))
    arguments = definition.expression.values("the load plays a kettle")
    assert check(RigFile.load(VIRTUAL), *arguments) == ""
    assert check(RigFile.load(path), *arguments) == "rig 'virtual' allows 500 W, not 1800 W"


def test_a_flag_is_looked_up_by_its_whole_name() -> None:
    assert feature("seeded")(RigFile.load(VIRTUAL)) == "rig 'virtual' has no feature 'seeded'"
