"""A mistake that socket and cable share agrees with itself; the judge, who shares nothing with them, names it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.evidence.documents import Kind
from hil.tests.acceptance.commands import Project
from hil.tests.acceptance.shared_mistakes import MISTAKES, environment

FEATURE = """\
Feature: Two sides that agree with each other
  Scenario: The socket
    Given the socket is under test in single-fee mode
    And the socket asks for 1234 sat/Wh
    And the load draws 1300 W
    When the devices are switched on
    And the first payment has been accepted
    And 25 s have passed
    Then the socket asked for 2 payments
  Scenario: The cable
    Given the cable is under test in single-fee mode
    And the socket asks for 1234 sat/Wh
    And the load draws 1300 W
    When the devices are switched on
    And the first payment has been accepted
    And 25 s have passed
    Then the socket asked for 2 payments
"""

BROKEN = {
    "the CRC, least significant byte first": {"socket": {"frame"}, "cable": {"frame"}},
    "transaction ids as people write them": {"socket": {"proposal", "credited"}, "cable": {"coins", "signed"}},
    "a fee without the discount of witnesses": {"socket": {"proposal", "credited"}, "cable": {"signed"}},
    "credit rounded up": {"socket": {"credit"}, "cable": set()},
    "a sequence that does not count": {"socket": {"sequence"}, "cable": {"sequence"}},
    "METER in watt-hours": {"socket": {"energy"}, "cable": {"energy"}},
}
"""The rules by which each mistake is noticed when that side is under test."""


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_that_both_sides_share_fails_with_its_rule_and_party(tmp_path: Path, mistake: str) -> None:
    project = Project.make(tmp_path / "project", **environment(tmp_path / "first", mistake))
    (project.folder / "shared.feature").write_text(FEATURE, encoding="utf-8")

    run = project.run("run", "shared.feature", "--seed", "7")

    assert run.code == 1, run.said
    for scenario in run.record.scenarios:
        side = str(next(scenario.of(Kind.START)).data["name"]).removeprefix("The ")
        stop, rules = next(scenario.of(Kind.STOP)), BROKEN[mistake][side]
        assert stop.data["verdict"] == ("fail" if rules else "pass"), run.said
        for rule in rules:
            assert f"invariant {rule} (SPEC, " in str(stop.data["reason"])
            found = [str(each.data["detail"]) for each in scenario.of(Kind.VERDICT) if rule in str(each.data["name"])]
            assert any(f"is broken by the {side}: " in each for each in found), found
