"""A fleet whose places have different rig files: each scenario runs on a rig that offers what it needs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from labgrid.remote.generated import labgrid_coordinator_pb2 as messages

from hil.errors import ExitCode
from hil.evidence.documents import Kind, Verdict
from hil.evidence.record import ScenarioRecord
from hil.fleet.marks import AWAY, SERVICE
from hil.fleet.states import NO_MATCH
from hil.tests.acceptance.commands import Finished
from hil.tests.fleet.struck_fleet import StruckFleet, struck_fleet

FEATURE = """\
Feature: Needs
  Scenario Outline: On any rig <number>
    Given the socket is under test in single-fee mode
    And the load draws 100 W
    When the devices are switched on
    And the first payment has been accepted
    Then 1 payment of 0.1 mBTC was accepted

    Examples:
      | number |
      | 1      |
      | 2      |

  @rig_feature(seeded-defects)
  Scenario: Only on a rig that can make its devices defective
    Given the socket is under test in single-fee mode
    And the load draws 100 W
    When the devices are switched on
    And the first payment has been accepted
    Then 1 payment of 0.1 mBTC was accepted

  Scenario: On no rig of this fleet
    Given a socket of another kind is under test
    When the devices are switched on
    Then no power flowed
"""

REDUCED = "reduced"
"""The rig file of the second place: it cannot make its devices defective."""


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StruckFleet]:
    with struck_fleet(tmp_path_factory.mktemp("fleet") / "laboratory", 2) as found:
        folder = found.project.folder
        (folder / "needs.feature").write_text(FEATURE, encoding="utf-8")
        text = (folder / "rigs/fleet.yaml").read_text(encoding="utf-8")
        assert "      - seeded-defects\n" in text
        text = text.replace("      - seeded-defects\n", "").replace("    name: fleet\n", f"    name: {REDUCED}\n")
        (folder / f"rigs/{REDUCED}.yaml").write_text(text, encoding="utf-8")
        found.client.tag("virtual-2", {"rig": REDUCED})
        yield found


@pytest.fixture(scope="module")
def run(fleet: StruckFleet) -> Finished:
    return fleet.project.run("run", "--place", "rig=*", "needs.feature")


def place_of(scenario: ScenarioRecord) -> str:
    return str((next(scenario.of(Kind.START)).host or {}).get("place"))


def test_each_scenario_runs_where_its_needs_are_met(run: Finished) -> None:
    assert run.code == ExitCode.PASS, run.said
    first, second, defective, nowhere = run.record.scenarios
    assert [each.verdict for each in (first, second, defective)] == [Verdict.PASS] * 3
    assert place_of(defective) == "virtual-1"
    assert {place_of(first), place_of(second)} <= {"virtual-1", "virtual-2"}
    assert nowhere.verdict is Verdict.NOT_APPLICABLE


def test_what_no_place_offers_is_told_before_the_run(run: Finished) -> None:
    before, _, _ = run.said.partition("needs.feature ")

    assert "not applicable: needs.feature::On no rig of this fleet: " in before


def test_the_evidence_names_the_rig_of_each_place_and_does_not_contradict_itself(run: Finished) -> None:
    places = run.document["places"]

    assert {name: places[name]["rig"] for name in places} == {"virtual-1": "fleet", "virtual-2": REDUCED}
    assert run.document["verdict"] == Verdict.PASS.value
    assert "altered" not in run.said


def test_places_of_another_laboratory_and_places_without_parts_are_left_out_and_told(fleet: StruckFleet) -> None:
    for name, tags in (("foreign", {"rig": "nosuch"}), ("bare", {"rig": REDUCED})):
        fleet.client._call("AddPlace", messages.AddPlaceRequest(name=name))
        fleet.client.tag(name, tags)

    run = fleet.project.run("run", "--place", "rig=*", "needs.feature:10", "needs.feature:11")

    assert run.code == ExitCode.PASS, run.said
    assert {place_of(each) for each in run.record.scenarios} == {"virtual-1", "virtual-2"}
    assert "place foreign is left out: its tag rig=nosuch names no rig file of " in run.said
    assert "place bare is left out: it has no part, since no exporter is matched to it" in run.said
    places = fleet.places()
    assert (places["bare"].absent, places["bare"].tags[SERVICE]) == ((NO_MATCH,), AWAY)
