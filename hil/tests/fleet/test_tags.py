"""The tags of a place say what its rig offers, in the alphabet of labgrid's tags."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from hil.fleet.tags import feature_tag, label, setup_tag, tags_of
from hil.rig.config.rig_file import RigFile

RIGS = Path(__file__).parents[3] / "rigs"


def test_a_place_of_a_virtual_fleet_offers_all_set_ups_and_names_its_rig_file() -> None:
    tags = tags_of(RigFile.load(RIGS / "fleet.yaml"))
    assert tags["rig"] == "fleet"
    assert (tags["meter"], tags["load"]) == ("hmc8015", "it8615")
    for setup in ("socket under test", "cable under test", "pair"):
        assert tags[setup_tag(setup)] == "yes"
    assert tags[feature_tag("link-faults")] == "yes"
    assert "calibration_due" not in tags


def test_the_place_of_a_physical_bench_tells_when_its_first_calibration_is_due() -> None:
    tags = tags_of(RigFile.load(RIGS / "bench-example.yaml"))
    assert tags["rig"] == "bench-example", "a job looks for the rig file by this name"
    assert tags["calibration_due"] == "2027_06_30"
    assert feature_tag("virtual") not in tags


@given(st.text(st.characters(max_codepoint=0x2FF)))
def test_every_text_becomes_a_label_of_small_letters_digits_and_underscores(text: str) -> None:
    assert re.fullmatch(r"[a-z0-9]*(_[a-z0-9]+)*", label(text))
