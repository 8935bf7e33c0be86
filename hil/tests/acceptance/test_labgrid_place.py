"""labgrid's coordinator, exporter and client hand out a bench; our rig file opens it where the client acquired it."""

from __future__ import annotations

import json

from hil.tests.acceptance.foreign import LabgridPlace


def test_labgrid_client_makes_acquires_and_releases_a_place_of_the_benchs_resources(
    labgrid_place: LabgridPlace,
) -> None:
    client = labgrid_place.client

    for name in ("create", "add-match", "acquire", "release"):
        assert client[name].returncode == 0, client[name].stderr
    assert "acquired place bench" in client["acquire"].stdout


def test_labgrid_client_brings_the_bench_of_a_rig_file_to_its_states_and_switches_its_relays(
    labgrid_place: LabgridPlace,
) -> None:
    client = labgrid_place.client

    assert "digital IO K2 for place bench is high" in client["armed"].stdout, client["armed"].stderr
    assert "digital IO K1 for place bench is low" in client["K1"].stdout
    assert client["high"].returncode == 0, client["high"].stderr
    assert "digital IO K3 for place bench is high" in client["K3"].stdout


def test_a_bench_behind_a_coordinator_is_made_safe_by_hand(labgrid_place: LabgridPlace) -> None:
    safe = labgrid_place.commands["safe"]

    assert safe.code == 0, safe.said
    assert "safe after" in safe.said
    assert "digital IO K2 for place bench is low" in labgrid_place.client["K2 afterwards"].stdout


def test_its_parts_are_checked(labgrid_place: LabgridPlace) -> None:
    check = labgrid_place.commands["check"]

    assert check.code == 0, check.said
    assert "HMC8015" in check.said
    assert check.said.rstrip().endswith("0 faults")
    assert "comes back on cable-link" in check.said


def test_a_place_that_nobody_acquired_is_a_rig_fault_with_the_remedy(labgrid_place: LabgridPlace) -> None:
    refused = labgrid_place.commands["not acquired"]

    assert refused.code == 7, refused.said
    assert "place bench is not acquired" in refused.said
    assert "labgrid-client" in refused.said


def test_the_doctor_tells_that_the_place_is_not_acquired(labgrid_place: LabgridPlace) -> None:
    told = labgrid_place.commands["looked at before"]

    assert told.code == 7, told.said
    assert "place bench is not acquired" in told.said
    assert "labgrid-client -p bench acquire" in told.said


def test_the_doctor_finds_each_part_of_an_acquired_place_without_a_word_to_it(labgrid_place: LabgridPlace) -> None:
    document = json.loads(labgrid_place.commands["looked at"].said)
    found = {each["id"]: each for each in document["findings"] if each["id"].startswith("rig.")}

    assert found["rig.place.bench"]["state"] == "ok", found
    assert found["rig.place.bench"]["seen"].endswith("10 resources")
    parts = [word for name in found for word in name.removeprefix("rig.").split("+")]
    assert {"meter", "load", "K1", "K4", "socket-link", "cable-console"} <= set(parts)
    assert {each["state"] for each in found.values()} == {"ok"}, found
