"""labgrid's coordinator, exporter and client hand out a bench; our rig file opens it where the client acquired it."""

from __future__ import annotations

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
