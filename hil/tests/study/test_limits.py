"""The limits that features declare."""

from __future__ import annotations

from pathlib import Path

from hil.bdd.language.catalogue import STEPS_PACKAGE
from hil.study.limits import DeclaredLimit, declared_limits
from hil.tests.study.results import rig

FEATURE = """\
Feature: Limits
  @REQ-POWER-3
  Scenario: A cable that pays too little
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    And the cable does not pay from the third payment on
    When the devices are switched on
    And the session has ended
    Then the energy delivered is 16 Wh within 1 %
    And at most 0.1 Wh flowed unpaid
    And no power flowed
  @REQ-POWER-4
  Scenario: The same for less power
    Given the socket is under test in single-fee mode
    And the load draws 200 W
    And the cable does not pay from the third payment on
    When the devices are switched on
    And the session has ended
    Then the energy delivered is 16 Wh within 1 %
"""


def limits(tmp_path: Path) -> tuple[dict[str, DeclaredLimit], int]:
    path = tmp_path / "limits.feature"
    path.write_text(FEATURE)
    found, unknown = declared_limits([str(path)], [STEPS_PACKAGE], rig())
    return {each.name: each for each in found}, unknown


def test_the_same_limit_of_two_scenarios_is_listed_once_with_the_longer_one_and_both_requirements(
    tmp_path: Path,
) -> None:
    found, _ = limits(tmp_path)

    energy = found["energy delivered"]
    assert (energy.quantity, energy.steps, energy.bounded) == ("energy", 2, True)
    assert energy.room == 0.16000000000000014
    assert energy.seconds == 288.0
    assert energy.requirements == ("REQ-POWER-3", "REQ-POWER-4")
    assert energy.place.endswith("limits.feature:19")


def test_a_difference_of_energies_has_no_bound_on_its_other_side(tmp_path: Path) -> None:
    found, _ = limits(tmp_path)

    assert (found["unpaid energy"].room, found["unpaid energy"].bounded) == (0.1, False)


def test_steps_whose_limits_only_a_run_can_tell_are_counted(tmp_path: Path) -> None:
    found, unknown = limits(tmp_path)

    assert unknown == 1
    assert set(found) == {"energy delivered", "unpaid energy"}
